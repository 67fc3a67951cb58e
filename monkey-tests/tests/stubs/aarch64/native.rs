//! Stubs run by the machine itself.
use super::scenes::{End, Runner, play};
use super::toggles;
use monkey_core::stub::aarch64::{ORIGINAL, assemble};
use monkey_core::stub::{Layout, System, cell, slot};
use std::arch::asm;
use std::cell::UnsafeCell;

const CODE: usize = 0x1_0000;
const DATA: usize = 0x1_0000;
/// Where the places begin at which calls end, 16 bytes each; that of the original is in the stub.
const PLACES: usize = 2048;

thread_local! {
    static WORDS: UnsafeCell<[u64; 4]> = const { UnsafeCell::new([0; 4]) };
}

fn words() -> *mut [u64; 4] {
    WORDS.with(UnsafeCell::get)
}

fn thread_pointer() -> u64 {
    let pointer;
    // SAFETY: reading the register changes nothing.
    unsafe { asm!("mrs {}, tpidr_el0", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}

/// A stub in memory of its own.
struct Native {
    code: usize,
    signed: bool,
    data: &'static mut [u64],
    stack: Box<[u64]>,
    returned: u64,
}

/// Words of a stack that calls are made on.
const STACK: usize = 1024;

/// Its pointer, with room below, and some above for frames that are said to be there.
fn top(stack: &[u64]) -> u64 {
    &raw const stack[STACK - 32] as u64 & !15
}

impl Native {
    fn new(signed: bool) -> Self {
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
        let code = start as usize;
        // 11010101000000110010 0011 001 11111    paciasp
        let body = if signed { 0xD503_233F_u32.to_le_bytes().to_vec() } else { Vec::new() };
        let layout = Layout {
            stub: code as u64,
            cell: (code + CODE) as u64,
            thread: (words() as u64).wrapping_sub(thread_pointer()).cast_signed(),
            system: System::OWN,
        };
        let mut bytes = assemble(&layout, &body, &place(0, signed));
        bytes.resize(PLACES, 0);
        bytes.extend((1..5).flat_map(|number| place(number, false)));
        // SAFETY: the bytes are fewer than the memory's, which is writable and nobody else's.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), start.cast(), bytes.len()) };
        // SAFETY: our own pages, that nobody runs yet.
        let protected = unsafe { libc::mprotect(start, CODE, libc::PROT_READ | libc::PROT_EXEC) };
        assert_eq!(protected, 0);
        flush(code, bytes.len());
        let words = (cell::SIZE + 3 * slot::SIZE) as usize / 8;
        // SAFETY: the rest of the memory is aligned, zero, and reached by this reference and the stub alone, of which
        // the stub runs in `call_below`, which borrows it.
        let data = unsafe { std::slice::from_raw_parts_mut((code + CODE) as *mut u64, words) };
        let stack = vec![0; STACK].into_boxed_slice();
        Self { code, signed, data, stack, returned: 0 }
    }
}

/// Code that leaves its number in `x16` and returns, to an address that is signed or not.
fn place(number: u32, signed: bool) -> Vec<u8> {
    // 11010101000000110010 0011 101 11111    autiasp, or a nop
    let first = if signed { 0xD503_23BF } else { 0xD503_201F };
    // 110100101 00 imm16 Rd                  mov x16, #number
    // 11010110010 11111 000000 11110 00000   ret
    let words: [u32; 4] = [first, 0xD280_0010 | number << 5, 0xD65F_03C0, 0];
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// What was written is there for the machine's fetches.
fn flush(start: usize, length: usize) {
    for line in (start..start + length).step_by(16) {
        // SAFETY: the address is mapped and readable; both instructions leave memory and registers as they are.
        unsafe { asm!("dc cvau, {0}", "dsb ish", "ic ivau, {0}", "dsb ish", in(reg) line) };
    }
    // SAFETY: empties the pipeline.
    unsafe { asm!("isb") };
}

/// Calls the code on this stack, all registers full, and says where it ended, and the return address.
fn call(code: usize, signed: bool, stack: u64) -> (u64, u64) {
    let end: u64;
    let mut values: [u64; 15] = std::array::from_fn(|number| 0x0101_0101_0101_0101 * (number as u64 + 1));
    let expected = values;
    let (last, after, returned): (u64, u64, u64);
    // SAFETY: the code is a stub and ends at one of the places, which return; by the calling convention they may change
    // all that is named here, and do so with little of it. The stack has room for what the stub saves, and the stack
    // pointer is as it was when the block ends.
    unsafe {
        asm!(
            "mov x21, sp",
            "mov x20, x16",
            "mov x22, x17",
            "mov sp, x15",
            "mov x15, #0x1515",
            "adr x23, 3f",
            "cbz x22, 2f",
            "mov x30, x23",
            "paciasp",
            "br x20",
            "2: blr x20",
            "3: mov x20, sp",
            "mov sp, x21",
            inout("x0") values[0], inout("x1") values[1], inout("x2") values[2], inout("x3") values[3],
            inout("x4") values[4], inout("x5") values[5], inout("x6") values[6], inout("x7") values[7],
            inout("x8") values[8], inout("x9") values[9], inout("x10") values[10], inout("x11") values[11],
            inout("x12") values[12], inout("x13") values[13], inout("x14") values[14],
            inout("x15") stack => last,
            inout("x16") code as u64 => end, inout("x17") u64::from(signed) => _,
            out("x20") after, out("x22") _, out("x23") returned, out("x30") _, out("x21") _,
        );
    }
    assert_eq!((values, last, after), (expected, 0x1515, stack));
    (end, returned)
}

impl Runner for Native {
    fn place(&self, end: End) -> u64 {
        match end {
            End::Original => (self.code + ORIGINAL) as u64,
            End::Replacement(number) => (self.code + PLACES) as u64 + 16 * (number - 1),
        }
    }

    fn data_at(&self) -> u64 {
        (self.code + CODE) as u64
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
        top(&self.stack)
    }

    fn return_address(&self) -> u64 {
        self.returned
    }

    fn call_below(&mut self, bytes: u64) -> End {
        let (end, returned) = call(self.code, self.signed, self.stack() - bytes);
        self.returned = returned;
        match end {
            0 => End::Original,
            number => End::Replacement(number),
        }
    }
}

#[test]
fn every_way_through() {
    play(&mut Native::new(false));
}

#[test]
fn a_signature_is_off_for_replacements_alone() {
    play(&mut Native::new(true));
}

/// As a function: by the address of its landing pad, which the trampoline has too.
#[test]
fn the_original_by_its_address() {
    let native = Native::new(false);
    assert_eq!(call(native.code + ORIGINAL, false, native.stack()).0, 0);
    let native = Native::new(true);
    assert_eq!(call(native.code + ORIGINAL - 4, false, native.stack()).0, 0);
}

#[test]
fn counts_are_exact_however_many_threads() {
    let mut native = Native::new(false);
    let code = native.code;
    toggles::counts_are_exact(&mut native, &|scope| {
        // SAFETY: this thread's own words.
        unsafe { (*words())[0] = scope };
        let stack = [0; STACK];
        call(code, false, top(&stack)).0
    });
}
