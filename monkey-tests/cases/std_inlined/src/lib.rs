//! Code under test: the standard library's own functions contain inlined copies of the ones that a test replaces.
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub fn age(of: SystemTime) -> u64 {
    of.elapsed().map_or(0, |elapsed| elapsed.as_secs())
}

pub fn unix() -> u64 {
    UNIX_EPOCH.elapsed().unwrap().as_secs()
}

pub fn since(start: Instant) -> u64 {
    start.elapsed().as_secs()
}

pub fn read(path: &str) -> std::io::Result<String> {
    std::fs::read_to_string(path)
}

pub fn read_bytes(path: &str) -> std::io::Result<Vec<u8>> {
    std::fs::read(path)
}

pub fn is_there(path: &str) -> bool {
    Path::new(path).exists()
}

pub fn write(path: &str) -> std::io::Result<()> {
    std::fs::write(path, "text")
}

#[allow(deprecated)]
pub fn pause() {
    std::thread::sleep_ms(1);
}
