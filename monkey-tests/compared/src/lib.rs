//! Production code, as it is written without a thought of tests: what monkey and injectorpp test. `tests/mockall.rs` has the same
//! with traits.
use std::hint::black_box;
use std::time::SystemTime;

#[inline(never)]
pub fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

#[inline(never)]
pub fn send(to: &str, amount: u32) -> bool {
    panic!("sends {amount} to {to}")
}

#[inline(never)]
pub fn log(text: &str) -> usize {
    black_box(text).len()
}

pub async fn fetch(id: u32) -> String {
    panic!("fetches {id}")
}

pub trait Store {
    fn put(&self, key: u32) -> bool;
}

pub struct Disk;

impl Store for Disk {
    #[inline(never)]
    fn put(&self, key: u32) -> bool {
        panic!("writes {key}")
    }
}

pub fn is_expired(end: u64) -> bool {
    now() > end
}

pub fn configured_port() -> u16 {
    std::fs::read_to_string("app.conf").map_or(80, |text| text.trim().parse().unwrap())
}

pub fn pay_all(names: &[&str]) -> usize {
    log("begin");
    let paid = names.iter().filter(|name| send(name, 5) || send(name, 5)).count();
    log("end");
    paid
}

pub fn save(store: &dyn Store) -> bool {
    store.put(1)
}

pub async fn title(id: u32) -> String {
    fetch(id).await.to_uppercase()
}

pub fn pay_from_a_thread() -> bool {
    std::thread::spawn(|| send("Ada", 5)).join().unwrap()
}

pub fn process() -> u32 {
    std::process::id()
}
