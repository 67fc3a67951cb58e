//! A crash says who: when a signal is about to end the process, each active patch has its line on standard error.
use crate::report;
use crate::thread::Quiet;
use once_cell::sync::OnceCell;
use std::env;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

/// Turns the lines off: `off`.
const SWITCH: &str = "MONKEY_CRASH_REPORT";

const SIGNALS: [(libc::c_int, &str); 4] = [
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGTRAP, "SIGTRAP"),
];

/// The handlers that were there before: an address, or `SIG_DFL`, or `SIG_IGN`.
static BEFORE: [AtomicUsize; SIGNALS.len()] = [const { AtomicUsize::new(0) }; SIGNALS.len()];

/// Before the first hook: its trap has a handler that passes on to ours. The other way round both would pass on to each
/// other, as soon as a later hook puts its handler on top again.
pub fn install() {
    static DONE: OnceCell<()> = OnceCell::new();
    DONE.get_or_init(|| {
        if env::var(SWITCH).is_ok_and(|switch| switch == "off") {
            return;
        }
        for ((signal, _), before) in SIGNALS.iter().zip(&BEFORE) {
            handle(*signal, before);
        }
    });
}

fn handle(signal: libc::c_int, before: &AtomicUsize) {
    // SAFETY: all zeros is a valid sigaction: SIG_DFL, no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: asks only; `action` is writable.
    unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
    before.store(action.sa_sigaction, SeqCst);
    // The handler before decides on the stack and the mask that it is used to.
    action.sa_sigaction = on_crash as *const () as usize;
    action.sa_flags |= libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the handler has the three-argument form and passes on to the one before.
    unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
}

extern "C" fn on_crash(signal: libc::c_int, information: *mut libc::siginfo_t, context: *mut libc::c_void) {
    static SAID: AtomicBool = AtomicBool::new(false);
    let quiet = Quiet::begin();
    // Once: a handler before ours may recover from each of a thousand.
    if !report::is_empty() && !SAID.swap(true, SeqCst) {
        say(signal);
    }
    drop(quiet);
    pass_on(signal, information, context);
}

fn say(signal: libc::c_int) {
    let name = SIGNALS.iter().find(|(number, _)| *number == signal).map_or("a signal", |(_, name)| name);
    for part in ["monkey: ", name, " while functions are replaced:\n"] {
        crate::code::say(part.as_bytes());
    }
    report::write();
}

fn pass_on(signal: libc::c_int, information: *mut libc::siginfo_t, context: *mut libc::c_void) {
    type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
    let index = SIGNALS.iter().position(|(number, _)| *number == signal);
    match index.map_or(libc::SIG_DFL, |index| BEFORE[index].load(SeqCst)) {
        libc::SIG_IGN => {}
        libc::SIG_DFL => {
            let _quiet = Quiet::begin();
            // SAFETY: the default action again; it takes effect when the signal comes once more.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
            // A fault repeats itself on return; a signal that somebody sent, or a trap that was passed, does not.
            // SAFETY: sends this thread the signal that it is handling; it is pending until the handler returns.
            unsafe { libc::raise(signal) };
        }
        handler => {
            // SAFETY: the system gave this address as the signal's handler; one that takes the number only ignores
            // the two arguments behind it.
            let handler = unsafe { std::mem::transmute::<usize, Handler>(handler) };
            handler(signal, information, context);
        }
    }
}
