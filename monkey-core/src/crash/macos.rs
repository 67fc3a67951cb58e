//! A crash says who: when a signal is about to end the process, each active patch has its line on standard error.
use crate::report;
use crate::text::TEXT;
use crate::thread::BypassAll;
use once_cell::race::{OnceBool, OnceBox};
use std::env;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// Turns the lines off: `off`.
const SWITCH: &str = "MONKEY_CRASH_REPORT";

const SIGNALS: [(libc::c_int, &str); 4] = [
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGTRAP, "SIGTRAP"),
];

/// What the program did at each of them before.
static BELOW: OnceBox<[libc::sigaction; SIGNALS.len()]> = OnceBox::new();

/// Before the first hook.
pub fn install() {
    static OFF: OnceBool = OnceBool::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    let off = || env::var(SWITCH).is_ok_and(|switch| switch == "off");
    if DONE.load(SeqCst) || OFF.get_or_init(off) {
        return;
    }
    let before = Box::new(SIGNALS.map(|(signal, _)| set(signal, None)));
    let _ = BELOW.set(before);
    let text = TEXT.hold();
    if !DONE.swap(true, SeqCst) {
        for (signal, _) in SIGNALS {
            // SAFETY: all zeros is a valid sigaction.
            let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
            action.sa_sigaction = on_crash as *const () as usize;
            action.sa_flags = libc::SA_ONSTACK | libc::SA_SIGINFO;
            set(signal, Some(&action));
        }
    }
    drop(text);
}

/// What was done at a signal before; what is done from now on, if that is said.
fn set(signal: libc::c_int, action: Option<&libc::sigaction>) -> libc::sigaction {
    // SAFETY: all zeros is a valid sigaction.
    let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
    let action = action.map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: null, or an action with a handler of the three-argument form, or one that the program had.
    unsafe { libc::sigaction(signal, action, &raw mut before) };
    before
}

/// Says who, and lets the program's own action have the signal: a fault repeats itself when this returns, anything else is
/// raised again.
extern "C" fn on_crash(signal: libc::c_int, information: *mut libc::siginfo_t, _: *mut libc::c_void) {
    static SAID: AtomicBool = AtomicBool::new(false);
    let bypass = BypassAll::begin();
    let index = SIGNALS.iter().position(|(number, _)| *number == signal).unwrap_or(0);
    if !report::is_empty() && !SAID.swap(true, SeqCst) {
        for part in ["monkey: ", SIGNALS[index].1, " while functions are replaced:\n"] {
            crate::code::write_stderr(part.as_bytes());
        }
        report::write();
    }
    if let Some(below) = BELOW.get() {
        set(signal, Some(&below[index]));
    }
    // SAFETY: the kernel passed a description, which lives as long as the handler runs.
    let sent = unsafe { (*information).si_code } <= 0 || signal == libc::SIGTRAP;
    if sent {
        // SAFETY: sends this thread the signal that it is handling; it comes when the handler has returned.
        unsafe { libc::raise(signal) };
    }
    drop(bypass);
}
