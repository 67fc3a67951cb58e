//! `async fn`s as targets.
#![allow(clippy::unused_async, reason = "what is replaced has to be an `async fn`, not to wait")]
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

#[monkey::patchable]
async fn fetch(url: &str, tries: u8) -> Result<String, u8> {
    tokio::task::yield_now().await;
    Err(url.len() as u8 + tries)
}

async fn fake(url: &str, tries: u8) -> Result<String, u8> {
    tokio::task::yield_now().await;
    Ok(format!("{url}*{tries}"))
}

async fn page(url: &str) -> Result<String, u8> {
    fetch(url, 1).await
}

#[monkey::test(replace(fetch = async |url: &str, tries| Ok(format!("{url}!{tries}"))))]
#[tokio::test]
async fn an_async_closure_in_an_attribute() {
    assert_eq!(page("a").await.unwrap(), "a!1");
    assert_eq!(tokio::spawn(page("b")).await.unwrap().unwrap(), "b!1");
}

#[monkey::test(replace(fetch = fake))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_async_fn() {
    assert_eq!(page("a").await.unwrap(), "a*1");
    assert_eq!(tokio::spawn(page("b")).await.unwrap().unwrap(), "b*1");
}

#[monkey::test(replace(fetch = returns(Ok("fixed".into()))))]
#[tokio::test]
async fn a_value() {
    assert_eq!(page("a").await.unwrap(), "fixed");
}

#[monkey::test(replace(fetch = sequence[Ok("one".into()), Err(9), ..]), expect(fetch = 3))]
#[tokio::test]
async fn values_in_turn() {
    assert_eq!((page("a").await, page("a").await, page("abc").await), (Ok("one".into()), Err(9), Err(4)));
}

#[tokio::test]
async fn captures_and_originals() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let guard = monkey::patch!(
        fetch = async move |url: &str, tries| {
            kept.lock().unwrap().push(url.to_owned());
            monkey::original!(fetch(url, tries + 10).await)
        }
    );
    assert_eq!(page("abc").await, Err(14));
    assert_eq!(monkey::calls!(fetch), 1);
    assert_eq!(monkey::original!(fetch("abc", 0).await), Err(3));
    assert_eq!(monkey::calls!(fetch), 1);
    drop(guard);
    assert_eq!(page("abc").await, Err(4));
    assert_eq!(*seen.lock().unwrap(), ["abc"]);
    assert_eq!(Arc::strong_count(&seen), 1);
}

struct Shop {
    name: String,
}

#[monkey::patchable]
impl Shop {
    async fn new(name: &str) -> Self {
        Self { name: name.into() }
    }
    async fn name(&self, _: &str) -> &str {
        &self.name
    }
    async fn rename(&mut self, name: String) {
        self.name = name;
    }
    async fn close(self) -> String {
        self.name
    }
}

#[tokio::test]
async fn methods() {
    let _guard = monkey::patch!(
        Shop::new = async |name: &str| Shop { name: format!("new {name}") },
        Shop::name = async |shop: &Shop, _| &shop.name[1..],
        Shop::rename = async |shop: &mut Shop, name| shop.name.push_str(&name),
        Shop::close = async |_: Shop| "closed".into(),
    );
    let mut shop = Shop::new("shop").await;
    assert_eq!(shop.name("x").await, "ew shop");
    shop.rename("!".into()).await;
    assert_eq!(shop.name, "new shop!");
    assert_eq!(shop.close().await, "closed");
    let _guard = monkey::patch!(Shop::name = returns("lent"));
    assert_eq!(Shop { name: String::new() }.name("x").await, "lent");
}

trait Store {
    async fn get(&self, key: &str) -> Option<u32>;
}
struct Disk;
impl Store for Disk {
    #[monkey::patchable]
    async fn get(&self, _: &str) -> Option<u32> {
        None
    }
}

#[monkey::patchable]
async fn parse<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[tokio::test]
async fn traits_and_generics() {
    let _guard = monkey::patch!(
        <Disk as Store>::get = async |_: &Disk, key: &str| Some(key.len() as u32),
        parse::<u8> = async |_: &str| Some(7),
    );
    assert_eq!(Disk.get("four").await, Some(4));
    assert_eq!((parse::<u8>("1").await, parse::<u16>("1").await), (Some(7), Some(1)));
    let _guard = monkey::patch!(<Disk as Store>::get = sequence[Some(1), None]);
    assert_eq!((Disk.get("").await, Disk.get("").await), (Some(1), None));
}

#[tokio::test]
async fn futures_that_have_begun_go_on() {
    let mut begun = Box::pin(fetch("abc", 0));
    assert!(futures_poll(begun.as_mut()).is_pending());
    let not_begun = fetch("abc", 0);
    let _guard = monkey::patch!(fetch = returns(Ok("new".into())));
    assert_eq!(begun.await, Err(3));
    assert_eq!(not_begun.await, Ok("new".into()));
}

fn futures_poll<F: Future>(future: std::pin::Pin<&mut F>) -> std::task::Poll<F::Output> {
    future.poll(&mut std::task::Context::from_waker(std::task::Waker::noop()))
}

#[tokio::test]
async fn during_a_block() {
    let count = AtomicUsize::new(0);
    monkey::during!(fetch = returns({ count.fetch_add(1, SeqCst); Ok(String::new()) }); {
        assert!(futures_poll(std::pin::pin!(fetch("", 0))).is_ready());
    });
    assert_eq!(count.load(SeqCst), 1);
}

mod foreign {
    //! As another crate's.
    pub async fn load(path: &str) -> std::io::Result<String> {
        tokio::task::yield_now().await;
        Ok(path.to_owned())
    }
}

#[tokio::test]
async fn named_futures_of_other_crates() {
    let _guard = monkey::patch!(tokio::time::sleep = returns(()));
    let start = std::time::Instant::now();
    tokio::time::sleep(std::time::Duration::from_secs(100)).await;
    assert!(start.elapsed().as_secs() < 50);
}

/// There a body may be compiled for one caller alone, who passes other arguments.
#[tokio::test]
async fn functions_of_other_crates_are_refused_where_they_are_optimised() {
    let patched = monkey::try_patch!(foreign::load = returns(Ok("value".into())));
    if cfg!(debug_assertions) {
        drop(patched.unwrap());
        return;
    }
    let error = patched.unwrap_err().to_string();
    assert!(
        error.contains("in an optimised build its body may be compiled for each caller alone"),
        "{error}"
    );
    assert_eq!(foreign::load("x").await.unwrap(), "x");
}

#[cfg(debug_assertions)]
#[tokio::test]
async fn functions_of_other_crates() {
    let mut begun = Box::pin(foreign::load("begun"));
    assert!(futures_poll(begun.as_mut()).is_pending());
    let guard = monkey::patch!(foreign::load = returns(Ok("value".into())));
    assert_eq!(foreign::load("x").await.unwrap(), "value");
    assert_eq!(begun.await.unwrap(), "begun");
    assert_eq!(monkey::original!(foreign::load("original").await).unwrap(), "original");
    drop(guard);
    let _guard = monkey::patch!(foreign::load = sequence[Ok("first".into()), ..]);
    assert_eq!(
        (foreign::load("x").await.unwrap(), foreign::load("y").await.unwrap()),
        ("first".into(), "y".into())
    );
}

mod elsewhere {
    //! Functions with what a closure cannot be held to, and types with lifetimes.
    pub struct Sink<'a>(pub &'a str);

    #[monkey::patchable]
    impl<'a> Sink<'a> {
        pub async fn put(&self, text: &'a str) -> usize {
            self.0.len() + text.len()
        }
        pub async fn text(&self) -> &'a str {
            self.0
        }
    }

    #[monkey::patchable]
    pub async fn longest<'a>(left: &'a str, right: &'a str) -> &'a str {
        if left.len() < right.len() { right } else { left }
    }

    #[monkey::patchable]
    pub async fn keep<T: Clone>(value: T) -> T {
        value
    }

    #[monkey::patchable]
    pub async fn show(value: impl std::fmt::Display) -> String {
        value.to_string()
    }

    #[monkey::patchable]
    pub async fn label(_: &str) -> &'static str {
        "own"
    }
}

#[tokio::test]
async fn what_borrows_in_other_ways() {
    use elsewhere::{Sink, keep, label, longest};
    let text = String::from("text");
    let sink = Sink(&text);
    let _guard = monkey::patch!(Sink::put = returns(7), label = returns("fixed"), longest = returns("lent"));
    assert_eq!((sink.put("x").await, label("").await, longest("a", &text).await), (7, "fixed", "lent"));
    let refused = |error: monkey::PatchError, words: &str| {
        let text = error.to_string();
        assert!(text.contains("it is an `async fn`, and") && text.contains(words), "{text}");
    };
    refused(
        monkey::try_patch!(keep::<&str> = async |value: &str| value).unwrap_err(),
        "in `(core::marker::PhantomData<&str>,)`",
    );
    refused(
        monkey::try_patch!(keep::<&'static str> = returns("kept")).unwrap_err(),
        "in `(core::marker::PhantomData<&str>,)`",
    );
    assert_eq!((keep(3).await, keep("a").await), (3, "a"));
    let guard = monkey::patch!(keep::<u8> = async |value: u8| value + 1);
    assert_eq!((keep(3u8).await, keep(3u16).await), (4, 3));
    drop(guard);
    let error = monkey::try_patch!(Sink::text = returns("lent")).unwrap();
    assert_eq!(sink.text().await, "lent");
    drop(error);
    assert_eq!(elsewhere::show(3).await, "3");
}

#[tokio::test]
async fn a_watched_one_is_counted_when_it_is_polled() {
    let guard = monkey::patch!(watch(fetch), expect(fetch = 1));
    drop(fetch("never polled", 1));
    assert_eq!(page("abc").await, Err(4));
    assert_eq!(monkey::calls!(fetch), 1);
    drop(guard);
}

struct Loud(Arc<AtomicUsize>);
impl Drop for Loud {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[monkey::patchable]
async fn takes(_first: Loud, Loud(second): &Loud) -> usize {
    second.load(SeqCst)
}

#[tokio::test]
async fn arguments_and_environments_are_dropped_once() {
    let (dropped, kept, captured) = <(Arc<AtomicUsize>, Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let other = Loud(kept.clone());
    let guard = monkey::patch!(takes = returns(5));
    assert_eq!(takes(Loud(dropped.clone()), &other).await, 5);
    assert_eq!(dropped.load(SeqCst), 1);
    drop(guard);
    let environment = Loud(captured.clone());
    let guard = monkey::patch!(
        takes = async move |_: Loud, other: &Loud| {
            let _ = &environment;
            tokio::task::yield_now().await;
            other.0.load(SeqCst) + 6
        }
    );
    let mut begun = Box::pin(takes(Loud(dropped.clone()), &other));
    assert!(futures_poll(begun.as_mut()).is_pending());
    drop(guard);
    assert_eq!((dropped.load(SeqCst), captured.load(SeqCst)), (1, 0), "a call is under way");
    assert_eq!(begun.await, 6);
    assert_eq!((dropped.load(SeqCst), captured.load(SeqCst)), (2, 1));
    let guard = monkey::patch!(takes = async |_: Loud, _: &Loud| std::future::pending().await);
    let mut begun = Box::pin(takes(Loud(dropped.clone()), &other));
    assert!(futures_poll(begun.as_mut()).is_pending());
    drop(begun);
    assert_eq!(dropped.load(SeqCst), 3);
    drop(guard);
    assert_eq!(kept.load(SeqCst), 0);
}

#[monkey::test(replace(fetch = async |_: &str, _| Ok("whole".into())), scope = process)]
#[tokio::test]
async fn every_thread() {
    assert_eq!(page("a").await.unwrap(), "whole");
}

/// The scope is that of whoever polls first, not of whoever made the future.
#[test]
fn whoever_polls_first() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let made_outside = page("abc");
    let guard = monkey::patch!(fetch = returns(Ok("in scope".into())));
    let made_inside = page("abc");
    assert_eq!(runtime.block_on(made_outside), Ok("in scope".into()));
    drop(guard);
    assert_eq!(runtime.block_on(made_inside), Err(4));
}

#[test]
fn panics_reach_who_awaits() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let _guard = monkey::patch!(fetch = returns(panic!("no network")));
    let thrown =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| runtime.block_on(page("")))).unwrap_err();
    assert_eq!(*thrown.downcast_ref::<&str>().unwrap(), "no network");
}

fn said_at_the_end(guard: monkey::PatchGuard) -> String {
    let thrown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(guard))).unwrap_err();
    *thrown.downcast::<String>().unwrap()
}

#[test]
fn one_that_is_not_polled_was_not_called() {
    let guard = monkey::patch!(replace(fetch = returns(Ok(String::new()))), expect(fetch = 1));
    drop(fetch("", 1));
    let said = said_at_the_end(guard);
    assert!(said.contains("`fetch` was replaced by") && said.contains("never called"), "{said}");
}

#[tokio::test]
async fn past_the_end() {
    let guard = monkey::patch!(fetch = sequence[Ok(String::new())]);
    assert!(page("").await.is_ok());
    let thrown = tokio::spawn(page("")).await.unwrap_err().into_panic();
    let thrown = thrown.downcast_ref::<String>().unwrap();
    assert!(thrown.contains("`fetch` was called once more than its sequence has values"), "{thrown}");
    let said = said_at_the_end(guard);
    assert!(said.contains("where its sequence has 1 values"), "{said}");
}

#[tokio::test]
async fn what_is_not_patchable_takes_no_arguments() {
    let error = monkey::try_patch!(foreign::load = async |path: &str| Ok(path.to_owned())).unwrap_err();
    assert!(error.to_string().contains("returns(..)"), "{error}");
    assert_eq!(foreign::load("own").await.unwrap(), "own");
}

#[async_trait::async_trait]
trait Wire: Send + Sync {
    async fn send(&self, bytes: &[u8]) -> Result<usize, String>;
    async fn name(&self) -> &str;
}
struct Socket;

#[monkey::patchable]
#[async_trait::async_trait]
impl Wire for Socket {
    async fn send(&self, bytes: &[u8]) -> Result<usize, String> {
        tokio::task::yield_now().await;
        Err(format!("{} bytes for nobody", bytes.len()))
    }
    async fn name(&self) -> &str {
        "own"
    }
}

#[monkey::test(replace(<Socket as Wire>::send = async |_: &Socket, bytes: &[u8]| Ok(bytes.len())))]
#[tokio::test]
async fn methods_of_async_trait() {
    let wire: Arc<dyn Wire> = Arc::new(Socket);
    assert_eq!(wire.send(b"four").await, Ok(4));
    let sent = tokio::spawn(async move { wire.send(b"two").await });
    assert_eq!(sent.await.unwrap(), Ok(3));
}

async fn ten_times(_: &Socket, bytes: &[u8]) -> Result<usize, String> {
    Ok(bytes.len() * 10)
}

#[tokio::test]
async fn values_and_functions_for_methods_of_async_trait() {
    let wire: Arc<dyn Wire> = Arc::new(Socket);
    let guard =
        monkey::patch!(<Socket as Wire>::send = returns(Ok(7)), <Socket as Wire>::name = returns("other"));
    assert_eq!((wire.send(b"four").await, wire.name().await), (Ok(7), "other"));
    drop(guard);
    let guard = monkey::patch!(<Socket as Wire>::send = sequence[Ok(1), Err("no".into()), ..]);
    assert_eq!((wire.send(b"four").await, wire.send(b"").await), (Ok(1), Err("no".into())));
    assert_eq!(wire.send(b"four").await, Err("4 bytes for nobody".into()));
    drop(guard);
    let _guard = monkey::patch!(<Socket as Wire>::send = ten_times);
    assert_eq!(wire.send(b"four").await, Ok(40));
}

type Boxed<'a> = std::pin::Pin<Box<dyn Future<Output = usize> + Send + 'a>>;

#[monkey::patchable]
fn boxed(text: &str) -> Boxed<'_> {
    Box::pin(async move { text.len() })
}

fn longer(text: &str) -> Boxed<'_> {
    Box::pin(async move { text.len() + 1 })
}

#[tokio::test]
async fn a_boxed_future_is_given_as_it_is() {
    let error = monkey::try_patch!(boxed = returns(7)).unwrap_err();
    assert!(
        matches!(error.cause(), monkey::Cause::BoxedFuture) && error.to_string().contains("Box::pin(async"),
        "{error}"
    );
    assert_eq!(boxed("own").await, 3);
    let _guard = monkey::patch!(boxed = longer);
    assert_eq!(boxed("own").await, 4);
}

#[monkey::patchable]
fn sendable() -> Boxed<'static> {
    Box::pin(async { 5 })
}

/// A value's type does not show: that it is a future is said by `Box::pin`.
#[monkey::test(replace(sendable = sequence[Box::pin(longer("four")), { Box::pin(boxed("six")) }, ..]))]
#[tokio::test]
async fn a_call_that_gives_a_boxed_future_is_boxed() {
    assert_eq!((sendable().await, sendable().await, sendable().await), (5, 3, 5));
}

#[monkey::patchable]
fn made<T: Default>() -> T {
    T::default()
}

#[test]
fn a_generic_function_gets_the_value_s_type() {
    let _guard = monkey::patch!(made = returns(5u8));
    assert_eq!((made::<u8>(), made::<u16>()), (5, 0));
}

/// In a generic function nobody knows that the target's future is `Send`.
fn generic_patch<T: Clone + 'static>() -> monkey::PatchGuard {
    monkey::patch!(
        elsewhere::keep::<T> = async |value: T| {
            let on_its_thread = std::rc::Rc::new(0);
            tokio::task::yield_now().await;
            drop(on_its_thread);
            value
        }
    )
}

#[tokio::test]
async fn a_future_that_is_not_send_stays_on_its_thread() {
    let _guard = generic_patch::<u64>();
    assert_eq!(elsewhere::keep(1u64).await, 1);
    let mut begun = Box::pin(elsewhere::keep(1u64));
    assert!(futures_poll(begun.as_mut()).is_pending());
    let thrown = std::thread::spawn(move || {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| futures_poll(begun.as_mut()))).unwrap_err()
    });
    let thrown = thrown.join().unwrap();
    assert!(thrown.downcast_ref::<&str>().unwrap().contains("is polled by another thread"));
}

#[monkey::patchable]
async fn local(number: std::rc::Rc<u8>) -> u8 {
    tokio::task::yield_now().await;
    *number
}

#[tokio::test]
async fn one_that_is_not_send_takes_any() {
    let _guard = monkey::patch!(
        local = async |number: std::rc::Rc<u8>| {
            tokio::task::yield_now().await;
            *number + 1
        }
    );
    assert_eq!(local(std::rc::Rc::new(1)).await, 2);
}

fn over_at_once(time: std::time::Duration) -> tokio::time::Sleep {
    assert_eq!(time.as_secs(), 3600);
    monkey::original!(tokio::time::sleep(std::time::Duration::ZERO))
}

/// A future that has a name is given as it is, by whatever gives one. The replacement has another pointer to its target than the list,
/// where the function takes its caller's place and each part of the program has a stand-in of its own.
#[monkey::test(replace(tokio::time::sleep = over_at_once), expect(tokio::time::sleep = 1))]
#[tokio::test]
async fn a_function_gives_a_future_that_has_a_name() {
    tokio::time::sleep(std::time::Duration::from_hours(1)).await;
}
