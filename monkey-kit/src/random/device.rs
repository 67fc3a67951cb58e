//! `/dev/urandom` and `/dev/random`: what is opened is the device, and what is read the thread's stream.
use crate::world::World;
use libc::c_int;
use std::ffi::CStr;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

const MOST: usize = 64;

/// The descriptors of a world that are the device. Each is kept plus one, so that 0 is a free place.
#[derive(Debug)]
pub struct Devices([AtomicI32; MOST]);

impl Default for Devices {
    fn default() -> Self {
        Self([const { AtomicI32::new(0) }; MOST])
    }
}

impl Devices {
    fn find(&self, kept: c_int) -> Option<&AtomicI32> {
        self.0.iter().find(|place| place.load(SeqCst) == kept)
    }
}

/// Notes what a call of `open` has given.
pub fn open(world: &World, path: &CStr, descriptor: c_int) {
    let is_device = matches!(path.to_bytes(), b"/dev/urandom" | b"/dev/random");
    if is_device && descriptor >= 0 && world.random.serial.load(SeqCst) != 0 {
        let free = |place: &&AtomicI32| place.compare_exchange(0, descriptor + 1, SeqCst, SeqCst).is_ok();
        world.random.devices.0.iter().find(free);
    }
}

/// Fills what is to be read, if the descriptor is the device.
pub fn read(world: &World, descriptor: c_int, buffer: &mut [u8]) -> bool {
    world.random.devices.find(descriptor + 1).is_some() && world.random.fill(buffer)
}

/// Forgets a descriptor.
pub fn close(world: &World, descriptor: c_int) {
    if let Some(place) = world.random.devices.find(descriptor + 1) {
        place.store(0, SeqCst);
    }
}
