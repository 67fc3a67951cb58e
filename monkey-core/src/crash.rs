//! A crash says who: when a signal is about to end the process, each active patch has its line on standard error.
use crate::code::signal::{self, Layer, Manner};
use crate::report;
use crate::text::TEXT;
use crate::thread::BypassAll;
use once_cell::race::OnceBool;
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

/// The handlers that were there before.
static LAYERS: [Layer; SIGNALS.len()] = [const { Layer::new() }; SIGNALS.len()];

/// Before the first hook, whose trap then has a handler that hands on to this one.
pub fn install() {
    static OFF: OnceBool = OnceBool::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    let off = || env::var(SWITCH).is_ok_and(|switch| switch == "off");
    if DONE.load(SeqCst) || OFF.get_or_init(off) {
        return;
    }
    // The child of a fork has all of the handlers or none: a fork finds this lock free.
    let text = TEXT.hold();
    if !DONE.load(SeqCst) {
        install_each();
        DONE.store(true, SeqCst);
    }
    drop(text);
}

fn install_each() {
    // The handler before decides on the stack and the mask that it is used to.
    let manner = Manner { flags: 0, flags_alone: libc::SA_ONSTACK, mask: 0 };
    for ((signal, _), layer) in SIGNALS.iter().zip(&LAYERS) {
        let entry = on_crash as *const () as usize;
        signal::install(*signal, &[(entry, layer)], &AtomicUsize::new(0), manner);
    }
}

extern "C" fn on_crash(signal: libc::c_int, information: *mut libc::siginfo_t, context: *mut libc::c_void) {
    static SAID: AtomicBool = AtomicBool::new(false);
    let bypass = BypassAll::begin();
    // Once: a handler before ours may recover from each of a thousand.
    if !report::is_empty() && !SAID.swap(true, SeqCst) {
        write_signal(signal);
    }
    drop(bypass);
    let index = SIGNALS.iter().position(|(number, _)| *number == signal);
    // SAFETY: these are our own arguments.
    unsafe { signal::hand_on(signal, information, context, &LAYERS[index.unwrap_or(0)]) };
}

fn write_signal(signal: libc::c_int) {
    let name = SIGNALS.iter().find(|(number, _)| *number == signal).map_or("a signal", |(_, name)| name);
    for part in ["monkey: ", name, " while functions are replaced:\n"] {
        crate::code::write_stderr(part.as_bytes());
    }
    report::write();
}
