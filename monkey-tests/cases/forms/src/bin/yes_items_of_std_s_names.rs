//! A user's items may be called as the standard library's are that the expansion names, or as the compiler's own tools.
#![allow(dead_code, non_camel_case_types)]
#[allow(unused_macros)]
macro_rules! concat {
    ($($any:tt)*) => {
        compile_error!("not this one")
    };
}
#[allow(unused_macros)]
macro_rules! module_path {
    ($($any:tt)*) => {
        compile_error!("not this one")
    };
}
#[allow(unused_macros)]
macro_rules! vec {
    ($($any:tt)*) => {
        compile_error!("not this one")
    };
}
#[allow(unused_macros)]
macro_rules! panic {
    ($($any:tt)*) => {
        compile_error!("not this one")
    };
}
struct FnOnce;
struct AsyncFn;
struct Pin;
struct Context;
struct Poll;
struct PhantomData;
struct Iterator;
struct Fn;
struct FnMut;
struct Option;
struct Some;
struct None;
struct Result;
struct Sized;
struct Copy;
struct Clone;
struct Box;
struct Vec;
struct String;
struct Send;
struct Sync;
struct Drop;
struct Future;
struct Into;
struct From;
struct Default;
struct Ok;
struct Err;
mod core {}
mod std {}
mod alloc {}
mod diagnostic {}
mod clippy {}
struct usize_;
type u64 = ();
type bool = ();
type usize = ();
type u8 = ();
type str_ = ();
type i32 = ();
type char = ();
#[monkey::patchable]
fn now(x: &str, y: u32) -> u32 {
    x.len() as u32 + y
}
#[monkey::patchable]
fn text(x: &str) -> &str {
    x
}
struct S<'a>(&'a str);
#[monkey::patchable]
impl<'a> S<'a> {
    fn put(&mut self, t: &'a str) {
        self.0 = t;
    }
    fn get(&self) -> &'a str {
        self.0
    }
}
trait Tr<'a> {
    fn m(&self, x: &'a str) -> &'a str;
}
#[monkey::patchable]
impl<'a> Tr<'a> for S<'a> {
    fn m(&self, x: &'a str) -> &'a str {
        x
    }
}
#[monkey::patchable]
async fn soon(x: u32) -> u32 {
    x
}
fn put<'a>(_: &mut S<'a>, _: &'a str) {}
#[monkey::with(replace(now = |_: &str, _| 3, S::put = put), expect(now = 1..))]
fn f() -> u32 {
    let mut s = S("a");
    s.put("b");
    assert_eq!(s.0, "a");
    now("a", 1)
}
#[monkey::with(replace(now = returns(3)), watch(text), expect(now = 1, order[now, text]))]
fn g() -> u32 {
    let r = now("a", 1);
    text("a");
    r
}
#[monkey::with(replace(now = returns(3)), partly(now))]
async fn h() -> u32 {
    now("a", 1)
}
struct Later;
#[monkey::patchable]
impl Later {
    async fn length(&self, text: &str) -> u32 {
        text.len() as u32
    }
}
async fn later(_: &Later, _: &str) -> u32 {
    8
}
#[monkey::patchable]
mod marked {
    pub fn plain(x: u32) -> u32 {
        x
    }
    pub async fn slow(x: u32) -> u32 {
        x
    }
}
fn ready<R>(future: impl ::core::future::Future<Output = R>) -> R {
    let mut future = ::core::pin::pin!(future);
    let mut context = ::core::task::Context::from_waker(::core::task::Waker::noop());
    match ::core::future::Future::poll(::core::pin::Pin::as_mut(&mut future), &mut context) {
        ::core::task::Poll::Ready(value) => value,
        ::core::task::Poll::Pending => ::core::unreachable!(),
    }
}
fn asynchronous() {
    let _slow = monkey::patch!(soon = async |x| x + 1, marked::slow = returns(9), marked::plain = sequence[4, ..]);
    ::core::assert_eq!((ready(soon(1)), ready(marked::slow(1))), (2, 9));
    ::core::assert_eq!((marked::plain(1), marked::plain(1)), (4, 1));
    let _path = monkey::patch!(Later::length = later);
    ::core::assert_eq!(ready(Later.length("")), 8);
    ::core::assert_eq!(ready(async { monkey::original!(Later::length(&Later, "abc").await) }), 3);
}
#[monkey::with(replace(soon = returns(5)))]
async fn framed() -> u32 {
    soon(1).await
}
fn main() {
    asynchronous();
    ::core::assert_eq!(ready(framed()), 5);
    f();
    g();
    let k = 7;
    let _g = monkey::patch!(now = move |_: &str, _| k);
    let mut n = 0;
    monkey::during!(text = |x: &str| -> &str { n += 1; x }; { text("q"); });
    let _h = monkey::patch!(text = sequence["a", "b", ..]);
    text("q");
    let _x = monkey::original!(now("a", 2));
    let _c = monkey::calls!(now);
}
