//! Stubs run by the machine itself, with all registers full.
use super::scenes::{End, Runner};
use monkey_core::stub::x86_64::{ORIGINAL, assemble};
use monkey_core::stub::{Layout, System, cell, slot};
use std::arch::{asm, naked_asm};
use std::cell::UnsafeCell;

const CODE: usize = 0x1000;
const DATA: usize = 0x1000;
/// Where the places begin at which calls end, 16 bytes each; that of the original is in the stub.
const PLACES: usize = 2048;
/// Bytes of a place.
pub const TRAMPOLINE: usize = 13;
const STACK: usize = 0x4000;
/// Above the stack's top, for frames that are said to be there.
const ABOVE: usize = 256;

thread_local! {
    static WORDS: UnsafeCell<[u64; 4]> = const { UnsafeCell::new([0; 4]) };
    static END: UnsafeCell<u64> = const { UnsafeCell::new(0) };
}

fn words() -> *mut [u64; 4] {
    WORDS.with(UnsafeCell::get)
}

fn end() -> *mut u64 {
    END.with(UnsafeCell::get)
}

fn thread_pointer() -> u64 {
    let pointer;
    // SAFETY: the psABI keeps the thread pointer itself at `fs:0`.
    unsafe { asm!("mov {}, fs:0", out(reg) pointer, options(readonly, nostack, preserves_flags)) };
    pointer
}

fn from_thread_pointer(address: u64) -> i64 {
    address.wrapping_sub(thread_pointer()).cast_signed()
}

/// All that a call may find and leave.
#[repr(C)]
#[derive(Debug, Clone, PartialEq)]
struct Machine {
    /// rax, rbx, rcx, rdx, rsi, rdi, rbp, and r8 to r15.
    general: [u64; 15],
    stack: u64,
    vectors: [u128; 16],
    code: u64,
    caller: u64,
    return_address: u64,
}

/// Fills the registers, calls the code on the machine's stack, and takes the registers again.
#[unsafe(naked)]
unsafe extern "sysv64" fn enter(machine: *mut Machine) {
    naked_asm!(
        "push rbx",
        "push rbp",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi + {caller}], rsp",
        "mov rsp, [rdi + 120]",
        "lea rax, [rip + 2f]",
        "mov [rdi + {return_address}], rax",
        "push rdi",
        "push [rdi + {code}]",
        "movups xmm0, [rdi + 128]",
        "movups xmm1, [rdi + 144]",
        "movups xmm2, [rdi + 160]",
        "movups xmm3, [rdi + 176]",
        "movups xmm4, [rdi + 192]",
        "movups xmm5, [rdi + 208]",
        "movups xmm6, [rdi + 224]",
        "movups xmm7, [rdi + 240]",
        "movups xmm8, [rdi + 256]",
        "movups xmm9, [rdi + 272]",
        "movups xmm10, [rdi + 288]",
        "movups xmm11, [rdi + 304]",
        "movups xmm12, [rdi + 320]",
        "movups xmm13, [rdi + 336]",
        "movups xmm14, [rdi + 352]",
        "movups xmm15, [rdi + 368]",
        "mov rax, [rdi]",
        "mov rbx, [rdi + 8]",
        "mov rcx, [rdi + 16]",
        "mov rdx, [rdi + 24]",
        "mov rsi, [rdi + 32]",
        "mov rbp, [rdi + 48]",
        "mov r8, [rdi + 56]",
        "mov r9, [rdi + 64]",
        "mov r10, [rdi + 72]",
        "mov r11, [rdi + 80]",
        "mov r12, [rdi + 88]",
        "mov r13, [rdi + 96]",
        "mov r14, [rdi + 104]",
        "mov r15, [rdi + 112]",
        "mov rdi, [rdi + 40]",
        "call [rsp]",
        "2: lea rsp, [rsp + 8]",
        "xchg rdi, [rsp]",
        "mov [rdi], rax",
        "mov [rdi + 8], rbx",
        "mov [rdi + 16], rcx",
        "mov [rdi + 24], rdx",
        "mov [rdi + 32], rsi",
        "mov [rdi + 48], rbp",
        "mov [rdi + 56], r8",
        "mov [rdi + 64], r9",
        "mov [rdi + 72], r10",
        "mov [rdi + 80], r11",
        "mov [rdi + 88], r12",
        "mov [rdi + 96], r13",
        "mov [rdi + 104], r14",
        "mov [rdi + 112], r15",
        "pop rax",
        "mov [rdi + 40], rax",
        "mov [rdi + 120], rsp",
        "movups [rdi + 128], xmm0",
        "movups [rdi + 144], xmm1",
        "movups [rdi + 160], xmm2",
        "movups [rdi + 176], xmm3",
        "movups [rdi + 192], xmm4",
        "movups [rdi + 208], xmm5",
        "movups [rdi + 224], xmm6",
        "movups [rdi + 240], xmm7",
        "movups [rdi + 256], xmm8",
        "movups [rdi + 272], xmm9",
        "movups [rdi + 288], xmm10",
        "movups [rdi + 304], xmm11",
        "movups [rdi + 320], xmm12",
        "movups [rdi + 336], xmm13",
        "movups [rdi + 352], xmm14",
        "movups [rdi + 368], xmm15",
        "mov rsp, [rdi + {caller}]",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbp",
        "pop rbx",
        "ret",
        code = const std::mem::offset_of!(Machine, code),
        caller = const std::mem::offset_of!(Machine, caller),
        return_address = const std::mem::offset_of!(Machine, return_address),
    )
}

/// What `enter` has pushed when it calls.
const PUSHED: u64 = 16;

/// Code that says its number at `END` and returns, changing no register and no flag.
fn place(number: u32) -> Vec<u8> {
    let end = i32::try_from(from_thread_pointer(end() as u64)).expect("in the static thread-local block");
    // 64 C7 04 25 disp32 imm32      mov dword fs:[end], number    (12 bytes)
    // C3                            ret
    [&[0x64, 0xC7, 0x04, 0x25][..], &end.to_le_bytes(), &number.to_le_bytes(), &[0xC3]].concat()
}

/// A stub in memory of its own.
pub struct Native {
    start: usize,
    code: Vec<u8>,
    data: &'static mut [u64],
    stack: Box<[u64]>,
    return_address: u64,
}

/// A way for any thread to call the stub.
pub struct Caller {
    code: usize,
}

impl Caller {
    /// Enters the scope, calls once, and says where that ended.
    pub fn call(&self, scope: u64) -> u64 {
        // SAFETY: this thread's own words.
        unsafe { (*words())[0] = scope };
        // SAFETY: a stub, made for functions of this type, whose ends return nothing.
        let stub = unsafe { std::mem::transmute::<usize, extern "sysv64" fn()>(self.code) };
        stub();
        // SAFETY: this thread's own, which the place has written.
        unsafe { end().read_volatile() }
    }
}

impl Native {
    pub fn new() -> Self {
        // SAFETY: new memory, which nobody else knows of; it stays.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                CODE + DATA,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(start, libc::MAP_FAILED);
        let address = start as u64;
        let thread = from_thread_pointer(words() as u64);
        let layout = Layout { stub: address, cell: address + CODE as u64, thread, system: System::OWN };
        let code = assemble(&layout, &[], &place(0));
        let mut bytes = code.clone();
        bytes.resize(PLACES, 0);
        for number in 1..5 {
            bytes.resize(PLACES + 16 * (number as usize - 1), 0);
            bytes.extend(place(number));
        }
        // SAFETY: the bytes are fewer than the memory's, which is writable and nobody else's.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), start.cast(), bytes.len()) };
        // SAFETY: our own pages, that nobody runs yet.
        let protected = unsafe { libc::mprotect(start, CODE, libc::PROT_READ | libc::PROT_EXEC) };
        assert_eq!(protected, 0);
        let data = start.wrapping_byte_add(CODE).cast();
        let words = (cell::SIZE + 3 * slot::SIZE) as usize / 8;
        // SAFETY: the rest of the memory is aligned, zero, and reached by this reference and the stub alone, of which
        // the stub runs in `call_below`, which borrows it.
        let data = unsafe { std::slice::from_raw_parts_mut(data, words) };
        let stack = vec![0; STACK / 8].into_boxed_slice();
        Self { start: start as usize, code, data, stack, return_address: 0 }
    }

    pub fn code(&self) -> &[u8] {
        &self.code
    }

    pub fn caller(&self) -> Caller {
        Caller { code: self.start }
    }

    fn top(&self) -> u64 {
        (self.stack.as_ptr() as u64 + (STACK - ABOVE) as u64) & !15
    }

    /// One call; the registers behind it. The machine's stack may be any that has room.
    fn run(&self, stack: u64) -> (End, Machine) {
        let pattern = |number: u64| 0x0101_0101_0101_0101 * (number + 0x31);
        let before = Machine {
            general: std::array::from_fn(|number| pattern(number as u64)),
            stack,
            vectors: std::array::from_fn(|number| {
                u128::from(pattern(number as u64 + 64)) << 64 | number as u128
            }),
            code: self.start as u64,
            caller: 0,
            return_address: 0,
        };
        let mut after = before.clone();
        // SAFETY: this thread's own word.
        unsafe { *end() = u64::MAX };
        // SAFETY: the code is a stub and ends at one of the places, which return; the stack has room for what it pushes.
        unsafe { enter(&raw mut after) };
        // SAFETY: as above; the place has written the lower half, and returned.
        let number = unsafe { *end() } & 0xFFFF_FFFF;
        let end = if number == 0 { End::Original } else { End::Replacement(number) };
        let mut expected = before;
        (expected.caller, expected.return_address) = (after.caller, after.return_address);
        if end != End::Original {
            // r11, which is free on the way to a replacement.
            expected.general[10] = after.general[10];
        }
        assert_eq!(after, expected, "{end:?}");
        (end, after)
    }
}

impl Runner for Native {
    fn place(&self, end: End) -> u64 {
        match end {
            End::Original => (self.start + ORIGINAL) as u64,
            End::Replacement(number) => (self.start + PLACES) as u64 + 16 * (number - 1),
        }
    }

    fn data_at(&self) -> u64 {
        (self.start + CODE) as u64
    }

    fn data(&mut self) -> &mut [u64] {
        self.data
    }

    fn words(&mut self) -> &mut [u64; 4] {
        // SAFETY: this thread's own; the only other one who changes them is the stub, in `call_below`.
        unsafe { &mut *words() }
    }

    fn thread(&self) -> u64 {
        thread_pointer()
    }

    fn stack(&self) -> u64 {
        self.top() - PUSHED
    }

    fn return_address(&self) -> u64 {
        self.return_address
    }

    fn call_below(&mut self, bytes: u64) -> End {
        let (end, machine) = self.run(self.top() - bytes);
        self.return_address = machine.return_address;
        end
    }
}
