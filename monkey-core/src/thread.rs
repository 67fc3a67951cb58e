//! The two words that every thread has: its scope, and what it bypasses.
//!
//! They lie in the static thread-local block, at one offset from the thread pointer for all threads of the
//! process, so that a stub reads them with one instruction. The initial-exec model is asked for by name: the
//! linker turns the load into a constant in a program, and the loader finds room for 16 bytes in a library.
//! Source: Ulrich Drepper, "ELF Handling For Thread-Local Storage", section 4.3.

/// No scope at all.
pub const NONE: u64 = 0;
/// The scope has, or may have, more than one thread: calls are counted atomically.
pub const SHARED: u64 = 1;
/// What a free slot holds as its owner; no thread's scope word is ever equal to it.
pub const EMPTY: u64 = 2;
/// Stubs take the originals: all of them if the bypass word is [`ALL`], once for the group it names otherwise.
pub const BYPASS: u64 = 1 << 63;
/// The bypass word of a thread in which the engine itself is at work.
pub const ALL: u64 = 0;
/// Where the bypass word lies behind the scope word, in bytes.
pub const BYPASS_OFFSET: usize = 8;

macro_rules! words_symbol {
    () => {
        // The version is in the name because two versions of this crate may meet in one link-time optimised object.
        concat!(
            "monkey_thread_words_",
            env!("CARGO_PKG_VERSION_MAJOR"),
            "_",
            env!("CARGO_PKG_VERSION_MINOR"),
            "_",
            env!("CARGO_PKG_VERSION_PATCH")
        )
    };
}

macro_rules! words_definition {
    () => {
        concat!(
            ".pushsection .tbss.monkey,\"awT\",@nobits\n",
            ".balign 16\n",
            ".type ",
            words_symbol!(),
            ",@object\n",
            ".size ",
            words_symbol!(),
            ", 16\n",
            words_symbol!(),
            ":\n",
            ".zero 16\n",
            ".popsection"
        )
    };
}

#[cfg(all(target_os = "linux", target_arch = "aarch64"))]
#[path = "thread/linux_aarch64.rs"]
mod machine;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "thread/linux_x86_64.rs"]
mod machine;

pub use machine::{offset, pointer};

fn words() -> *mut u64 {
    pointer().wrapping_add_signed(offset()) as *mut u64
}

fn load(index: usize) -> u64 {
    let word = words().wrapping_add(index);
    // SAFETY: the two words are this thread's own, aligned and alive as long as it runs. Volatile, because the
    // stubs that this thread runs change them behind the compiler's back.
    unsafe { word.read_volatile() }
}

fn store(index: usize, value: u64) {
    let word = words().wrapping_add(index);
    // SAFETY: as in `load`; no other thread looks at them.
    unsafe { word.write_volatile(value) }
}

/// Whether the engine itself is at work on this thread.
pub fn is_quiet() -> bool {
    load(0) & BYPASS != 0 && load(1) == ALL
}

/// The thread's scope, whatever it bypasses at the moment.
pub fn scope() -> u64 {
    load(0) & !BYPASS
}

/// Puts the thread into another scope; a bypass goes on.
pub fn set_scope(word: u64) {
    store(0, word | (load(0) & BYPASS));
}

/// While it lives, every hooked function that this thread calls is the original.
///
/// The engine works inside one: a user may have replaced `malloc`, `mprotect` or `memcpy`, and neither may the
/// replacement run for the engine's own calls, nor may these be counted.
#[derive(Debug)]
pub struct Quiet {
    before: u64,
    bypassed: u64,
}

impl Quiet {
    pub fn begin() -> Self {
        let quiet = Self { before: load(0) & BYPASS, bypassed: load(1) };
        store(1, ALL);
        store(0, load(0) | BYPASS);
        quiet
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        store(1, self.bypassed);
        store(0, load(0) & !BYPASS | self.before);
    }
}

/// While it lives, or until it is used up, this thread's next call of a hook of the group takes the original.
#[derive(Debug)]
pub struct Once {
    group: u64,
}

impl Once {
    pub fn begin(group: u64) -> Self {
        store(1, group);
        store(0, load(0) | BYPASS);
        Self { group }
    }
}

impl Drop for Once {
    fn drop(&mut self) {
        if load(0) & BYPASS != 0 && load(1) == self.group {
            store(0, load(0) & !BYPASS);
        }
    }
}
