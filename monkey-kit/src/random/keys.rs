//! The keys of `HashMap`: the standard library asks the system for them once a thread, so those that a thread has already
//! have to be changed where they lie.
use super::system;
use monkey_core::border::Bypass;
use std::hash::RandomState;
use std::mem;

/// What a `RandomState` is made of. Each new one adds one to the thread's first key.
fn next() -> [u64; 2] {
    const { assert!(size_of::<RandomState>() == size_of::<[u64; 2]>()) };
    // SAFETY: two keys of 64 bits, which have no invalid values.
    unsafe { mem::transmute::<RandomState, [u64; 2]>(RandomState::new()) }
}

/// Gives the calling thread these keys.
///
/// # Panics
/// When this standard library keeps them in a way that is not known.
pub fn set(keys: u128) {
    let _bypass = Bypass::begin();
    let found = find();
    let Some(place) = found else {
        panic!("`monkey::random::seed` does not know where this standard library has the keys of `HashMap`")
    };
    let new = [keys as u64, (keys >> 64) as u64];
    // SAFETY: where the calling thread has its keys: two words that nobody else reads or writes.
    unsafe { place.write_volatile(new) };
}

/// Where the calling thread has its keys: what changes as they do, among its thread-local blocks.
fn find() -> Option<*mut [u64; 2]> {
    let [first, second] = next();
    let wanted = [first.wrapping_add(1), second];
    let mut places = Vec::new();
    system::thread_local_blocks(&mut |block, words| {
        for index in 0..words.saturating_sub(1) {
            let place = block.wrapping_add(index).cast::<[u64; 2]>();
            // SAFETY: two words within the block, which is this thread's.
            if unsafe { place.read_volatile() } == wanted {
                places.push(place);
            }
        }
    });
    let after = [next()[0].wrapping_add(1), second];
    // SAFETY: two words within a thread-local block of this thread.
    places.retain(|place| unsafe { place.read_volatile() } == after);
    // Blocks may reach into each other's: what was found in two is one place.
    let only = places.pop()?;
    places.iter().all(|place| *place == only).then_some(only)
}

#[cfg(test)]
mod tests {
    use super::{next, set};

    #[test]
    fn keys_are_those_that_were_set() {
        set(7 | 9 << 64);
        assert_eq!(next(), [7, 9]);
        assert_eq!(next(), [8, 9]);
        std::thread::spawn(|| set(u128::MAX)).join().unwrap();
        assert_eq!(next(), [9, 9]);
    }
}
