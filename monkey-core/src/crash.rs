//! A crash says who: when a signal is about to end the process, each active patch has its line on standard error.
//!
//! The lines lie ready in static memory, because a signal handler may neither allocate nor lock. They are written by
//! a system call of our own, because `write` may be what a test replaced.
use crate::code::signal::{self, Layer, Manner};
use crate::thread::Quiet;
use once_cell::sync::OnceCell;
use std::env;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::SeqCst};

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

const LINES: usize = 128;
const LENGTH: usize = 256;

struct Place {
    /// 0: free.
    length: AtomicUsize,
    text: [AtomicU8; LENGTH],
}

static PLACES: [Place; LINES] =
    [const { Place { length: AtomicUsize::new(0), text: [const { AtomicU8::new(0) }; LENGTH] } }; LINES];
/// Patches that found no place.
static FURTHER: AtomicUsize = AtomicUsize::new(0);

/// What is said of a patch if the process crashes while this lives. Made and dropped under the lock.
#[derive(Debug)]
pub struct Line(Option<usize>);

impl Line {
    pub fn new(text: &str) -> Self {
        let index = PLACES.iter().position(|place| place.length.load(SeqCst) == 0);
        match index.map(|index| &PLACES[index]) {
            Some(place) => {
                let bytes = &text.as_bytes()[..text.len().min(LENGTH)];
                for (to, from) in place.text.iter().zip(bytes) {
                    to.store(*from, SeqCst);
                }
                place.length.store(bytes.len(), SeqCst);
            }
            None => {
                FURTHER.fetch_add(1, SeqCst);
            }
        }
        Self(index)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        match self.0 {
            Some(index) => PLACES[index].length.store(0, SeqCst),
            None => {
                FURTHER.fetch_sub(1, SeqCst);
            }
        }
    }
}

/// Before the first hook, whose trap then has a handler that hands on to this one.
pub fn install() {
    static DONE: OnceCell<()> = OnceCell::new();
    DONE.get_or_init(|| {
        if env::var(SWITCH).is_ok_and(|switch| switch == "off") {
            return;
        }
        // The handler before decides on the stack and the mask that it is used to.
        let manner = Manner { flags: 0, flags_alone: libc::SA_ONSTACK, mask: 0 };
        for ((signal, _), layer) in SIGNALS.iter().zip(&LAYERS) {
            let entry = on_crash as *const () as usize;
            signal::install(*signal, &[(entry, layer)], &AtomicUsize::new(0), manner);
        }
    });
}

extern "C" fn on_crash(signal: libc::c_int, information: *mut libc::siginfo_t, context: *mut libc::c_void) {
    static SAID: AtomicBool = AtomicBool::new(false);
    let quiet = Quiet::begin();
    // Once: a handler before ours may recover from each of a thousand.
    if PLACES.iter().any(|place| place.length.load(SeqCst) != 0) && !SAID.swap(true, SeqCst) {
        say(signal);
    }
    drop(quiet);
    let index = SIGNALS.iter().position(|(number, _)| *number == signal);
    // SAFETY: these are our own arguments.
    unsafe { signal::hand_on(signal, information, context, &LAYERS[index.unwrap_or(0)]) };
}

fn say(signal: libc::c_int) {
    let name = SIGNALS.iter().find(|(number, _)| *number == signal).map_or("a signal", |(_, name)| name);
    for part in ["monkey: ", name, " while functions are replaced:\n"] {
        write(part.as_bytes());
    }
    for place in &PLACES {
        let length = place.length.load(SeqCst);
        if length != 0 {
            let mut text = [0; LENGTH];
            for (to, from) in text.iter_mut().zip(&place.text) {
                *to = from.load(SeqCst);
            }
            write(b"monkey:   ");
            write(&text[..length]);
            write(b"\n");
        }
    }
    if FURTHER.load(SeqCst) != 0 {
        write(b"monkey:   and more\n");
    }
}

fn write(bytes: &[u8]) {
    crate::code::say(bytes);
}
