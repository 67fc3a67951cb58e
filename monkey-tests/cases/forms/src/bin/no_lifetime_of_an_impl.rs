//! Its replacement would keep what the caller lends.
#![forbid(unsafe_code)]
use std::cell::RefCell;

thread_local!(static KEPT: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });

struct Sink<'a>(Vec<&'a str>);

#[monkey::patchable]
impl<'a> Sink<'a> {
    fn put(&mut self, text: &'a str) {
        self.0.push(text);
    }
}

#[monkey::with(replace(Sink::put = |_: &mut Sink, text| KEPT.with_borrow_mut(|kept| kept.push(text))))]
fn run() {
    let local = String::from("freed soon");
    Sink(Vec::new()).put(&local);
}

fn main() {
    run();
    KEPT.with_borrow(|kept| println!("{kept:?}"));
}
