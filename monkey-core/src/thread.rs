//! The words that every thread has: its scope, what it bypasses, and whether it holds the engine's lock.
//!
//! They lie at one offset from the thread pointer for all threads of the process, so that a stub reads them with one
//! instruction.
//!
//! | word | written by | read by |
//! | --- | --- | --- |
//! | scope, with [`BYPASS`] as its highest bit | this thread: on entering and leaving a scope, and by its bypasses; a stub that uses a bypass up clears the bit | stubs that this thread runs, the engine |
//! | bypass: [`ALL`], or a group's id | this thread, before it sets [`BYPASS`] | the same |
//! | stack pointer of the call that the bypass is for | this thread, before it sets [`BYPASS`] | the same |
//! | the engine's locks that it holds | this thread | this thread |

/// No scope at all.
pub const NONE: u64 = 0;
/// A scope's word with this bit: the owner of a slot whose scope has no patch there at the moment.
pub const RETIRED: u64 = 1;
/// What a free slot holds as its owner; no thread's scope word is ever equal to it.
pub const EMPTY: u64 = 2;
/// The owner of a patch that every thread sees; no thread's scope word is ever equal to it.
pub const PROCESS: u64 = 3;
/// Stubs take the originals: all of them if the bypass word is [`ALL`], once for the group it names otherwise.
pub const BYPASS: u64 = 1 << 63;
/// The bypass word of a thread in which the engine itself is at work.
pub const ALL: u64 = 0;
/// Where the bypass word lies behind the scope word, in bytes.
pub const BYPASS_OFFSET: usize = 8;
/// Where the stack pointer of the bypassing call lies behind the scope word, in bytes.
pub const BYPASS_STACK_OFFSET: usize = 16;

const SCOPE_WORD: usize = 0;
const BYPASS_WORD: usize = 1;
const STACK_WORD: usize = 2;
const LOCKS_WORD: usize = 3;

#[cfg(system = "linux")]
mod linux;
#[cfg(system = "macos")]
mod macos;
#[cfg(system = "unsupported")]
mod unsupported;
#[cfg(system = "windows")]
mod windows;
#[cfg(system = "linux")]
use linux as system;
#[cfg(system = "macos")]
use macos as system;
#[cfg(system = "unsupported")]
use unsupported as system;
#[cfg(system = "windows")]
use windows as system;

#[cfg(system = "macos")]
pub use system::{Handed, hand_to, handed};
pub use system::{id_of, pointer};
#[cfg(not(system = "unsupported"))]
pub use system::{id_offset, offset};
use system::{load, store};

/// Whether the engine itself is at work on this thread.
pub fn bypasses_all() -> bool {
    load(SCOPE_WORD) & BYPASS != 0 && load(BYPASS_WORD) == ALL
}

/// The thread's scope, whatever it bypasses at the moment.
#[inline(always)]
#[expect(
    clippy::inline_always,
    reason = "each look at a paused clock comes by, in builds that are not optimised too"
)]
pub fn scope() -> u64 {
    load(SCOPE_WORD) & !BYPASS
}

/// Whether a call of the group goes to its original: the engine is at work, or a bypass is for this call, which uses it up.
/// `is_meant` says whether it is, by the stack pointer that the bypass was begun with: 0 for whoever comes next.
pub fn takes_original(group: u64, is_meant: impl FnOnce(u64) -> bool) -> bool {
    let word = load(SCOPE_WORD);
    if word & BYPASS == 0 {
        return false;
    }
    match load(BYPASS_WORD) {
        ALL => true,
        bypassed if bypassed == group && is_meant(load(STACK_WORD)) => {
            store(SCOPE_WORD, word & !BYPASS);
            true
        }
        _ => false,
    }
}

/// Lets this thread's next call of the group, which is made at once, go to its original.
pub fn pass_next(group: u64) {
    bypass(group, 0, BYPASS);
}

/// Puts the thread into another scope; a bypass goes on.
pub fn set_scope(word: u64) {
    store(SCOPE_WORD, word | (load(SCOPE_WORD) & BYPASS));
}

/// The marks of the locks that this thread holds.
pub fn locks() -> u64 {
    load(LOCKS_WORD)
}

/// Notes which locks this thread holds.
pub fn set_locks(marks: u64) {
    store(LOCKS_WORD, marks);
}

/// While it lives, every hooked function that this thread calls is the original.
///
/// The engine works inside one: a user may have replaced `malloc`, `mprotect` or `memcpy`, and neither may the
/// replacement run for the engine's own calls, nor may these be counted.
#[derive(Debug)]
pub struct BypassAll {
    before: u64,
    bypassed: u64,
}

impl BypassAll {
    pub fn begin() -> Self {
        let scope = load(SCOPE_WORD);
        let begun = Self { before: scope & BYPASS, bypassed: load(BYPASS_WORD) };
        store(BYPASS_WORD, ALL);
        store(SCOPE_WORD, scope | BYPASS);
        begun
    }
}

impl Drop for BypassAll {
    fn drop(&mut self) {
        store(BYPASS_WORD, self.bypassed);
        store(SCOPE_WORD, load(SCOPE_WORD) & !BYPASS | self.before);
    }
}

/// The opposite, within one: the user's own code runs, and sees replacements as ever.
#[derive(Debug)]
pub struct Replaced {
    before: u64,
}

impl Replaced {
    pub fn begin() -> Self {
        let before = load(SCOPE_WORD) & BYPASS;
        store(SCOPE_WORD, load(SCOPE_WORD) & !BYPASS);
        Self { before }
    }
}

impl Drop for Replaced {
    fn drop(&mut self) {
        store(SCOPE_WORD, load(SCOPE_WORD) & !BYPASS | self.before);
    }
}

/// The bit goes first and comes last: a signal handler sees the words of one bypass, or none.
#[inline]
fn bypass(group: u64, stack: u64, bit: u64) {
    let scope = load(SCOPE_WORD) & !BYPASS;
    store(SCOPE_WORD, scope);
    store(BYPASS_WORD, group);
    store(STACK_WORD, stack);
    store(SCOPE_WORD, scope | bit);
}

/// While it lives, or until it is used up, the next call of a hook of the group takes the original, if it is made by the
/// function whose stack pointer is named.
///
/// A signal handler that comes between finds the bypass of another call, and leaves it: its frames lie more than a
/// kilobyte further down, or on another stack. What it bypasses itself is put back as it was.
#[derive(Debug)]
pub struct BypassOnce {
    before: u64,
    group: u64,
    stack: u64,
}

impl BypassOnce {
    #[inline]
    pub fn begin(group: u64, stack: usize) -> Self {
        let once =
            Self { before: load(SCOPE_WORD) & BYPASS, group: load(BYPASS_WORD), stack: load(STACK_WORD) };
        bypass(group, stack as u64, BYPASS);
        once
    }
}

impl Drop for BypassOnce {
    #[inline]
    fn drop(&mut self) {
        bypass(self.group, self.stack, self.before);
    }
}
