//! No name of the expansion comes from the prelude.
#![no_implicit_prelude]
#[::monkey::patchable]
fn now(x: &str, y: u32) -> u32 {
    x.len() as u32 + y
}
#[::monkey::patchable]
fn text(x: &str) -> &str {
    x
}
struct S<'a>(&'a str);
#[::monkey::patchable]
impl<'a> S<'a> {
    fn put(&mut self, t: &'a str) {
        self.0 = t;
    }
    fn get(&self) -> &'a str {
        self.0
    }
}
#[::monkey::patchable]
trait D {
    fn d(&self, x: &str) -> u32 {
        x.len() as u32
    }
}
impl D for u8 {}
fn put<'a>(_: &mut S<'a>, _: &'a str) {}
#[::monkey::with(replace(now = |_: &str, _| 3, S::put = put), expect(now = 1..))]
fn f() -> u32 {
    let mut s = S("a");
    s.put("b");
    s.get();
    1u8.d("a");
    now("a", 1)
}
#[::monkey::with(replace(now = returns(3)), watch(text), expect(now = 1, order[now, text]))]
fn g() -> u32 {
    let r = now("a", 1);
    text("a");
    r
}
#[::monkey::patchable]
async fn soon(x: u32) -> u32 {
    x
}

struct Later;
#[::monkey::patchable]
impl Later {
    async fn length(&self, text: &str) -> u32 {
        text.len() as u32
    }
}
async fn later(_: &Later, _: &str) -> u32 {
    8
}
#[::monkey::patchable]
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
    let _slow = ::monkey::patch!(soon = async |x| x + 1, marked::slow = returns(9), marked::plain = sequence[4, ..]);
    ::core::assert_eq!((ready(soon(1)), ready(marked::slow(1))), (2, 9));
    ::core::assert_eq!((marked::plain(1), marked::plain(1)), (4, 1));
    let _path = ::monkey::patch!(Later::length = later);
    ::core::assert_eq!(ready(Later.length("")), 8);
    ::core::assert_eq!(ready(async { ::monkey::original!(Later::length(&Later, "abc").await) }), 3);
}
#[::monkey::with(replace(soon = returns(5)))]
async fn framed() -> u32 {
    soon(1).await
}
fn main() {
    asynchronous();
    ::core::assert_eq!(ready(framed()), 5);
    f();
    g();
    let k = 7;
    let _g = ::monkey::patch!(now = move |_: &str, _| k);
    let mut n = 0;
    ::monkey::during!(text = |x: &str| -> &str { n += 1; x }; { text("q"); });
    let _h = ::monkey::patch!(text = sequence["a", "b", ..]);
    text("q");
    let _x = ::monkey::original!(now("a", 2));
    let _c = ::monkey::calls!(now);
}
