//! A crash says who: when an exception is about to end the process, each active patch has its line on standard error.
use crate::code::api::{self, ExceptionHandler, ExceptionPointers};
use crate::report;
use crate::text::TEXT;
use crate::thread::BypassAll;
use once_cell::race::OnceBool;
use std::env;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

/// Turns the lines off: `off`.
const SWITCH: &str = "MONKEY_CRASH_REPORT";

/// Names of exceptions, by their code.
const EXCEPTIONS: [(u32, &str); 6] = [
    (0xC000_0005, "an access violation"),
    (0xC000_001D, "an illegal instruction"),
    (0xC000_0096, "a privileged instruction"),
    (0xC000_00FD, "a stack overflow"),
    (0x8000_0003, "a breakpoint"),
    (0xC000_0409, "a failed check"),
];

/// The filter that was there before; 0 if none was.
static BELOW: AtomicUsize = AtomicUsize::new(0);

/// Before the first hook.
pub fn install() {
    static OFF: OnceBool = OnceBool::new();
    static DONE: AtomicBool = AtomicBool::new(false);
    let off = || env::var(SWITCH).is_ok_and(|switch| switch == "off");
    if DONE.load(SeqCst) || OFF.get_or_init(off) {
        return;
    }
    let text = TEXT.hold();
    if !DONE.load(SeqCst) {
        // SAFETY: the filter has the type that the system calls, and asks the one before it.
        let below = unsafe { api::SetUnhandledExceptionFilter(Some(on_crash)) };
        BELOW.store(below.map_or(0, |below| below as usize), SeqCst);
        DONE.store(true, SeqCst);
    }
    drop(text);
}

unsafe extern "system" fn on_crash(pointers: *const ExceptionPointers) -> i32 {
    let bypass = BypassAll::begin();
    if !report::is_empty() {
        // SAFETY: the system passes pointers to both parts, which live as long as the filter runs.
        let record = unsafe { (*pointers).record };
        // SAFETY: as above.
        write_exception(unsafe { (*record).code });
    }
    drop(bypass);
    let below = BELOW.load(SeqCst);
    if below == 0 {
        return 0; // EXCEPTION_CONTINUE_SEARCH
    }
    // SAFETY: the filter that the system gave when ours was set.
    let below = unsafe { std::mem::transmute::<usize, ExceptionHandler>(below) };
    // SAFETY: these are our own arguments.
    unsafe { below(pointers) }
}

fn write_exception(code: u32) {
    let name = EXCEPTIONS.iter().find(|(own, _)| *own == code).map_or("an exception", |(_, name)| name);
    for part in ["monkey: ", name, " while functions are replaced:\n"] {
        crate::code::write_stderr(part.as_bytes());
    }
    report::write();
}
