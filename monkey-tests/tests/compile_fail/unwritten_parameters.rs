//! Parameters that borrow, of closures that capture nothing.
use std::path::Path;

pub struct Store;

impl Store {
    pub fn put(&self, _: &mut Vec<u8>, _: Option<&str>, _: Box<u8>) -> usize {
        0
    }
}

#[monkey::test(replace(Path::exists = |_| true))]
fn in_an_attribute() {}

fn in_a_guard() {
    let _guard = monkey::patch!(Store::put = |_: &Store, bytes, _, _| bytes.len());
}

fn main() {}
