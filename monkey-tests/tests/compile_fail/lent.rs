//! Replacements that keep what they are lent by a method whose lifetimes are those of its `impl`.
#![forbid(unsafe_code)]
use std::cell::RefCell;

thread_local!(static KEPT: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });

struct Sink<'a>(Vec<&'a str>);

#[monkey::patchable]
impl<'a> Sink<'a> {
    fn put(&mut self, text: &'a str) {
        self.0.push(text);
    }
    fn first(&self) -> Option<&'a str> {
        self.0.first().copied()
    }
}

#[monkey::patchable]
mod inside {
    impl super::Sink<'_> {
        pub fn clear(&mut self) {
            self.0.clear();
        }
    }
}

fn keep(_: &mut Sink<'static>, text: &'static str) {
    KEPT.with_borrow_mut(|kept| kept.push(text));
}
fn keep_all(sink: &mut Sink<'static>) {
    KEPT.with_borrow_mut(|kept| kept.append(&mut sink.0));
}
fn keep_first(sink: &Sink<'static>) -> Option<&'static str> {
    KEPT.with_borrow_mut(|kept| kept.push(sink.0[0]));
    None
}

#[monkey::with(replace(Sink::put = |_: &mut Sink, text| KEPT.with_borrow_mut(|kept| kept.push(text))))]
fn by_a_closure() {}

fn by_functions() {
    let _guard = monkey::patch!(Sink::put = keep);
    let _guard = monkey::patch!(Sink::first = keep_first);
    let _guard = monkey::patch!(Sink::clear = keep_all);
}

fn of_another_signature() {
    let _guard = monkey::patch!(Sink::put = |_: &Sink| ());
}

fn main() {}
