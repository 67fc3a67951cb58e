//! Where no stub reads the words, they are a thread-local like any other.
use std::cell::Cell;

thread_local! {
    static WORDS: [Cell<u64>; 4] = const { [const { Cell::new(0) }; 4] };
}

/// One of the calling thread's words.
#[inline]
pub fn load(index: usize) -> u64 {
    WORDS.with(|words| words[index].get())
}

/// Changes one of the calling thread's words.
#[inline]
pub fn store(index: usize, value: u64) {
    WORDS.with(|words| words[index].set(value));
}

/// A number that no other thread has while this one lives: where its words lie.
#[must_use]
pub fn pointer() -> usize {
    WORDS.with(|words| words.as_ptr() as usize)
}

/// The id of the thread with this thread pointer: no stub has recorded one.
pub fn id_of(_pointer: usize) -> Option<i32> {
    None
}
