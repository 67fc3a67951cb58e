//! Turning a target's first bytes into a jump while other threads run them.
//!
//! One store is enough where the jump covers one instruction and lies in an aligned word. Otherwise the way is that
//! of the Linux kernel's `text_poke_bp`: a trap over the first byte, which keeps everybody out; the rest; the first
//! byte. What the kernel need not do is the step between: a thread may stand on an instruction behind the first one,
//! preempted there. Each thread has to be seen elsewhere once after the trap stands. A thread in a system call is
//! seen in `/proc`, and left alone; any other is asked by a signal, whose handler moves it into the trampoline if it
//! is in the way. One in a signal handler of the program's own that came there is waited for. Nobody is stopped, and a
//! call made meanwhile arrives: the trap's handler sends it to the stub.
#[cfg(target_arch = "x86_64")]
use super::tracer::Tracer;
use super::{threads, trap, write::write};
use crate::code::stacks::Stacks;
use crate::code::{Redirect, arch, around_trap, holds};
use crate::error::Cause;
use std::time::{Duration, Instant};

/// How long a thread may take to be elsewhere.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_micros(100);

/// Writes the jump. Either it stands afterwards or the bytes are what they were.
pub fn redirect(redirect: &Redirect<'_>) -> Result<(), Cause> {
    let covered = has_breakpoint(redirect.target);
    for (address, bytes) in redirect.first {
        write(*address, bytes)?;
    }
    if covered {
        outlast_tracer(redirect.first)?;
    }
    if redirect.fits_one_store() && !redirect.covers_boundaries() {
        write(redirect.target, redirect.jump)?;
        if covered {
            outlast_tracer(&[(redirect.target, redirect.jump.to_vec())])?;
        }
        // Nobody runs half of it, and who still runs the old instruction called before. Whether he may go on to is the
        // question. x86 keeps instruction fetch coherent: the store takes the line from every other core, together
        // with what that core has fetched of it ahead. On AArch64 a core may run what it has fetched until it
        // synchronizes its context, however long that is.
        if cfg!(target_arch = "aarch64") {
            synchronize();
        }
        return Ok(());
    }
    if threads::alone() {
        return write(redirect.target, redirect.jump);
    }
    let _unblocked = trap::Unblocked::begin();
    wait_for_unblocked(redirect)?;
    trap::install();
    if let Err(cause) = ask_tracer() {
        return write_without_trap(redirect, cause);
    }
    trap::publish(redirect);
    let written = around_trap::write(redirect, &drain);
    trap::withdraw();
    written
}

/// Whether somebody's breakpoint lies over an instruction.
fn has_breakpoint(instruction: usize) -> bool {
    let byte = |(offset, byte): (usize, &u8)| {
        let there = (instruction + offset) as *const u8;
        // SAFETY: of an instruction that was just decoded, and is as long as a breakpoint.
        let there = unsafe { there.read_volatile() };
        there == *byte
    };
    arch::BREAKPOINT.iter().enumerate().all(byte)
}

/// Where the trap does not arrive and one store is enough: right after every other thread was seen elsewhere. What remains is a
/// thread that comes to the target and stops within its first instructions in the microseconds between.
fn write_without_trap(redirect: &Redirect<'_>, cause: Cause) -> Result<(), Cause> {
    if !redirect.fits_one_store() {
        return Err(cause);
    }
    trap::publish(redirect);
    let written = drain(redirect).and_then(|()| write(redirect.target, redirect.jump));
    synchronize();
    trap::withdraw();
    written
}

/// A thread may have reached a breakpoint that is gone now: whoever traces the process then writes the word around it, as he
/// has read it before, a moment later. So what was written is looked after until that is over.
fn outlast_tracer(written: &[(usize, Vec<u8>)]) -> Result<(), Cause> {
    const WHILE: Duration = Duration::from_millis(20);
    let begun = Instant::now();
    while !written.is_empty() && begun.elapsed() < WHILE {
        nap(STEP);
        for (address, bytes) in written.iter().filter(|(address, bytes)| !holds(*address, bytes)) {
            write(*address, bytes)?;
        }
    }
    Ok(())
}

/// A trap that does not arrive lets a thread run on into the middle of an instruction.
#[cfg(target_arch = "x86_64")]
fn ask_tracer() -> Result<(), Cause> {
    match Tracer::find() {
        // A debugger stops the program at a trap, to show it.
        Some(tracer) if tracer.is_debugger() || !trap::arrives() => {
            Err(Cause::Traced { by: tracer.to_string() })
        }
        _ => Ok(()),
    }
}

#[cfg(target_arch = "aarch64")]
#[allow(clippy::unnecessary_wraps, reason = "as on x86-64")]
fn ask_tracer() -> Result<(), Cause> {
    Ok(())
}

/// Sees every other thread outside the bytes in question, once.
fn drain(redirect: &Redirect<'_>) -> Result<(), Cause> {
    if !redirect.covers_boundaries() {
        return Ok(());
    }
    let mut seen = vec![threads::own_id()];
    let mut stacks = Stacks::default();
    // A listing may miss a thread while others come and go; two in a row that show nothing new will do.
    let mut quiet = 0;
    while quiet < 2 {
        let all = list()?;
        let before = seen.len();
        for thread in all {
            if !seen.contains(&thread) {
                wait_until_elsewhere(redirect, thread, &mut stacks)?;
                seen.push(thread);
            }
        }
        quiet = if seen.len() == before { quiet + 1 } else { 0 };
    }
    Ok(())
}

/// The process's threads. Without them nothing can be changed but by one store: some may stand where the bytes change,
/// some may block the trap's signal and would die of it.
fn list() -> Result<Vec<i32>, Cause> {
    threads::all_ids().map_err(|error| Cause::NotWritable {
        reason: format!("it takes several steps, and the threads that may be running it cannot be listed: /proc/self/task: {error}"),
    })
}

/// Sees one thread elsewhere, and on no way back. A signal handler of the program's own may have interrupted it between
/// two of the displaced instructions, and will return there: it is asked again until it has.
fn wait_until_elsewhere(redirect: &Redirect<'_>, thread: i32, stacks: &mut Stacks) -> Result<(), Cause> {
    let (begun, between) = (Instant::now(), redirect.between());
    let (mut asked, mut reason) = (false, "it did not answer SIGURG within five seconds");
    for step in 0_u64.. {
        match position_of(redirect, thread, &mut asked) {
            Elsewhere::ForGood => return Ok(()),
            Elsewhere::With { stack } if !stacks.hold(stack, &between) => return Ok(()),
            Elsewhere::With { .. } => {
                reason =
                    "it is in a signal handler, which has not returned to the target within five seconds";
            }
            Elsewhere::NotYet => {}
        }
        if begun.elapsed() >= PATIENCE {
            break;
        }
        if step > 2 {
            nap(STEP);
        }
    }
    Err(in_the_way(thread, reason))
}

/// Whether a thread was seen outside the bytes in question.
enum Elsewhere {
    /// It runs nothing of the program, or is no more.
    ForGood,
    With {
        stack: usize,
    },
    NotYet,
}

fn position_of(redirect: &Redirect<'_>, thread: i32, asked: &mut bool) -> Elsewhere {
    match threads::position(thread) {
        threads::ThreadPosition::Gone => return Elsewhere::ForGood,
        threads::ThreadPosition::At { address, stack } if !redirect.covers(address) => {
            return Elsewhere::With { stack };
        }
        _ if threads::foreign(thread, trap::QUESTION) => return Elsewhere::ForGood,
        _ => {}
    }
    if !*asked && !trap::ask(thread) {
        return Elsewhere::ForGood;
    }
    *asked = true;
    if (0..50).any(|_| trap::answered(thread) || nap(Duration::ZERO)) {
        *asked = false;
        return Elsewhere::With { stack: trap::answered_from() };
    }
    Elsewhere::NotYet
}

/// A trap kills a thread that blocks the signal. The C library does so for moments, which are long for a thread that waits for a processor
/// (while it starts programs, say); anybody else may for good, which is harmless while the thread sleeps.
fn wait_for_unblocked(redirect: &Redirect<'_>) -> Result<(), Cause> {
    let harmless = |thread: i32| {
        !threads::blocks(thread, libc::SIGTRAP)
            || threads::foreign(thread, trap::QUESTION)
            || matches!(threads::position(thread), threads::ThreadPosition::At { address, .. } if !redirect.covers(address))
    };
    let (own, begun) = (threads::own_id(), Instant::now());
    for thread in list()? {
        while thread != own && !harmless(thread) {
            if begun.elapsed() >= PATIENCE {
                let reason = "it blocks SIGTRAP, and would die of the trap that keeps threads out";
                return Err(in_the_way(thread, reason));
            }
            nap(STEP);
        }
    }
    Ok(())
}

fn in_the_way(thread: i32, reason: &str) -> Cause {
    Cause::ThreadInTheWay { thread, name: threads::name(thread), reason: reason.into() }
}

/// Gives the processor away; always false, for use in conditions.
fn nap(time: Duration) -> bool {
    if time.is_zero() {
        std::thread::yield_now();
    } else {
        std::thread::sleep(time);
    }
    false
}

const PRIVATE_EXPEDITED_SYNC_CORE: libc::c_int = 1 << 5;
const REGISTER_PRIVATE_EXPEDITED_SYNC_CORE: libc::c_int = 1 << 6;

/// What is cheap before a second thread is there: the registration for `membarrier` takes half a microsecond then, and
/// 20 ms later, as the kernel waits until every core has seen it. To be called from a constructor of the program.
pub extern "C" fn early() {
    membarrier(REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
}

/// Makes every core fetch instructions anew before it runs any more of this process.
pub fn synchronize() {
    if membarrier(PRIVATE_EXPEDITED_SYNC_CORE) != 0 {
        // Not registered yet, or not there: then the interrupts that a change of protection sends do the same.
        membarrier(REGISTER_PRIVATE_EXPEDITED_SYNC_CORE);
        if membarrier(PRIVATE_EXPEDITED_SYNC_CORE) != 0 {
            super::interrupt_all();
        }
    }
}

/// Whether the system has a barrier for all threads, and this process is registered for it.
pub fn has_barrier() -> bool {
    membarrier(PRIVATE_EXPEDITED_SYNC_CORE) == 0
}

/// Orders what each thread of this process has written before with what it reads after: a barrier on every core that runs one.
/// Source: membarrier(2); the variant that synchronizes cores is one that orders memory too.
pub fn barrier() {
    synchronize();
}

fn membarrier(command: libc::c_int) -> libc::c_long {
    // SAFETY: membarrier(2) takes a command and two numbers, and touches no memory.
    unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) }
}
