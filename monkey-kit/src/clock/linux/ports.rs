//! The ports of the machine's own addresses that a scope's sockets have: who is connected to one of them is in the scope.
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

const WORDS: usize = 65536 / 64;

/// A set of ports.
#[derive(Debug)]
pub struct Ports([AtomicU64; WORDS]);

impl Default for Ports {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; WORDS])
    }
}

impl Ports {
    pub fn add(&self, port: u16) {
        self.0[usize::from(port / 64)].fetch_or(1 << (port % 64), SeqCst);
    }

    pub fn has(&self, port: u16) -> bool {
        self.0[usize::from(port / 64)].load(SeqCst) & (1 << (port % 64)) != 0
    }

    pub fn clear(&self) {
        self.0.iter().for_each(|word| word.store(0, SeqCst));
    }
}
