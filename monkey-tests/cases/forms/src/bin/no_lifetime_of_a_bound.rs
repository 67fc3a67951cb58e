//! `'a: 'a` makes it early bound, so that inference would take `'static`.
#![forbid(unsafe_code)]
use std::sync::Mutex;

static KEPT: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

#[monkey::patchable]
fn put<'a: 'a>(text: &'a str) -> usize {
    text.len()
}

fn keep(text: &'static str) -> usize {
    KEPT.lock().unwrap().push(text);
    0
}

fn main() {
    let _guard = monkey::patch!(put = keep);
    put(&String::from("freed soon"));
    println!("{:?}", KEPT.lock().unwrap());
}
