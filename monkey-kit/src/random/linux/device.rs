//! `/dev/urandom` and `/dev/random`: what is read of them is the thread's stream, whoever has opened them.
use crate::world::World;
use libc::{S_IFCHR, S_IFMT, c_int};
use monkey_core::border::Bypass;
use std::sync::atomic::Ordering::SeqCst;

/// Their minor numbers, of the major number 1: `Documentation/admin-guide/devices.txt` in Linux.
const RANDOM: [u32; 2] = [8, 9];

/// Fills what is to be read, if the world is seeded and the descriptor is one of them.
pub fn read(world: &World, descriptor: c_int, buffer: &mut [u8]) -> bool {
    world.random.serial.load(SeqCst) != 0 && is_random(descriptor) && world.random.fill(buffer)
}

fn is_random(descriptor: c_int) -> bool {
    let _bypass = Bypass::begin();
    // SAFETY: a struct of numbers.
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: room for the status.
    let known = unsafe { libc::fstat(descriptor, &raw mut status) } == 0;
    let device = status.st_rdev;
    known
        && status.st_mode & S_IFMT == S_IFCHR
        && libc::major(device) == 1
        && RANDOM.contains(&libc::minor(device))
}
