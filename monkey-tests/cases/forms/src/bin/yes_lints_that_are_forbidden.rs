//! What a user has forbidden nobody may allow again, the expansion neither.
#![forbid(unsafe_code, unused, nonstandard_style, missing_docs, unreachable_pub, single_use_lifetimes, unused_qualifications)]
#![forbid(elided_lifetimes_in_paths, unused_lifetimes, unused_results, trivial_casts, dead_code, let_underscore_drop)]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

#[monkey::patchable]
fn now(x: u32) -> u32 {
    x
}

#[monkey::patchable]
fn text(x: &str) -> &str {
    x
}

fn target(x: u32) -> u32 {
    x
}

fn other(x: u32) -> u32 {
    x + 1
}

struct Sink<'a>(&'a str);

#[monkey::patchable]
impl<'a> Sink<'a> {
    fn put(&mut self, x: &'a str) {
        self.0 = x;
    }
}

fn put<'a>(_: &mut Sink<'a>, _: &'a str) {}

trait Shape {
    fn area(&self) -> usize;
}

#[monkey::patchable]
impl Shape for Sink<'_> {
    fn area(&self) -> usize {
        self.0.len()
    }
}

#[monkey::patchable]
async fn soon(x: u32) -> u32 {
    x
}


fn ready<R>(future: impl Future<Output = R>) -> Option<R> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

#[monkey::with(replace(now = other, Sink::put = put, <Sink<'_> as Shape>::area = |_: &Sink<'_>| 3), watch(text), expect(now = 1, order[now, text]))]
fn by_an_attribute() -> u32 {
    let mut sink = Sink("a");
    sink.put("b");
    assert_eq!((sink.0, sink.area(), now(1), text("a")), ("a", 3, 2, "a"));
    2
}

#[monkey::with(replace(soon = returns(5), target = sequence[1, ..]))]
async fn framed() -> Result<u32, std::num::ParseIntError> {
    Ok(soon("1".parse()?).await + target(1))
}

fn main() {
    assert_eq!((ready(framed()), ready(soon(1)), by_an_attribute()), (Some(Ok(6)), Some(1), 2));
    let add = 7;
    let guard = monkey::patch!(target = move |x| x + add, soon = async |x| x + 1);
    assert_eq!((target(1), ready(soon(1))), (8, Some(2)));
    assert_eq!((monkey::original!(target(1)), monkey::calls!(target)), (1, 1));
    drop(guard);
    let mut seen = 0;
    monkey::during!(text = |x: &str| -> &str { seen += x.len(); x }; { assert_eq!(text("ab"), "ab") });
    let tried = monkey::try_patch!(replace(now = returns(3)), expect(now = ..));
    assert_eq!((tried.is_ok(), now(1), seen), (true, 3, 2));
}
