//! The lifetime of a trait's impl.
#![forbid(unsafe_code)]
use std::sync::Mutex;

static KEPT: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

trait Put<'a> {
    fn put(&self, text: &'a str);
}

struct Sink;

#[monkey::patchable]
impl<'a> Put<'a> for Sink {
    fn put(&self, text: &'a str) {
        println!("{text}");
    }
}

fn main() {
    let _guard = monkey::patch!(<Sink as Put>::put = |_: &Sink, text| KEPT.lock().unwrap().push(text));
    Sink.put(&String::from("freed soon"));
    println!("{:?}", KEPT.lock().unwrap());
}
