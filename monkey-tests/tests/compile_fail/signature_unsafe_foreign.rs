//! An `unsafe fn` for a safe one, of every ABI and with any number of arguments.
extern "C" fn c(_: *const u8) -> usize {
    0
}
unsafe extern "C" fn wild_c(_: *const u8) -> usize {
    0
}
extern "system" fn system(_: *const u8, _: u32) {}
unsafe extern "system" fn wild_system(_: *const u8, _: u32) {}
extern "C-unwind" fn unwind() {}
unsafe extern "C-unwind" fn wild_unwind() {}
fn many(_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8) {}
unsafe fn wild(_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8) {}

#[monkey::with(replace(c = wild_c, system = wild_system, unwind = wild_unwind, many = wild))]
fn main() {}
