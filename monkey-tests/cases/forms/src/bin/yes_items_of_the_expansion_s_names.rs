//! A user's items may be called as the generated variables are.
#![allow(non_upper_case_globals, non_camel_case_types, dead_code)]

fn target(x: u32) -> u32 {
    x
}

fn other(x: u32) -> u32 {
    x + 1
}

struct replacement;
static shared: u8 = 0;
const alone: u8 = 0;
const given: u8 = 0;
const callee: u8 = 0;
static guard: u8 = 0;
const t: u8 = 0;
const r: u8 = 0;
const scope: u8 = 0;
struct frame;
const original: u8 = 0;
const list: u8 = 0;
const result: u8 = 0;
const outcome: u8 = 0;

trait Kind {
    fn kind(&self) -> u32 {
        0
    }
    fn identical(&self) {}
    fn signature(&self) {}
}
impl<T: ?Sized> Kind for T {}

#[monkey::patchable]
fn marked(x: u32) -> u32 {
    x
}

#[monkey::with(replace(marked = other), expect(marked = 1))]
fn by_an_attribute() -> u32 {
    marked(1)
}

fn main() {
    let _guard = ::monkey::patch!(target = other);
    assert_eq!((target(1), by_an_attribute()), (2, 2));
    assert_eq!((::monkey::original!(target(1)), ::monkey::calls!(target)), (1, 1));
    assert_eq!(1_u8.kind(), 0);
}
