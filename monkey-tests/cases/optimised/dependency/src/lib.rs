//! Optimised although the program that uses it is not.

pub fn now() -> u64 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

pub fn is_expired(end: u64) -> bool {
    now() > end
}

pub fn small() -> u64 {
    4
}

pub fn uses_small() -> u64 {
    small() + 1
}

pub struct Clock;

impl Clock {
    pub fn hour(&self) -> u64 {
        12
    }

    pub fn is_noon(&self) -> bool {
        self.hour() == 12
    }
}

/// Too long to be inlined: who calls it has a body of it, and here all callers are known. What `by` leads to is passed in its place.
pub fn scaled<T: Copy + Into<u64>>(by: &T, x: u64) -> u64 {
    let by: u64 = (*by).into();
    if x > 1000 {
        return by;
    }
    let (first, second) = (scaled(&by, x * 3 + 1), scaled(&by, x * 5 + 2));
    std::hint::black_box(first) ^ std::hint::black_box(second).rotate_left(by as u32)
}

pub fn uses_scaled(by: u64) -> u64 {
    scaled(&by, 7) ^ scaled(&(by + 1), 9)
}

/// The same, and here `_name` is left out.
pub fn named<T: Copy + Into<u64>>(_name: &str, by: T, x: u64) -> u64 {
    let by: u64 = by.into();
    if x > 1000 {
        return by;
    }
    let (first, second) = (named("first", by, x * 3 + 1), named("second", by, x * 5 + 2));
    std::hint::black_box(first) ^ std::hint::black_box(second).rotate_left(by as u32)
}

pub fn uses_named(by: u64) -> u64 {
    named("third", by, 7) ^ named("fourth", by + 1, 9)
}

/// And here both bodies take the same: the address of each is known to who knows nothing of its callers.
pub fn added<T: Copy + Into<u64>>(by: &T, x: u64) -> u64 {
    let by: u64 = (*by).into();
    if x > 1000 {
        return by;
    }
    let itself = std::hint::black_box(added::<u64> as fn(&u64, u64) -> u64);
    itself(&by, x * 3 + 1).wrapping_add(itself(&by, x * 5 + 2))
}

pub fn uses_added(by: u64) -> u64 {
    added(&by, 7).wrapping_add(added(&(by + 1), 9))
}

pub struct Meter(pub u64);

impl Meter {
    /// Who calls it has a body of it, or a copy in its own.
    #[inline]
    pub fn read(&self) -> u64 {
        self.0 * 7 + std::hint::black_box(1)
    }

    pub fn twice(&self) -> u64 {
        self.read() + self.read()
    }
}

#[inline]
pub fn tripled(by: u64) -> u64 {
    by * 3 + std::hint::black_box(1)
}

pub fn uses_tripled(by: u64) -> u64 {
    tripled(by) + 1
}
