//! Replacements that keep what they are lent by functions that are no methods of an `impl<'a> Type<'a>`.
#![forbid(unsafe_code)]
use std::cell::RefCell;

thread_local!(static KEPT: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });

fn store(text: &'static str) {
    KEPT.with_borrow_mut(|kept| kept.push(text));
}

trait Put<'a> {
    fn put(&self, text: &'a str);
}
trait First {
    fn first(&self) -> usize;
}
struct Plain;
struct Sink<'a>(&'a str);
struct Generic<'a, T>(&'a str, T);

#[monkey::patchable]
impl<'a> Put<'a> for Plain {
    fn put(&self, _: &'a str) {}
}
#[monkey::patchable]
impl<'a> Put<'a> for Vec<&'a str> {
    fn put(&self, _: &'a str) {}
}
#[monkey::patchable]
impl First for Sink<'_> {
    fn first(&self) -> usize {
        self.0.len()
    }
}
#[monkey::patchable]
impl<'a, T: Clone> Generic<'a, T> {
    fn give(&mut self, text: &'a str, _: T) {
        self.0 = text;
    }
}
#[monkey::patchable]
impl<'a> Sink<'a> {
    fn new(text: &'a str) -> Self {
        Sink(text)
    }
    fn end(self) {}
}
#[monkey::patchable]
fn same<'a: 'a>(_: &'a str) {}
#[monkey::patchable]
fn longer<'a, 'b: 'a>(text: &'a str, _: &'b str) -> &'a str {
    text
}
#[monkey::patchable]
fn clause<'a, T>(_: &'a str, _: &'a T)
where
    T: 'a,
{
}
#[monkey::patchable]
fn result_sink<'a>() -> std::rc::Rc<RefCell<Vec<&'a str>>> {
    std::rc::Rc::default()
}
#[monkey::patchable]
mod inside {
    pub fn within<'a: 'a>(_: &'a str) {}
}

fn keep_first(sink: &Sink<'static>) -> usize {
    store(sink.0);
    0
}
fn keep_longer(text: &'static str, other: &'static str) -> &'static str {
    store(other);
    text
}
fn keep_sink() -> std::rc::Rc<RefCell<Vec<&'static str>>> {
    std::rc::Rc::default()
}

fn closures_for_methods_of_traits() {
    let _guard = monkey::patch!(<Plain as Put>::put = |_: &Plain, text| store(text));
    let _guard = monkey::patch!(Plain::put = |_: &Plain, text| store(text));
    let _guard = monkey::patch!(<Vec<&str> as Put>::put = |_: &Vec<&str>, text| store(text));
}

fn closures_for_methods() {
    let _guard = monkey::patch!(Generic::<u8>::give = |_: &mut Generic<u8>, text, _| store(text));
    let _guard = monkey::patch!(Sink::new = |text| {
        store(text);
        Sink(text)
    });
    let _guard = monkey::patch!(Sink::end = |sink: Sink| store(sink.0));
}

fn closures_for_functions() {
    let _guard = monkey::patch!(same = |text| store(text));
    let _guard = monkey::patch!(clause::<u8> = |text, _: &u8| store(text));
    let _guard = monkey::patch!(inside::within = { |text| store(text) });
}

fn functions() {
    let _guard = monkey::patch!(<Sink as First>::first = keep_first);
    let _guard = monkey::patch!(same = store);
    let _guard = monkey::patch!(longer = keep_longer);
}

fn functions_that_give() {
    let _guard = monkey::patch!(result_sink = keep_sink);
}

fn main() {}
