//! The code that a hooked target jumps to: who calls, and what does he get?
//!
//! Addresses in, bytes out. A stub calls nothing, locks nothing, allocates nothing and asks the system nothing. On the
//! way to the trampoline every register is what it was (on `AArch64` all but `x16` and `x17`, which linkers change
//! between any two functions as well), on the way to a replacement too; only the flags are
//! not kept. The stack is as deep as before, so unwinding passes through unseen.
pub mod aarch64;
pub mod x86_64;

#[cfg(target_arch = "aarch64")]
pub(crate) use aarch64 as arch;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64 as arch;

/// Where the parts of a hook lie.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// The address that the stub's code is made for.
    pub stub: u64,
    /// The hook's cell.
    pub cell: u64,
    /// The distance of the thread's words from the thread pointer, in bytes.
    pub thread: i64,
}

/// How many outside calls a cell has records for.
pub const OUTSIDE: u64 = 8;

/// How many return addresses a slot keeps: those of the last calls.
pub const RETURNS: u64 = 32;

/// Bits of a slot's counter that are the calls of its present tenure; the bits above are the tenure's number.
pub const CALL_BITS: u32 = 40;

/// How far below the stack pointer of a bypass the stub may be entered for it, in bytes, without the return address: room
/// for the arguments that a caller puts on the stack for one call. What the kernel puts there for a signal is
/// larger (on x86-64 the red zone, 512 bytes of `fxsave` and `struct rt_sigframe`), so a signal handler's call is not meant.
pub const BYPASS_WINDOW: u64 = 512;

/// Offsets within a slot, in bytes. `hook::Slot` is the Rust side of it, and checks itself against these.
///
/// A slot is one scope's patch of one target, or, in [`cell::PROCESS`], the one that every thread sees.
pub mod slot {
    /// The scope word of those who see the patch, compared whole; `thread::EMPTY` when nobody has it, `thread::PROCESS`
    /// in the slot of the process. The engine stores it last when a patch comes, and empties it first when one goes.
    pub const OWNER: u64 = 0;
    /// The address that calls go to. The engine stores it before the owner, and leaves it when the patch goes.
    pub const REPLACEMENT: u64 = 8;
    /// Below [`super::CALL_BITS`] the calls of this tenure, above them the tenure's number. Stubs add one, by
    /// compare-and-exchange; the engine swaps in the next tenure when a patch comes and when it goes.
    pub const CALLS: u64 = 16;
    /// The address of the next slot, or zero. The engine stores it once, before that slot has its first owner; slots are
    /// never freed. Zero in the slot of the process.
    pub const NEXT: u64 = 24;
    /// The return addresses of the last [`super::RETURNS`] calls, each at its number modulo that. The stub that has counted a
    /// call writes it, just after that.
    pub const RETURNS: u64 = 32;
    pub const SIZE: u64 = RETURNS + 8 * super::RETURNS;
}

/// Offsets within a cell, in bytes: what a stub reads of its hook. `hook::HookTable` is the Rust side of it, and checks itself
/// against these.
pub mod cell {
    use super::{OUTSIDE, slot};

    /// The first slot; the further ones of scopes hang on it by [`slot::NEXT`].
    pub const FIRST: u64 = 0;
    /// 32 bits: how many slots have an owner. The engine raises it when a patch has come and lowers it when one has gone.
    /// Zero: the stub goes straight to the trampoline.
    pub const ACTIVE: u64 = slot::SIZE;
    /// [`MORE`] and [`ARMED`], read at once: not zero if a stub has anything to look at behind the first slot.
    pub const LOOK: u64 = ACTIVE + 8;
    /// 32 bits: how many further slots have an owner, that of the process included. The engine raises it before the owner
    /// is there, and lowers it when he has gone.
    pub const MORE: u64 = LOOK;
    /// 32 bits: 1 while outside calls are recorded. The engine sets it with the first patch and clears it after the last; a
    /// stub that finds no record free clears it.
    pub const ARMED: u64 = LOOK + 4;
    /// The number that all copies of the target's function share. The engine stores it once, before the hook is there.
    pub const GROUP: u64 = LOOK + 8;
    /// How many outside calls there were while [`ARMED`] was set. Stubs add one, atomically; the engine clears it before it
    /// sets [`ARMED`].
    pub const OUTSIDE_CALLS: u64 = GROUP + 8;
    /// A record for each of the first [`super::OUTSIDE`] of them: the caller's scope word (zero for none), then its thread
    /// pointer. Written by the stub, in this order: without a thread pointer it is not complete. The engine clears them
    /// with the count.
    pub const OUTSIDE_RECORDS: u64 = OUTSIDE_CALLS + 8;
    /// The slot of the patch that every thread sees.
    pub const PROCESS: u64 = OUTSIDE_RECORDS + 16 * OUTSIDE;
    pub const SIZE: u64 = (PROCESS + slot::SIZE).next_multiple_of(64);
}

/// Where the parts of a thunk that notes calls lie.
#[derive(Debug, Clone, Copy)]
pub struct Noting {
    /// The address that its code is made for.
    pub code: u64,
    /// Its data.
    pub data: u64,
    /// The distance of the thread's id from the thread pointer, in bytes, where that is known.
    pub thread_id: Option<i64>,
}

/// Offsets within the data of a thunk that notes calls, in bytes. `recorder::Data` is the Rust side of it.
pub mod noting {
    /// The address of the [`record`](super::record). The engine stores it once, before the thunk is reached.
    pub const RECORDER: u64 = 0;
    /// The address that calls go on to. The engine stores it before the thunk is reached, and whenever that changes.
    pub const TARGET: u64 = 8;
    pub const SIZE: u64 = 16;
}

/// Offsets within a record of calls, in bytes. `recorder::Record` is the Rust side of it.
pub mod record {
    /// How many calls there were. Thunks add one, atomically: what was there is the call's number.
    pub const COUNT: u64 = 0;
    /// The first of [`CALLS`] noted calls; no further ones are.
    pub const FIRST: u64 = 64;
    pub const CALLS: u64 = 4096;
    pub const SIZE: u64 = FIRST + CALLS * super::noted::SIZE;
}

/// Offsets within a noted call, in bytes. Written by the thunk, [`THUNK`](noted::THUNK) last: without it the call is not complete.
pub mod noted {
    /// The address of the data of the thunk that has noted it.
    pub const THUNK: u64 = 0;
    /// The return address.
    pub const RETURN: u64 = 8;
    /// The thread's id, or zero.
    pub const THREAD: u64 = 16;
    pub const SIZE: u64 = 32;
}
