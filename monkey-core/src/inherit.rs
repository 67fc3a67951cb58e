//! Started threads come into their parent's scope: what every thread that the program starts comes through is hooked like any
//! target, for good, with a detour on the way to the original.
use crate::handoff::{self, Handoff, Origin, Routine};
use crate::lineage;
use crate::members::{self, Member};
use crate::recorder;
use crate::thread;
use std::ffi::c_void;

#[cfg(system = "linux")]
mod linux;
#[cfg(system = "windows")]
mod windows;
#[cfg(system = "linux")]
use linux as system;
#[cfg(system = "windows")]
use windows as system;

pub use system::ensure;

/// What a thread that the calling one starts is to begin with; `None` where there is nothing to hand on: outside any scope, and
/// where the engine is at work.
fn prepare(routine: Routine) -> Option<&'static Handoff> {
    if thread::scope() == thread::NONE || thread::bypasses_all() {
        return None;
    }
    hand_off(routine)
}

/// Takes back what was handed to a thread that was not started.
fn give_up(handoff: &Handoff) {
    handoff.origin().member.inspect(|member| member.give_back());
    handoff.give_back();
}

fn hand_off(routine: Routine) -> Option<&'static Handoff> {
    let _bypass = thread::BypassAll::begin();
    let scope = thread::scope();
    handoff::take(
        routine,
        Origin { scope, lineage: lineage::of_next_child(), member: members::expect(scope) },
    )
}

/// The calling thread becomes what its parent has handed it.
fn arrive(handoff: &Handoff) {
    let _bypass = thread::BypassAll::begin();
    let origin = handoff.origin();
    handoff.give_back();
    thread::set_scope(origin.scope);
    lineage::set(origin.lineage);
    origin.member.inspect(|member| Member::arrive(member));
}

/// Where a thread of a scope begins. `C-unwind`, and nothing to drop around its start routine: `pthread_exit` unwinds through it.
extern "C-unwind" fn begin(handed: *mut c_void) -> *mut c_void {
    // SAFETY: what was passed for it is one that lives for ever.
    let handoff = unsafe { &*handed.cast::<Handoff>() };
    let Routine { start, argument } = handoff.routine();
    arrive(handoff);
    let result = start(argument);
    let _bypass = thread::BypassAll::begin();
    recorder::note_end();
    result
}
