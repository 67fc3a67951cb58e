//! What is found out once.
use once_cell::race::OnceBox;
#[cfg(system = "windows")]
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// A value that is made when it is first asked for.
///
/// Nobody waits for anybody where processes fork: two threads may make it at once, and what the first has made is kept. Where none
/// does, one makes it, and others sleep meanwhile: a PDB takes a second where nothing is optimised.
#[derive(Debug)]
pub(super) struct Made<T> {
    value: OnceBox<T>,
    #[cfg(system = "windows")]
    making: AtomicBool,
}

impl<T> Made<T> {
    pub const fn new() -> Self {
        Self {
            value: OnceBox::new(),
            #[cfg(system = "windows")]
            making: AtomicBool::new(false),
        }
    }

    #[cfg(not(system = "windows"))]
    pub fn get_or_init(&self, make: impl FnOnce() -> Box<T>) -> &T {
        self.value.get_or_init(make)
    }

    #[cfg(system = "windows")]
    pub fn get_or_init(&self, make: impl FnOnce() -> Box<T>) -> &T {
        if let Some(value) = self.value.get() {
            return value;
        }
        let _turn = self.wait();
        self.value.get_or_init(make)
    }

    /// Waits until nobody makes it.
    #[cfg(system = "windows")]
    fn wait(&self) -> Turn<'_> {
        let _bypass = crate::thread::BypassAll::begin();
        while self.making.swap(true, SeqCst) {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        Turn(&self.making)
    }
}

/// Given back after a panic as well.
#[cfg(system = "windows")]
struct Turn<'a>(&'a AtomicBool);

#[cfg(system = "windows")]
impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, SeqCst);
    }
}
