//! Items and traits that have the names of the expansion's own, or those of the language.
#![deny(warnings)]
#![allow(non_upper_case_globals, non_camel_case_types, dead_code, unused_imports, unused_macros)]
#![no_implicit_prelude]

mod items {
    pub const alone: ::std::primitive::u8 = 0;
    pub static shared: ::std::primitive::u8 = 0;
    pub struct replacement;
    pub const given: ::std::primitive::u8 = 0;
    pub const callee: ::std::primitive::u8 = 0;
    pub const argument0: ::std::primitive::u8 = 0;
    pub const __monkey_arg0: ::std::primitive::u8 = 0;
    pub const _bypass: ::std::primitive::u8 = 0;
    pub const value: ::std::primitive::u8 = 0;
    pub struct Option;
    pub struct u8;
    pub mod core {}
    pub mod std {}
    macro_rules! concat {
        () => {};
    }
    macro_rules! module_path {
        () => {};
    }
    pub(crate) use {concat, module_path};
}
use self::items::{
    __monkey_arg0, _bypass, alone, argument0, callee, core, given, replacement, shared, std, value, Option,
};

trait Everywhere {
    fn kind(&self) {}
    fn failed(&self) {}
    fn of_type(self)
    where
        Self: ::std::marker::Sized,
    {
    }
    fn run(&self) {}
    fn expect(&self) {}
}
impl<T: ?::std::marker::Sized> Everywhere for T {}

#[::monkey::patchable]
fn now(_: (u32, u32), _unused: u32) -> u32 {
    1
}
fn frozen(_: (u32, u32), _: u32) -> u32 {
    2
}

#[::monkey::with(replace(now = frozen), expect(now = 2), partly(now), scope = test)]
fn framed() -> u32 {
    now((1, 2), 3) + now((1, 2), ::monkey::original!(now((1, 2), 4)))
}

fn main() {
    let guard = ::monkey::patch!(replace(now = { frozen }), scope = test);
    ::std::assert_eq!(now((1, 2), 3), 2);
    ::std::mem::drop(guard);
    ::std::assert_eq!(framed(), 4);
}
