//! A user's blanket trait may have methods of the engine's names that take what they are called on by value.
#![allow(dead_code)]
trait Takes: Sized {
    fn takes(self, _: u8) -> u32 {
        0
    }
    fn take(self) -> u32 {
        0
    }
    fn hint(self) -> u32 {
        0
    }
    fn of_every_lifetime(self, _: u8) -> u32 {
        0
    }
    fn run(self) {}
    fn argument1(self) {}
    fn argument0(self) {}
    fn function(self) {}
    fn alone(self) {}
    fn capturing(self) {}
    fn in_turn(self) {}
    fn expect(self) {}
    fn of_type(self) {}
    fn expand(self) {}
    fn call(self) {}
    fn map(self) {}
    fn unwrap(self) {}
    fn into(self) {}
    fn clone(self) {}
    fn as_ref(self) {}
    fn of(self) {}
    fn new(self) {}
    fn in_common(self) {}
    fn optimised(self) {}
    fn ordered(self) {}
    fn place(self) {}
    fn kind(self) {}
    fn shape(self) {}
    fn pointer(self) {}
    fn target(self) {}
    fn receiver(self) {}
    fn signature(self) {}
    fn next(self) {}
    fn run_async(self) {}
    fn run_to_panic(self) {}
    fn given(self) {}
    fn asked(self) {}
    fn row(self) {}
    fn lifetimes(self) {}
    fn keeps(self) {}
    fn standing(self) {}
    fn standing_copy(self) {}
    fn stand(self) {}
    fn output(self) {}
    fn future(self) {}
    fn future_of(self) {}
    fn argument2(self) {}
    fn argument3(self) {}
    fn argument4(self) {}
    fn argument5(self) {}
    fn argument6(self) {}
    fn argument7(self) {}
    fn probe(self) {}
    fn keep(self) {}
    fn keep_in_turn(self) {}
    fn returns(self) {}
    fn begin(self) {}
    fn poll(self) {}
    fn shaped(self) {}
    fn watch(self) {}
    fn test(self) {}
    fn with(self) {}
    fn run_async_to_panic(self) {}
    fn partly(self) {}
    fn hermetic(self) {}
    fn step(self) {}
    fn enter(self) {}
    fn original(self) {}
    fn stack(self) {}
    fn calls(self) {}
    fn add(self) {}
    fn get(self) {}
}
impl<T> Takes for T {}
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
    assert!(monkey::try_patch!(now = now).is_err());
}
