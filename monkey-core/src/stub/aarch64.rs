//! The stub on `AArch64`. Only `x16`, `x17` and the flags are free; what needs more saves it on the stack.
//!
//! ```text
//! stub:     ldr  w16, active
//!           cbz  x16, original          has anybody patched this hook?
//!           b    active
//!           (the landing pad)
//! original: the displaced instructions
//!           b    behind them in the target
//! active:   x16 = the thread's scope word
//!           is it the first slot's owner?            search
//!           does it ask for the trampoline?          bypass
//!           is there anything further to look at?    search, or original
//! search:   the first slot, those behind it, then that of the process: whose owner is the caller's scope?  found
//!           none's: a call from outside              outside, then original
//! found:    counter, replacement, owner; one more, if the counter has not changed, and
//!           br   replacement
//! ```
//!
//! Any thread of the scope may take the patch away while this one is in the stub, and the slot may get another owner. So
//! the counter is read first, then the replacement, then the owner once more; and the call counts only if the counter is
//! still what it was, or the search begins anew. The counter changes whenever a slot gets or loses its owner
//! (`hook::next_tenure`): what was read belongs together, and a patch that is taken away has exactly the calls that went to
//! its replacement. A count is a pair of `ldaxr` and `stlxr`: a signal handler that comes between loses no count either.
//!
//! `x16` and `x17` need not be kept, though gcc's `-fipa-ra` looks into callees: linkers put code between any two functions
//! that changes them, so compilers never keep anything there over a call (`docs/src/how-it-works.md` has the sources).
//!
//! All ways out are `b`, or `br` with `x17`, which both `bti c` and `bti j` accept.
use super::{BYPASS_WINDOW, Layout, OUTSIDE, RETURNS, System, cell, slot};
use crate::thread::{BYPASS, BYPASS_OFFSET, BYPASS_STACK_OFFSET, PROCESS};

mod assembler;
mod record;
use assembler::{Assembler, Branch, Label, Register, SP};
pub use record::note;

const X0: Register = Register(0);
const X1: Register = Register(1);
const X2: Register = Register(2);
const X3: Register = Register(3);
/// The owner that is looked for: the caller's scope, or that of the slot of the process.
const X16: Register = Register(16);
/// On the way out the replacement.
const X17: Register = Register(17);
/// The return address.
const X30: Register = Register(30);

/// What `save` takes from the stack, in bytes.
const SAVED: u64 = 32;

/// The key that a target has signed its return address with before it comes to its hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    A,
    B,
}

impl Key {
    fn read(body: &[u8]) -> Option<Self> {
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
        _ if Key::read(body).is_some() => 4,
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

/// Where the trampoline begins in the stub, in bytes from its start.
///
/// What [`skipped`] counts stands in front of it: who calls the original by its address begins there.
pub const ORIGINAL: usize = 16;

/// Code for the address `at`, in front of the trampoline, that goes to the function at `to` instead, wherever that is.
#[must_use]
pub fn detour(body: &[u8], at: u64, to: u64) -> Vec<u8> {
    let mut asm = Assembler::new(at);
    // It expects its return address unsigned, as a replacement does.
    authenticate(&mut asm, Key::read(body));
    let mut code = asm.finish();
    let from = at + code.len() as u64;
    code.extend(jump(from, to, FAR));
    code
}

/// Assembles the stub for the target with this body, around its trampoline.
///
/// A replacement expects its return address unsigned. Where the target's first instruction has signed it, and stays
/// in front of the hook, the stub takes the signature off on the way to a replacement. The original goes on behind
/// that instruction, and gets the address as it is.
///
/// # Panics
/// When the cell is further than 1 MiB from the stub, which does not happen with a cell in the stub's own memory block.
#[must_use]
pub fn assemble(layout: &Layout, body: &[u8], original: &[u8]) -> Vec<u8> {
    let mut stub = Stub::new(layout, Key::read(body));
    stub.idle();
    stub.original(&body[..skipped(body)], original);
    stub.active();
    stub.search();
    stub.process();
    stub.found();
    stub.bypassing();
    stub.outside();
    stub.asm.finish()
}

fn authenticate(asm: &mut Assembler, signed: Option<Key>) {
    match signed {
        Some(Key::A) => asm.authenticate_a(),
        Some(Key::B) => asm.authenticate_b(),
        None => {}
    }
}

fn thread_pointer(asm: &mut Assembler, system: System, register: Register) {
    match system {
        System::Linux => asm.thread_pointer(register),
        System::MacOs => asm.thread_data(register),
        System::Windows => asm.thread_environment(register),
    }
}

struct Stub {
    asm: Assembler,
    layout: Layout,
    signed: Option<Key>,
    original: Label,
    active: Label,
    search: Label,
    again: Label,
    found: Label,
    bypassing: Label,
    outside: Label,
}

impl Stub {
    fn new(layout: &Layout, signed: Option<Key>) -> Self {
        let mut asm = Assembler::new(layout.stub);
        Self {
            layout: *layout,
            signed,
            original: asm.label(),
            active: asm.label(),
            search: asm.label(),
            again: asm.label(),
            found: asm.label(),
            bypassing: asm.label(),
            outside: asm.label(),
            asm,
        }
    }

    fn field(&self, offset: u64) -> u64 {
        self.layout.cell + offset
    }

    /// Makes room: `x0` to `x3` are free until `restore`.
    fn save(&mut self) {
        self.asm.push((X0, X1), SAVED);
        self.asm.store_pair((X2, X3), 16);
    }

    fn restore(&mut self) {
        self.asm.load_pair((X2, X3), 16);
        self.asm.pop((X0, X1), SAVED);
    }

    /// The offset of the scope word, if a load can name it and those of the words behind it.
    fn near_words(&self) -> Option<u64> {
        let last = (8 << 12) - 8 - BYPASS_STACK_OFFSET as u64;
        u64::try_from(self.layout.thread).ok().filter(|offset| *offset <= last && offset.is_multiple_of(8))
    }

    /// Brings the thread's words into reach of `base` and an offset, which it returns.
    fn thread_words(&mut self, base: Register, free: Register) -> u64 {
        thread_pointer(&mut self.asm, self.layout.system, base);
        self.near_words().unwrap_or_else(|| {
            self.asm.constant(free, self.layout.thread.cast_unsigned());
            self.asm.add(base, base, free);
            0
        })
    }

    /// `x16` is the scope word. Changes `x17`.
    fn scope(&mut self) {
        let scope = self.thread_words(X16, X17);
        self.asm.load(X16, X16, scope);
    }

    fn idle(&mut self) {
        self.asm.load_word_at(X16, self.field(cell::ACTIVE));
        self.asm.branch(Branch::Zero(X16), self.original);
        self.asm.branch(Branch::Always, self.active);
    }

    /// The landing pad is for those who call it by its address; the target has been through its own.
    fn original(&mut self, pad: &[u8], trampoline: &[u8]) {
        if pad.is_empty() {
            self.asm.nothing();
        }
        self.asm.code(pad);
        debug_assert_eq!(self.asm.length(), ORIGINAL);
        self.asm.bind(self.original);
        self.asm.code(trampoline);
    }

    fn active(&mut self) {
        self.asm.bind(self.active);
        self.scope();
        self.asm.load_at(X17, self.field(cell::FIRST + slot::OWNER));
        self.asm.compare(X16, X17);
        self.asm.branch(Branch::Equal, self.search);
        self.asm.branch(Branch::BitSet(X16, BYPASS.trailing_zeros()), self.bypassing);
        self.asm.load_at(X17, self.field(cell::LOOK));
        self.asm.branch(Branch::Zero(X17), self.original);
    }

    /// Whoever comes here has not asked for the trampoline, so the bypass bit is another hook's concern.
    fn search(&mut self) {
        let further = self.asm.label();
        self.asm.bind(self.search);
        self.save();
        self.asm.bind(self.again);
        self.scope();
        self.asm.clear_highest_bit(X16, X16);
        self.asm.address(X0, self.field(cell::FIRST));
        self.asm.bind(further);
        self.asm.load(X1, X0, slot::OWNER);
        self.asm.compare(X1, X16);
        self.asm.branch(Branch::Equal, self.found);
        self.asm.load(X0, X0, slot::NEXT);
        self.asm.branch(Branch::NotZero(X0), further);
    }

    /// No slot is the scope's.
    fn process(&mut self) {
        self.asm.address(X0, self.field(cell::PROCESS));
        self.asm.number(X16, PROCESS as u16);
        self.asm.load(X1, X0, slot::OWNER);
        self.asm.compare(X1, X16);
        self.asm.branch(Branch::NotEqual, self.outside);
    }

    /// `x0` is the slot, `x16` its owner.
    fn found(&mut self) {
        self.asm.bind(self.found);
        self.asm.add_number(X1, X0, slot::CALLS);
        // The counter that belongs to the owner just seen, not one from before.
        self.asm.loads_first();
        self.asm.load_acquire(X2, X1);
        self.asm.load(X17, X0, slot::REPLACEMENT);
        self.asm.loads_first();
        self.asm.load_acquire(X3, X0);
        self.asm.compare(X3, X16);
        self.asm.branch(Branch::NotEqual, self.again);
        self.count_unchanged();
        // Where the return address goes, once the signature is off, for which the stack has to be as it was.
        self.asm.keep_low_bits(X2, X2, RETURNS.trailing_zeros());
        self.asm.add_number(X0, X0, slot::RETURNS);
        self.asm.add_shifted(X16, X0, X2, 3);
        self.restore();
        authenticate(&mut self.asm, self.signed);
        self.asm.store(X30, X16, 0);
        self.asm.branch_register(X17);
    }

    /// One more at `[x1]` if `x2` is still there, or else all `again`. Changes `x3`, `x16`.
    fn count_unchanged(&mut self) {
        self.asm.load_exclusive(X3, X1);
        self.asm.compare(X3, X2);
        self.asm.branch(Branch::NotEqual, self.again);
        self.asm.add_number(X3, X3, 1);
        self.asm.store_exclusive(X16, X3, X1);
        self.asm.branch(Branch::NotZero(X16), self.again);
    }

    /// The scope word, in `x16`, has the bit that says so. One call of the group takes the trampoline, if it is made by the
    /// frame that asked: right below where the stack was then.
    fn bypassing(&mut self) {
        let leave = self.asm.label();
        self.asm.bind(self.bypassing);
        self.save();
        let scope = self.thread_words(X0, X1);
        self.asm.load(X1, X0, scope + BYPASS_OFFSET as u64);
        // `thread::ALL`
        self.asm.branch(Branch::Zero(X1), leave);
        self.asm.load_at(X2, self.field(cell::GROUP));
        self.asm.compare(X1, X2);
        self.asm.branch(Branch::NotEqual, self.again);
        self.asm.load(X1, X0, scope + BYPASS_STACK_OFFSET as u64);
        self.asm.add_number(X2, SP, SAVED);
        self.asm.subtract(X1, X1, X2);
        self.asm.compare_number(X1, BYPASS_WINDOW + 1);
        self.asm.branch(Branch::NotBelow, self.again);
        self.asm.clear_highest_bit(X16, X16);
        self.asm.store(X16, X0, scope);
        self.asm.bind(leave);
        self.leave();
    }

    /// Somebody has the target patched, but not for this thread: the first few such calls are recorded.
    fn outside(&mut self) {
        let (full, leave) = (self.asm.label(), self.asm.label());
        self.asm.bind(self.outside);
        self.asm.load_word_at(X1, self.field(cell::ARMED));
        self.asm.branch(Branch::Zero(X1), leave);
        self.asm.address(X1, self.field(cell::OUTSIDE_CALLS));
        self.count();
        self.asm.compare_number(X2, OUTSIDE);
        self.asm.branch(Branch::NotBelow, full);
        self.asm.address(X1, self.field(cell::OUTSIDE_RECORDS));
        // Records have two words each.
        self.asm.add_shifted(X1, X1, X2, 4);
        self.scope();
        self.asm.clear_highest_bit(X16, X16);
        self.asm.store(X16, X1, 0);
        thread_pointer(&mut self.asm, self.layout.system, X16);
        self.asm.add_number(X1, X1, 8);
        self.asm.store_release(X16, X1);
        self.asm.bind(leave);
        self.leave();
        self.asm.bind(full);
        self.asm.address(X1, self.field(cell::ARMED));
        self.asm.store_word_zero(X1);
        self.leave();
    }

    /// One more at `[x1]`, atomically; `x2` is what was there. Changes `x3`, `x17`.
    fn count(&mut self) {
        let again = self.asm.label();
        self.asm.bind(again);
        self.asm.load_exclusive(X2, X1);
        self.asm.add_number(X17, X2, 1);
        self.asm.store_exclusive(X3, X17, X1);
        self.asm.branch(Branch::NotZero(X3), again);
    }

    /// From saved registers to the trampoline.
    fn leave(&mut self) {
        self.restore();
        self.asm.branch(Branch::Always, self.original);
    }
}
