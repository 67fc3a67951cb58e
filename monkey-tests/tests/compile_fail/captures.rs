//! Attacks: what a replacement is lent must not be kept, and what it keeps must live long enough.
use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
fn len(text: &str) -> usize { text.len() }
fn first<'a>(text: &'a str, _other: &str) -> &'a str { text }
fn register<'a>(slot: &Cell<&'a str>, text: &'a str) { slot.set(text) }
fn pick(text: &Cell<&'static str>) -> &'static str { text.get() }
fn now() -> u64 { 1 }
static KEPT: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

fn kept_in_a_static() {
    let n = 1;
    let _guard = monkey::patch!(len = move |text: &str| { KEPT.lock().unwrap().push(text); n });
}
fn kept_without_annotation() {
    let n = 1;
    let _guard = monkey::patch!(len = move |text| { KEPT.lock().unwrap().push(text); n });
}
fn kept_in_a_captured_cell() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let _guard = monkey::patch!(len = move |text: &str| { kept.lock().unwrap().push(text); 1 });
}
fn kept_in_an_outer_variable() {
    let mut kept = "";
    let _guard = monkey::patch!(len = move |text: &str| { kept = text; kept.len() });
}
fn not_annotated() {
    let n = 1;
    let _guard = monkey::patch!(len = move |text| n);
}
fn invariant() {
    let n = 1;
    let _guard = monkey::patch!(register = move |slot: &Cell<&'static str>, text: &str| { slot.set("x"); let _ = n; });
}
fn result_of_another() {
    let n = 1;
    let _guard = monkey::patch!(first = move |text: &str, other: &str| -> &str { let _ = n; other });
}
fn result_not_written() {
    let n = 1;
    let _guard = monkey::patch!(first = move |text: &str, other: &str| { let _ = n; text });
}
fn captured_result() {
    let own = String::new();
    let _guard = monkey::patch!(first = move |text: &str, other: &str| -> &str { &own });
}
fn not_send() {
    let n = Rc::new(1);
    let _guard = monkey::patch!(now = move || *n);
}
fn not_sync() {
    let n = Cell::new(1);
    let _guard = monkey::patch!(now = move || n.get());
}
fn not_send_and_changes() {
    let mut n = Rc::new(1);
    let _guard = monkey::patch!(now = move || { n = Rc::new(2); *n });
}
fn once() {
    let n = vec![1u64];
    let _guard = monkey::patch!(now = move || n.into_iter().sum());
}
fn borrows() {
    let n = 1;
    let r = &n;
    let _guard = monkey::patch!(now = move || *r);
}
fn borrows_without_move() {
    let n = 1;
    let _guard = monkey::patch!(now = || n);
}
fn wrong_arity() {
    let n = 1;
    let _guard = monkey::patch!(now = move |x: u32| n);
}
fn wrong_result() {
    let n = "";
    let _guard = monkey::patch!(now = move || n);
}
fn result_of_a_captured_value() {
    let own = String::new();
    let _guard = monkey::patch!(User::name = move |_: &User| -> &str { &own });
}
fn a_block_does_not_keep_what_it_lends() {
    let mut kept = "";
    monkey::during!(len = |text: &str| { kept = text; 1 }; {});
    println!("{kept}");
}
fn a_block_is_not_left_with_what_it_borrows() {
    let handle;
    {
        let text = String::new();
        handle = monkey::during!(now = || text.len() as u64; { std::thread::spawn(|| text.len()) });
    }
    handle.join().unwrap();
}
async fn a_block_does_not_wait() {
    monkey::during!(now = || 1; { std::future::ready(()).await });
}
fn a_value_that_lives_too_short() {
    let own = String::new();
    let _guard = monkey::patch!(User::name = returns(own.as_str()));
}
fn an_invariant_value() {
    static SLOT: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());
    let _guard = monkey::patch!(slot = returns(&SLOT));
}
fn a_value_of_another_type() {
    let _guard = monkey::patch!(now = returns("five"), len = sequence[1, "two"]);
}
fn no_block() {
    monkey::during!(now = returns(1));
}
unsafe fn not_safe() -> u64 { 1 }
extern "C" fn foreign() -> u64 { 1 }
fn not_by_a_value() {
    let _guard = monkey::patch!(not_safe = returns(1));
}
fn not_by_values() {
    let _guard = monkey::patch!(foreign = sequence[1, 2]);
}
fn not_by_what_captures() {
    let more = 1;
    let _guard = monkey::patch!(foreign = move || more);
}
struct User { name: String }
impl User {
    fn name(&self) -> &str { &self.name }
}
fn slot<'a>(text: &'a str) -> &'a Mutex<Vec<&'a str>> { Box::leak(Box::new(Mutex::new(vec![text]))) }
fn main() {}
fn that_captures_nothing_and_leaves_a_type_out() {
    let _guard = monkey::patch!(len = |_| 3);
}
fn kept_by_name() {
    let n = 1;
    let _guard = monkey::patch!(len = move |text: &'a str| { KEPT.lock().unwrap().push(text); n });
}
fn result_of_another_by_name() {
    let n = 1;
    let _guard = monkey::patch!(first = move |text: &'a str, other: &'b str| -> &'a str { let _ = (n, text); other });
}
fn put_in_a_slot_of_another_lifetime() {
    let n = 1;
    let _guard = monkey::patch!(register = move |slot: &Cell<&'a str>, text: &'b str| { slot.set(text); let _ = n; });
}
fn kept_for_the_targets_lifetime() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let _guard = monkey::patch!(std::env::var = move |name: &str| { kept.lock().unwrap().push(name); Ok(String::new()) });
}
