//! What does not stand in for an `async fn`, the attacks on lifetimes among it.
use std::borrow::Cow;
use std::cell::Cell;
use std::rc::Rc;
use std::sync::Mutex;

#[monkey::patchable]
async fn fetch(url: &str, tries: u8) -> Result<String, u8> {
    Err(url.len() as u8 + tries)
}

#[monkey::patchable]
async fn shorten(text: &str) -> Cow<'_, str> {
    text.into()
}

struct User(String);

#[monkey::patchable]
impl User {
    async fn name(&self, _: &str) -> &str {
        &self.0
    }
}

fn sync(url: &str) -> usize {
    url.len()
}

async fn other(_: &str) -> Result<String, u8> {
    Err(1)
}

async fn keeps(_: &'static str, _: u8) -> Result<String, u8> {
    Err(1)
}

static KEPT: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

fn an_argument_is_kept() {
    let _guard = monkey::patch!(fetch = async |url, _| {
        KEPT.lock().unwrap().push(url);
        Err(1)
    });
}

fn an_argument_is_kept_that_says_it_may_be() {
    let _guard = monkey::patch!(fetch = async |url: &'static str, _| {
        KEPT.lock().unwrap().push(url);
        Err(1)
    });
}

fn a_function_wants_what_lives_for_ever() {
    let _guard = monkey::patch!(fetch = keeps);
}

fn another_arguments_lifetime() {
    let _guard = monkey::patch!(User::name = async |_: &User, text: &str| text);
}

fn an_argument_is_kept_in_a_capture() {
    let kept = Mutex::new(Vec::new());
    let _guard = monkey::patch!(fetch = async move |url: &str, _| {
        kept.lock().unwrap().push(url);
        Err(1)
    });
}

fn a_local_is_borrowed() {
    let text = String::from("text");
    monkey::during!(fetch = async |_: &str, _| Ok(text.clone()); {});
}

fn a_capture_that_threads_cannot_share() {
    let cell = Cell::new(1);
    let _guard = monkey::patch!(fetch = async move |_: &str, _| Err(cell.get()));
}

fn a_capture_that_changes() {
    let mut calls = Vec::new();
    let _guard = monkey::patch!(fetch = async move |_: &str, _| {
        calls.push(1);
        Err(calls[0])
    });
}

fn a_future_that_stays_on_its_thread() {
    let _guard = monkey::patch!(fetch = async |url: &str, _| {
        let text = Rc::new(url.len());
        std::future::ready(()).await;
        Err(*text as u8)
    });
}

fn other_arguments() {
    let _guard = monkey::patch!(fetch = async |_: &str| Err(1), User::name = other);
}

fn another_result() {
    let _guard = monkey::patch!(fetch = async |_: &str, _| 3, User::name = returns(3));
}

fn no_future() {
    let _guard = monkey::patch!(sync = async |url: &str| url.len());
}

fn a_result_that_borrows() {
    let _guard = monkey::patch!(shorten = returns(Cow::Borrowed("fixed")));
}

fn main() {}
