//! Turning a target's first bytes into a jump while other threads run them.
//!
//! One step is enough where the jump covers one instruction and lies in an aligned word. Otherwise all other threads are
//! suspended; one that stands on an instruction which the jump covers goes on in the trampoline. One in a signal handler that
//! came there is waited for.
use super::threads::{self, Stand};
use super::world::World;
use super::write::{write, write_alone};
use crate::code::Redirect;
use crate::error::Cause;
use std::time::{Duration, Instant};

/// How long a signal handler may take to return.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_micros(100);

/// Writes the jump. Either it stands afterwards or the bytes are what they were.
pub fn redirect(redirect: &Redirect<'_>) -> Result<(), Cause> {
    for (address, bytes) in redirect.first {
        write(*address, bytes)?;
    }
    if redirect.fits_one_store() && !redirect.covers_boundaries() {
        return write(redirect.target, redirect.jump);
    }
    let (begun, between) = (Instant::now(), redirect.between());
    loop {
        match write_stopped(redirect, &between) {
            Outcome::Written => return Ok(()),
            Outcome::Refused(cause) => return Err(cause),
            Outcome::InTheWay if begun.elapsed() < PATIENCE => std::thread::sleep(STEP),
            Outcome::InTheWay => {
                let reason =
                    "it is in a signal handler, which has not returned to the target within five seconds";
                return Err(Cause::ThreadInTheWay { thread: 0, name: String::new(), reason: reason.into() });
            }
        }
    }
}

enum Outcome {
    Written,
    InTheWay,
    Refused(Cause),
}

/// From the first to the last suspended thread nothing is allocated.
fn write_stopped(redirect: &Redirect<'_>, between: &[usize]) -> Outcome {
    let Some(world) = World::stop() else {
        let reason = "the threads that may be running it cannot be listed (task_threads)".into();
        return Outcome::Refused(Cause::NotWritable { reason });
    };
    let in_handler = |stand: &Stand| threads::stack_holds(stand.stack(), between);
    if !between.is_empty() && world.threads().filter_map(Stand::read).any(|stand| in_handler(&stand)) {
        return Outcome::InTheWay;
    }
    for thread in world.threads() {
        let Some(stand) = Stand::read(thread) else { continue };
        let moved = redirect.moves.iter().find(|(offset, _)| {
            redirect.target + offset == stand.address() && redirect.covers(stand.address())
        });
        if let Some((_, to)) = moved {
            stand.go_on_at(thread, *to);
        }
    }
    let written = write_alone(redirect.target, redirect.jump);
    drop(world);
    match written {
        Ok(()) => Outcome::Written,
        Err(refusals) => Outcome::Refused(refusals.cause(redirect.target, redirect.jump.len())),
    }
}
