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
