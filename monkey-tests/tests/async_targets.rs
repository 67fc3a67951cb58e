//! `async fn`s as targets.
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
async fn functions_of_other_crates() {
    let mut begun = Box::pin(foreign::load("begun"));
    assert!(futures_poll(begun.as_mut()).is_pending());
    let guard = monkey::patch!(foreign::load = returns(Ok("value".into())), tokio::time::sleep = returns(()));
    let start = std::time::Instant::now();
    tokio::time::sleep(std::time::Duration::from_secs(100)).await;
    assert!(start.elapsed().as_secs() < 50);
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
