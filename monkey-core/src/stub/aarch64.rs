//! The stub on `AArch64`. Only `x16`, `x17` and the flags are free; what needs more saves it on the stack.
//!
//! ```text
//! stub:     mrs  x16, tpidr_el0
//!           ldr  x16, [x16, #scope]
//!           ldr  x17, owner
//! compare:  cmp  x16, x17               the first slot's scope?
//!           b.eq hit
//!           tbnz x16, #63, bypassing
//!           ldr  x17, look
//!           cbz  x17, original          anything further to look at?
//!           b    walk
//!           (the landing pad)
//! original: the displaced instructions
//!           b    behind them in the target
//! ```
//!
//! A count is a pair of `ldaxr` and `stlxr`, also in a scope of one thread: a signal handler of that thread that comes
//! between a plain load and store would be lost. In a scope of several threads, another of them may take the patch away
//! while this one is in the stub, and the slot may get another owner. So the counter is read first, then the replacement,
//! then the owner once more; and the call counts only if the counter is still what it was, or all is read again. The
//! counter changes whenever a slot gets or loses its owner (`hook::TENURE`): what was read belongs together, and a patch
//! that is taken away has exactly the calls that went to its replacement.
//!
//! All ways out are `b`, or `br` with `x17`, which both `bti c` and `bti j` accept.
use super::{Layout, OUTSIDE, cell};
use crate::thread::{BYPASS, BYPASS_OFFSET, SHARED};

mod assembler;
use assembler::{Assembler, Branch, Label, Register};

/// `gettid`, in the kernel's table for `AArch64`.
const GETTID: u16 = 178;

const X0: Register = Register(0);
const X1: Register = Register(1);
const X2: Register = Register(2);
const X3: Register = Register(3);
const X8: Register = Register(8);
/// The caller's scope, from the first compare on.
const X16: Register = Register(16);
const X17: Register = Register(17);

/// The key that a target has signed its return address with before it comes to its hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    A,
    B,
}

impl Key {
    fn of(body: &[u8]) -> Option<Self> {
        match first(body)? {
            // 11010101000000110010 0011 001 11111       paciasp
            0xD503_233F => Some(Self::A),
            // 11010101000000110010 0011 011 11111       pacibsp
            0xD503_237F => Some(Self::B),
            _ => None,
        }
    }
}

fn first(body: &[u8]) -> Option<u32> {
    body.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

/// How many bytes of a target stay where they are, in front of the hook.
///
/// Indirect calls have to find their landing pad there, and the instruction that signs the return address is one too.
#[must_use]
pub fn skipped(body: &[u8]) -> usize {
    match first(body) {
        // 11010101000000110010 0100 xx0 11111           bti c (01), bti j (10), bti jc (11)
        Some(0xD503_245F | 0xD503_249F | 0xD503_24DF) => 4,
        _ if Key::of(body).is_some() => 4,
        _ => 0,
    }
}

/// Bytes of the jump that reaches a stub near by.
pub const NEAR: usize = 4;
/// Bytes of the jump that reaches every address.
pub const FAR: usize = 16;
/// How far a near jump reaches, in bytes, less the size of any block of stubs.
pub const REACH: usize = 0x07F0_0000;

/// The jump that a target begins with once it is hooked; near where the distance allows.
///
/// # Panics
/// When a near one does not reach.
#[must_use]
pub fn jump(from: u64, to: u64, length: usize) -> Vec<u8> {
    let mut asm = Assembler::new(from);
    if length == NEAR {
        asm.branch_to(to).expect("within reach of a branch");
    } else {
        asm.load_at(X17, from + 8);
        asm.branch_register(X17);
    }
    let mut code = asm.finish();
    if length != NEAR {
        code.extend_from_slice(&to.to_le_bytes());
    }
    code
}

/// Where the way to the original begins in the stub, in bytes from its start.
///
/// What [`skipped`] counts stands in front of it: who calls the original by its address begins there.
pub const ORIGINAL: usize = 40;

/// Code for the address `at`, on the way to the original, that goes to the function at `to` instead, wherever that is.
#[must_use]
pub fn detour(body: &[u8], at: u64, to: u64) -> Vec<u8> {
    let mut asm = Assembler::new(at);
    // It expects its return address unsigned, as a replacement does.
    authenticate(&mut asm, Key::of(body));
    let mut code = asm.finish();
    let from = at + code.len() as u64;
    code.extend(jump(from, to, FAR));
    code
}

/// Assembles the stub for the target with this body, around the code that is the way to the original.
///
/// A replacement expects its return address unsigned. Where the target's first instruction has signed it, and stays
/// in front of the hook, the stub takes the signature off on the way to a replacement. The original goes on behind
/// that instruction, and gets the address as it is.
///
/// # Panics
/// When the cell is further than 1 MiB from the stub, which does not happen with a cell in the stub's own memory block.
#[must_use]
pub fn assemble(layout: &Layout, body: &[u8], original: &[u8]) -> Vec<u8> {
    let mut stub = Stub::new(layout, Key::of(body));
    stub.fast();
    stub.original(&body[..skipped(body)], original);
    stub.hit();
    stub.found();
    stub.walk();
    stub.process();
    stub.bypass();
    stub.outside();
    stub.far_words();
    stub.asm.finish()
}

fn authenticate(asm: &mut Assembler, signed: Option<Key>) {
    match signed {
        Some(Key::A) => asm.authenticate_a(),
        Some(Key::B) => asm.authenticate_b(),
        None => {}
    }
}

struct Stub {
    asm: Assembler,
    layout: Layout,
    signed: Option<Key>,
    far_words: Label,
    first_slot: Label,
    compare: Label,
    look: Label,
    hit: Label,
    found: Label,
    replaced: Label,
    walk: Label,
    bypassing: Label,
    outside: Label,
    original: Label,
}

impl Stub {
    fn new(layout: &Layout, signed: Option<Key>) -> Self {
        let mut asm = Assembler::new(layout.stub);
        Self {
            layout: *layout,
            signed,
            far_words: asm.label(),
            first_slot: asm.label(),
            compare: asm.label(),
            look: asm.label(),
            hit: asm.label(),
            found: asm.label(),
            replaced: asm.label(),
            walk: asm.label(),
            bypassing: asm.label(),
            outside: asm.label(),
            original: asm.label(),
            asm,
        }
    }

    fn field(&self, offset: u64) -> u64 {
        self.layout.cell + offset
    }

    /// Makes room: `x0` to `x3` are free until `restore`.
    fn save(&mut self) {
        self.asm.push((X0, X1), 32);
        self.asm.store_pair((X2, X3), 16);
    }

    fn restore(&mut self) {
        self.asm.load_pair((X2, X3), 16);
        self.asm.pop((X0, X1), 32);
    }

    /// The offset of the scope word, if a load can name it and that of the word behind it.
    fn near_words(&self) -> Option<u64> {
        let last = (8 << 12) - 8 - BYPASS_OFFSET as u64;
        u64::try_from(self.layout.thread).ok().filter(|offset| *offset <= last && offset.is_multiple_of(8))
    }

    /// Brings the thread's words into reach of `base` and an offset, which it returns.
    fn thread_words(&mut self, base: Register, free: Register) -> u64 {
        self.asm.thread_pointer(base);
        self.near_words().unwrap_or_else(|| {
            self.asm.constant(free, self.layout.thread.cast_unsigned());
            self.asm.add(base, base, free);
            0
        })
    }

    /// One more at `[x1]`, atomically; `x2` is what was there. Changes `x2`, `x3`, `x17`.
    fn count(&mut self) {
        let again = self.asm.label();
        self.asm.bind(again);
        self.asm.load_exclusive(X2, X1);
        self.asm.add_number(X17, X2, 1);
        self.asm.store_exclusive(X3, X17, X1);
        self.asm.branch(Branch::NotZero(X3), again);
    }

    /// One more at `[x1]` if `x2` is still there, or else to `again`. Changes `x2`, `x3`.
    fn count_unchanged(&mut self, again: Label) {
        self.asm.load_exclusive(X3, X1);
        self.asm.compare(X3, X2);
        self.asm.branch(Branch::NotEqual, again);
        self.asm.add_number(X3, X3, 1);
        self.asm.store_exclusive(X2, X3, X1);
        self.asm.branch(Branch::NotZero(X2), again);
    }

    fn fast(&mut self) {
        if let Some(scope) = self.near_words() {
            self.asm.thread_pointer(X16);
            self.asm.load(X16, X16, scope);
        } else {
            self.asm.branch(Branch::Always, self.far_words);
            self.asm.nothing();
        }
        self.asm.bind(self.first_slot);
        self.asm.load_at(X17, self.field(cell::OWNER));
        self.asm.bind(self.compare);
        self.asm.compare(X16, X17);
        self.asm.branch(Branch::Equal, self.hit);
        self.asm.branch(Branch::BitSet(X16, BYPASS.trailing_zeros()), self.bypassing);
        self.asm.bind(self.look);
        self.asm.load_at(X17, self.field(cell::LOOK));
        self.asm.branch(Branch::Zero(X17), self.original);
        self.asm.branch(Branch::Always, self.walk);
    }

    fn original(&mut self, pad: &[u8], code: &[u8]) {
        if pad.is_empty() {
            self.asm.nothing();
        }
        self.asm.code(pad);
        debug_assert_eq!(self.asm.length(), ORIGINAL);
        self.asm.bind(self.original);
        self.asm.code(code);
    }

    /// The words are too far from the thread pointer for a load's offset.
    fn far_words(&mut self) {
        self.asm.bind(self.far_words);
        if self.near_words().is_none() {
            self.thread_words(X16, X17);
            self.asm.load(X16, X16, 0);
            self.asm.branch(Branch::Always, self.first_slot);
        }
    }

    fn hit(&mut self) {
        self.asm.bind(self.hit);
        self.save();
        self.asm.address(X0, self.layout.cell);
    }

    /// `x0` is the slot of the scope in `x16`.
    fn found(&mut self) {
        let (again, count, gone) = (self.asm.label(), self.asm.label(), self.asm.label());
        self.asm.bind(self.found);
        self.asm.add_number(X1, X0, cell::CALLS);
        self.asm.bind(again);
        // The counter that belongs to the owner just seen, not one from before.
        self.asm.loads_first();
        self.asm.load_acquire(X2, X1);
        self.asm.load(X17, X0, cell::REPLACEMENT);
        self.asm.branch(Branch::BitClear(X16, SHARED.trailing_zeros()), count);
        self.asm.loads_first();
        self.asm.load_acquire(X3, X0);
        self.asm.compare(X3, X16);
        self.asm.branch(Branch::NotEqual, gone);
        self.asm.bind(count);
        self.count_unchanged(again);

        self.asm.bind(self.replaced);
        self.restore();
        authenticate(&mut self.asm, self.signed);
        self.asm.branch_register(X17);

        self.asm.bind(gone);
        self.restore();
        self.asm.branch(Branch::Always, self.look);
    }

    fn walk(&mut self) {
        let next = self.asm.label();
        self.asm.bind(self.walk);
        self.save();
        self.asm.address(X0, self.layout.cell);
        self.asm.bind(next);
        self.asm.load(X1, X0, cell::OWNER);
        self.asm.compare(X1, X16);
        self.asm.branch(Branch::Equal, self.found);
        self.asm.load(X0, X0, cell::NEXT);
        self.asm.branch(Branch::NotZero(X0), next);
    }

    /// No slot is the scope's: the patch that the whole process sees, if there is one.
    fn process(&mut self) {
        let (again, none) = (self.asm.label(), self.asm.label());
        self.asm.address(X1, self.field(cell::PROCESS_CALLS));
        self.asm.bind(again);
        self.asm.load_acquire(X2, X1);
        self.asm.load_at(X0, self.field(cell::PROCESS_REPLACEMENT));
        self.asm.branch(Branch::Zero(X0), none);
        self.count_unchanged(again);
        self.asm.copy(X17, X0);
        self.asm.branch(Branch::Always, self.replaced);
        self.asm.bind(none);
        self.restore();
        self.asm.branch(Branch::Always, self.outside);
    }

    /// The scope word is marked: look into the second word.
    fn bypass(&mut self) {
        let (all, others) = (self.asm.label(), self.asm.label());
        self.asm.bind(self.bypassing);
        self.asm.clear_highest_bit(X16, X16);
        self.save();
        let scope = self.thread_words(X0, X1);
        self.asm.load(X1, X0, scope + BYPASS_OFFSET as u64);
        self.asm.branch(Branch::Zero(X1), all);
        self.asm.load_at(X2, self.field(cell::GROUP));
        self.asm.compare(X1, X2);
        self.asm.branch(Branch::NotEqual, others);
        self.asm.store(X16, X0, scope);
        self.asm.bind(all);
        self.restore();
        self.asm.branch(Branch::Always, self.original);
        self.asm.bind(others);
        self.restore();
        self.asm.load_at(X17, self.field(cell::OWNER));
        self.asm.branch(Branch::Always, self.compare);
    }

    /// Somebody has the target patched, but not for this thread: the first few such calls leave their thread's id.
    fn outside(&mut self) {
        let full = self.asm.label();
        self.asm.bind(self.outside);
        self.asm.load_word_at(X17, self.field(cell::ARMED));
        self.asm.branch(Branch::Zero(X17), self.original);
        self.save();
        self.asm.address(X1, self.field(cell::OUTSIDE_CALLS));
        self.count();
        self.asm.compare_number(X2, OUTSIDE);
        self.asm.branch(Branch::NotBelow, full);
        // A system call changes `x0` alone.
        self.asm.copy(X3, X8);
        self.asm.number(X8, GETTID);
        self.asm.system_call();
        self.asm.copy(X8, X3);
        self.asm.address(X1, self.field(cell::OUTSIDE_THREADS));
        self.asm.store_element(X0, X1, X2);
        self.restore();
        self.asm.branch(Branch::Always, self.original);
        // No room for more: calls take the short way again.
        self.asm.bind(full);
        self.asm.address(X1, self.field(cell::ARMED));
        self.asm.store_word_zero(X1);
        self.restore();
        self.asm.branch(Branch::Always, self.original);
    }
}
