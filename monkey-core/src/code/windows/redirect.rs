//! Turning a target's first bytes into a jump while other threads run them.
//!
//! As on Linux: one store where that is enough, else a trap over the first byte, and each thread seen elsewhere once after the
//! trap stands. A thread is looked at while it is suspended, one at a time, and moved into the trampoline if it is in the way;
//! one in an exception handler of the program's own that came there is waited for.
use super::{Tracer, api, takes_exceptions, threads, trap, write::write};
use crate::code::stacks::Stacks;
use crate::code::{Redirect, around_trap};
use crate::error::Cause;
use std::time::{Duration, Instant};

/// How long a thread may take to be elsewhere.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_micros(100);

/// Writes the jump. Either it stands afterwards or the bytes are what they were.
pub fn redirect(redirect: &Redirect<'_>) -> Result<(), Cause> {
    for (address, bytes) in redirect.first {
        write(*address, bytes)?;
    }
    // Nobody runs half of one store, and x86 keeps instruction fetch coherent.
    if (redirect.fits_one_store() && !redirect.covers_boundaries()) || threads::alone() {
        return write(redirect.target, redirect.jump);
    }
    if let Some(debugger) = Tracer::find() {
        return Err(Cause::Traced { by: debugger.to_string() });
    }
    if takes_exceptions(redirect.target) {
        let reason = "it takes several steps while other threads run, behind a trap, and its library takes exceptions to \
            their handlers: that of the trap might never come to its own";
        return Err(Cause::NotWritable { reason: reason.into() });
    }
    trap::install();
    trap::publish(redirect);
    let written = around_trap::write(redirect, &drain);
    trap::withdraw();
    written
}

/// Sees every other thread outside the bytes in question, once.
fn drain(redirect: &Redirect<'_>) -> Result<(), Cause> {
    if !redirect.covers_boundaries() {
        return Ok(());
    }
    let mut seen = vec![threads::own()];
    let mut stacks = Stacks::default();
    // A listing may miss a thread while others come and go; two in a row that show nothing new will do.
    let mut quiet = 0;
    while quiet < 2 {
        let before = seen.len();
        for thread in list()? {
            if !seen.contains(&thread) {
                wait_until_elsewhere(redirect, thread, &mut stacks)?;
                seen.push(thread);
            }
        }
        quiet = if seen.len() == before { quiet + 1 } else { 0 };
    }
    Ok(())
}

fn list() -> Result<Vec<i32>, Cause> {
    threads::list().map_err(|error| Cause::NotWritable {
        reason: format!(
            "it takes several steps, and the threads that may be running it cannot be listed: {error}"
        ),
    })
}

/// Sees one thread elsewhere, and on no way back.
fn wait_until_elsewhere(redirect: &Redirect<'_>, thread: i32, stacks: &mut Stacks) -> Result<(), Cause> {
    let (begun, between) = (Instant::now(), redirect.between());
    let moved = |address: usize| {
        let offset = address.checked_sub(redirect.target)?;
        redirect.moves.iter().find(|(from, _)| *from == offset && redirect.covers(address)).map(|(_, to)| *to)
    };
    let mut reason = "it does not let itself be suspended";
    loop {
        match threads::look(thread, &moved) {
            None if !threads::exists(thread) => return Ok(()),
            None => {}
            Some(stand) if !stacks.hold(stand.stack, &between) => return Ok(()),
            Some(_) => {
                reason =
                    "it is in an exception handler, which has not returned to the target within five seconds";
            }
        }
        if begun.elapsed() >= PATIENCE {
            return Err(Cause::ThreadInTheWay { thread, name: threads::name(thread), reason: reason.into() });
        }
        std::thread::sleep(STEP);
    }
}

/// The system has a barrier for all threads.
pub const fn has_barrier() -> bool {
    true
}

/// Orders what each thread of this process has written before with what it reads after.
pub fn barrier() {
    synchronize();
}

/// Makes every core fetch instructions anew before it runs any more of this process: by an interrupt, which ends in an
/// instruction that does.
pub fn synchronize() {
    // SAFETY: takes nothing, and touches no memory.
    unsafe { api::FlushProcessWriteBuffers() };
}
