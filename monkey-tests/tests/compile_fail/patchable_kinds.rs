#![allow(unused)]

#[monkey::patchable]
#[derive(Debug)]
pub(crate) struct Counter;

#[monkey::patchable]
const ONE: u32 = 1;

#[monkey::patchable]
macro_rules! made {
    () => {};
}

#[monkey::patchable]
use std::fmt;

struct Conn<T>(T);

#[monkey::patchable]
impl<T> Drop for Conn<T> {
    fn drop(&mut self) {}
}

fn main() {}
