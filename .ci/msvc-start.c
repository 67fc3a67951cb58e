// Where a program of MSVC's target starts, and what Rust expects of its C library beside functions of `vcruntime140.dll` and
// `ucrtbase.dll`: enough for programs of Rust under wine. Compiled by mingw's gcc, linked by lld; nothing of it is Microsoft's.

typedef void (*initializer)(void);
typedef void (*tls_callback)(void *, unsigned long, void *);
typedef unsigned long long address;

int main(int, char **, char **);
__declspec(dllimport) void exit(int);

// Says to whoever reads the object that it computes with floating point.
int _fltused = 0x9875;

// The first word of what a thrown value's type is told by. Types are compared by their names; nobody calls through it.
__asm__(".data\n"
        ".balign 8\n"
        ".globl \"??_7type_info@@6B@\"\n"
        "\"??_7type_info@@6B@\": .quad 0\n"
        ".text\n");

// Linkers sort the parts of a section by what is behind the `$`: these are before and behind all others.
#define PART(name) __attribute__((section(name)))
PART(".tls") char tls_begin = 0;
PART(".tls$ZZZ") char tls_end = 0;
PART(".CRT$XIA") const initializer c_begin = 0;
PART(".CRT$XIZ") const initializer c_end = 0;
PART(".CRT$XCA") const initializer cxx_begin = 0;
PART(".CRT$XCZ") const initializer cxx_end = 0;
PART(".CRT$XLA") const tls_callback callbacks_begin = 0;
PART(".CRT$XLZ") const tls_callback callbacks_end = 0;

unsigned long _tls_index;

// `IMAGE_TLS_DIRECTORY`, which the linker knows by this name.
const struct {
    const void *begin, *end, *index, *callbacks;
    unsigned zero_fill, characteristics;
} _tls_used = {&tls_begin, &tls_end, &_tls_index, &callbacks_begin + 1, 0, 0};

// As numbers: for all that a compiler knows, pointers to two variables are never the same.
static void initialize(address next, address end) {
    for (; next < end; next += sizeof(initializer))
        if (*(initializer *)next) (*(initializer *)next)();
}

// Rust asks the system for the arguments.
void mainCRTStartup(void) {
    initialize((address)&c_begin, (address)&c_end);
    initialize((address)&cxx_begin, (address)&cxx_end);
    exit(main(0, 0, 0));
}

// Touches each page of a frame of `rax` bytes before it is there, as the guard page wants it; changes no register.
__asm__(".globl __chkstk\n"
        "__chkstk:\n"
        "  pushq %rcx\n"
        "  pushq %rax\n"
        "  leaq 24(%rsp), %rcx\n"
        "1: cmpq $0x1000, %rax\n"
        "  jb 2f\n"
        "  subq $0x1000, %rcx\n"
        "  orl $0, (%rcx)\n"
        "  subq $0x1000, %rax\n"
        "  jmp 1b\n"
        "2: subq %rax, %rcx\n"
        "  orl $0, (%rcx)\n"
        "  popq %rax\n"
        "  popq %rcx\n"
        "  ret\n");
