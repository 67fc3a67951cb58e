"""What the engine and Rust's standard library call of libSystem, as far as they do."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from kernel import PROCESS, Int, Kernel
from memory import ALL, READ, WRITE, Failure, Region

SLOTS = 0xE0  # where thread-specific data lies in a thread's structure
SIZE_OF_THREAD = 0x4000
FIRST_KEY = 256
NO_ENTRY = 2  # ENOENT
PAGE_SIZE_NAME = 29  # _SC_PAGESIZE


class Library:
    """Functions by their names without leading underscores."""

    # What takes no lock and allocates nothing, and may be called while other threads are suspended.
    PURE = frozenset({"bzero", "getpid", "sysconf", "memset_pattern16", "strnlen", "pthread_self", "mach_error_string"})

    def __init__(self, kernel: Kernel, program: Path, environment: dict[str, str]):
        self.kernel = kernel
        self.memory = kernel.memory
        self.program = program
        self.environment = environment
        self.heap = 0x3_0000_0000
        self.memory.map(Region(self.heap, self.heap + 0x800_0000, READ | WRITE, ALL))
        self.kept: dict[bytes, int] = {}
        self.sizes: dict[int, int] = {}
        self.files: dict[int, bytes] = {}
        # The first keys that are given have no neighbours.
        self.keys = [FIRST_KEY + key for key in (1, 3, 5, *range(9, 512))]
        self.deleted: list[int] = []
        self.hook = 0
        self.said = bytearray()
        self.threads: list[int] = []
        self.ids: dict[int, int] = {}
        self.image = 0
        self.locals = {}  # of each thread, where its thread-local variables are
        self.while_asleep: Callable[[], None] = lambda: None  # what others do meanwhile
        self.now = 1_000_000_000

    # Memory

    def allocate(self, size: int, align: int = 16) -> int:
        start = -(-self.heap // align) * align
        self.heap = start + max(size, 1)
        self.sizes[start] = size
        return start

    def keep(self, data: bytes) -> int:
        """The address of some bytes, with a zero byte behind them, for good."""
        if data not in self.kept:
            self.kept[data] = self.allocate(len(data) + 1)
            self.memory.write(self.kept[data], data + b"\0")
        return self.kept[data]

    def malloc(self, size: int) -> int:
        return self.allocate(size)

    def calloc(self, count: int, size: int) -> int:
        return self.allocate(count * size)

    def realloc(self, old: int, size: int) -> int:
        new = self.allocate(size)
        if old:
            self.memory.write(new, self.memory.read(old, min(size, self.sizes[old])))
        return new

    def posix_memalign(self, into: int, align: int, size: int) -> int:
        self.memory.set_word(into, self.allocate(size, align))
        return 0

    def free(self, address: int) -> None:
        if address and address not in self.sizes:
            raise Failure(f"free of {address:#x}, which was not allocated")
        if address:
            self.memory.write(address, b"\xA5" * self.sizes.pop(address))

    def bzero(self, address: int, size: int) -> None:
        self.memory.write(address, bytes(size))

    def strnlen(self, address: int, most: int) -> int:
        return min(len(self.memory.text(address).encode()), most)

    def memchr(self, address: int, byte: Int, size: int) -> int:
        found = self.memory.read(address, size).find(byte & 0xFF)
        return address + found if found >= 0 else 0

    def memmem(self, address: int, size: int, wanted: int, length: int) -> int:
        found = self.memory.read(address, size).find(self.memory.read(wanted, length))
        return address + found if found >= 0 else 0

    # Threads

    def start_thread(self) -> int:
        """A thread's structure. Its first slot has its own address."""
        thread = self.allocate(SIZE_OF_THREAD, 0x1000)
        self.memory.write(thread, bytes(SIZE_OF_THREAD))
        self.memory.set_word(thread + SLOTS, thread)
        self.ids[thread] = 100 + len(self.ids)
        return thread

    def own_slots(self) -> int:
        return self.memory.uc.reg_read(self.kernel.architecture.slots)

    def pthread_self(self) -> int:
        return self.own_slots() - SLOTS

    def pthread_threadid_np(self, thread: int, into: int) -> int:
        known = self.ids.get(thread or self.pthread_self())
        if known is None:
            return 3  # ESRCH
        self.memory.set_word(into, known)
        return 0

    def pthread_key_create(self, into: int, destructor: int) -> int:
        self.memory.set_word(into, self.keys.pop(0))
        return 0

    def pthread_key_delete(self, key: int) -> int:
        self.deleted.append(key)
        return 0

    def pthread_introspection_hook_install(self, hook: int) -> int:
        before, self.hook = self.hook, hook
        return before

    def pthread_atfork(self, before: int, parent: int, child: int) -> int:
        return 0

    def pthread_mutex_init(self, mutex: int, attributes: int) -> int:
        return 0

    pthread_mutexattr_settype = pthread_cond_init = pthread_mutex_init

    def pthread_mutex_lock(self, mutex: int) -> int:
        return 0

    pthread_mutexattr_init = pthread_mutexattr_destroy = pthread_mutex_destroy = pthread_mutex_lock
    pthread_mutex_unlock = pthread_mutex_trylock = pthread_cond_signal = pthread_cond_broadcast = pthread_mutex_lock

    def tlv_atexit(self, destructor: int, value: int) -> None:
        pass

    def dispatch_semaphore_create(self, value: int) -> int:
        return self.allocate(64)

    def dispatch_release(self, semaphore: int) -> None:
        pass

    def pthread_get_stackaddr_np(self, thread: int) -> int:
        return 0

    # Processes and time

    def getpid(self) -> int:
        return PROCESS

    def sysconf(self, name: Int) -> int:
        if name != PAGE_SIZE_NAME:
            raise Failure(f"sysconf({name})")
        return self.memory.page

    def getenv(self, name: int) -> int:
        value = self.environment.get(self.memory.text(name))
        return self.keep(value.encode()) if value is not None else 0

    def sigaction(self, signal: Int, action: int, before: int) -> int:
        if before:
            self.memory.write(before, bytes(16))
        return 0

    def clock_gettime(self, clock: Int, into: int) -> int:
        self.now += 1000
        self.memory.set_word(into, self.now // 1_000_000_000)
        self.memory.set_word(into + 8, self.now % 1_000_000_000)
        return 0

    def nanosleep(self, time: int, left: int) -> int:
        """As on a busy machine: a second at least."""
        self.now += max(self.memory.word(time) * 1_000_000_000 + self.memory.word(time + 8), 1_000_000_000)
        self.while_asleep()
        return 0

    def CCRandomGenerateBytes(self, into: int, size: int) -> int:
        self.memory.write(into, bytes((7 * at + 1) & 0xFF for at in range(size)))
        return 0

    def mach_error_string(self, code: Int) -> int:
        return self.kept[f"kernel's error {code}".encode()]

    def error(self) -> int:
        return self.kept[b"errno"]

    def abort(self) -> None:
        raise Failure(f"it aborts: {self.said.decode()}")

    def Unwind_RaiseException(self, exception: int) -> None:
        raise Failure(f"it panics: {self.said.decode()}")

    def Unwind_Backtrace(self, callback: int, argument: int) -> int:
        return 5  # _URC_END_OF_STACK

    # Files

    def write(self, file: Int, data: int, size: int) -> int:
        self.said += self.memory.read(data, size)
        return size

    def writev(self, file: Int, vector: int, count: Int) -> int:
        parts = [(self.memory.word(vector + 16 * at), self.memory.word(vector + 16 * at + 8)) for at in range(count)]
        return sum(self.write(file, data, size) for data, size in parts)

    def fails(self) -> int:
        self.memory.set_word(self.error(), NO_ENTRY, 4)
        return -1

    def open(self, path: int, flags: Int) -> int:
        if self.memory.text(path) != str(self.program):
            return self.fails()
        file = 3 + len(self.files)
        self.files[file] = self.program.read_bytes()
        return file

    def close(self, file: Int) -> int:
        return 0

    def fstat(self, file: Int, into: int) -> int:
        self.memory.write(into, bytes(144))
        self.memory.set_word(into + 4, 0o100755, 2)
        self.memory.set_word(into + 96, len(self.files[file]))
        return 0

    def fcntl(self, file: Int, operation: Int) -> int:
        return 0

    def stat(self, path: int, into: int) -> int:
        return self.fails()

    lstat = stat

    def mmap(self, start: int, size: int, protection: Int, flags: Int, file: Int, offset: int) -> int:
        if start or file not in self.files:
            raise Failure("mmap of something else than a file, anywhere")
        page = self.memory.page
        whole = -(-size // page) * page
        place = self.kernel._free(whole)
        self.memory.map(Region(place, place + whole, READ, READ))
        self.memory.write(place, self.files[file][offset : offset + size])
        return place

    def munmap(self, start: int, size: int) -> int:
        return 0

    def madvise(self, start: int, size: int, advice: Int) -> int:
        return 0

    def NSGetExecutablePath(self, into: int, size: int) -> int:
        path = str(self.program).encode() + b"\0"
        if self.memory.word(size) & 0xFFFF_FFFF < len(path):
            self.memory.set_word(size, len(path), 4)
            return -1
        self.memory.write(into, path)
        return 0

    def realpath(self, path: int, into: int) -> int:
        self.fails()
        return 0

    def getcwd(self, into: int, size: int) -> int:
        self.fails()
        return 0

    # The loader: one file, as a program that contains the engine

    def dyld_image_count(self) -> int:
        return 1

    def dyld_get_image_header(self, index: Int) -> int:
        return self.image if index == 0 else 0

    def dyld_get_image_name(self, index: Int) -> int:
        return self.keep(str(self.program).encode()) if index == 0 else 0

    def dyld_get_image_vmaddr_slide(self, index: Int) -> int:
        return self.image if index == 0 else 0

    def availability_version_check(self, count: Int, versions: int) -> int:
        return 1
