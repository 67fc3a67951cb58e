//! One of two crates that know nothing of each other and make the same instances of a third one's functions. Each has
//! bodies of its own then, private to it once the linker optimises, whose callers all pass the same arguments.
use monkey_tests::instances::{Holder, Scaled as _, inline};

/// All the instances, twice.
#[inline(never)]
#[must_use]
pub fn calls() -> [u64; 4] {
    let once = || {
        let holder = Holder(7u32);
        [holder.times(3), holder.plus(5), 7u32.scaled(4), inline::generic(7u32, 6)]
    };
    let [first, second] = [once(), once()];
    std::array::from_fn(|index| first[index] + second[index])
}
