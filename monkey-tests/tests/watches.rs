//! What is watched is not replaced: its calls are counted, and their order is known.
//!
//! The tests that fail do so in child processes.
use monkey_tests::child;
use std::hint::black_box;
use std::sync::mpsc;
use std::thread;

#[monkey::patchable]
fn open(name: &str) -> usize {
    name.len()
}

#[monkey::patchable]
fn read(file: usize) -> u64 {
    file as u64 * 2
}

#[monkey::patchable]
fn close(_: usize) {}

fn read_all(name: &str, times: usize) -> u64 {
    let file = open(name);
    let sum = (0..times).map(|_| read(file)).sum();
    close(file);
    sum
}

#[monkey::test(watch(open, read), expect(open = 1, read = 2..))]
fn what_is_watched_runs_and_is_counted() {
    assert_eq!(read_all("four", 3), 24);
    assert_eq!((monkey::calls!(open), monkey::calls!(read)), (1, 3));
}

#[monkey::test(watch(open))]
fn what_is_watched_need_not_be_called() {
    assert_eq!(monkey::calls!(open), 0);
}

#[monkey::test(watch(open, read, close), expect(order[open, read, read, close]))]
fn an_order_is_kept() {
    assert_eq!(read_all("four", 2), 16);
}

#[monkey::test(replace(read = |_| 1), watch(open, close), expect(order[open, .., close], read = 5))]
fn replaced_and_watched_ones_have_an_order_together() {
    assert_eq!(read_all("four", 5), 5);
}

#[monkey::patchable]
async fn fetch(url: &str) -> usize {
    url.len()
}

#[monkey::patchable]
async fn save(size: usize) -> usize {
    size + 1
}

#[monkey::test(replace(save = async |size| size), watch(fetch, open), expect(order[fetch, save, open, fetch]))]
#[tokio::test(flavor = "multi_thread")]
async fn async_functions_have_an_order_too() {
    let fetched = tokio::spawn(fetch("four")).await.unwrap();
    assert_eq!(save(fetched).await, 4);
    open("");
    assert_eq!(fetch("").await, 0);
}

#[cfg_attr(not(debug_assertions), ignore = "optimised, the standard library's function is inlined here")]
#[monkey::test(watch(std::env::var::<&str>), expect(std::env::var::<&str> = 2))]
fn functions_of_others_are_watched() {
    assert!(std::env::var("MONKEY_WATCHES_HAS_NO_SUCH").is_err());
    let _ = std::env::var("PATH");
}

#[monkey::test(watch(read), expect(read = 8000))]
fn calls_of_all_threads_are_counted() {
    thread::scope(|scope| {
        for number in 0..8 {
            scope.spawn(move || (0..1000).for_each(|_| assert_eq!(read(number), 2 * number as u64)));
        }
    });
}

#[monkey::test(watch(open, read, close), expect(order[open, read, close]))]
fn an_order_is_over_all_threads() {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || send.send(open("abc")).unwrap());
    let file = receive.recv().unwrap();
    thread::spawn(move || read(file)).join().unwrap();
    close(file);
}

#[test]
fn guards_watch_while_they_live() {
    let guard = monkey::patch!(watch(open), expect(open = 2));
    assert_eq!(open("a") + open("b"), 2);
    drop(guard);
    open("c");
}

/// What an outer list replaces stays replaced, and both count.
#[monkey::test(replace(read = |_| 7), expect(read = 3))]
fn a_watch_within_leaves_the_replacement() {
    assert_eq!(read(1), 7);
    {
        let _watch = monkey::patch!(watch(read), expect(read = 1, order[read]));
        assert_eq!(read(1), 7);
    }
    assert_eq!(read(1), 7);
}

#[monkey::test(watch(read), expect(read = 2))]
fn a_replacement_within_is_not_the_original() {
    read(1);
    {
        let _guard = monkey::patch!(replace(read = |_| 7), expect(read = 1));
        assert_eq!(read(1), 7);
    }
    assert_eq!(read(1), 2);
}

/// Guards in any order.
#[test]
fn watches_and_replacements_come_and_go() {
    let outer = monkey::patch!(watch(read), expect(read = 3));
    read(1);
    let replaced = monkey::patch!(replace(read = |_| 7), expect(read = 2));
    assert_eq!(read(1), 7);
    let inner = monkey::patch!(watch(read), expect(read = 2));
    assert_eq!(read(1), 7);
    drop(replaced);
    assert_eq!(read(1), 2);
    drop(inner);
    assert_eq!(read(1), 2);
    drop(outer);
}

#[monkey::test(watch(read), scope = process)]
fn a_whole_process_is_watched() {
    thread::spawn(|| read(3)).join().unwrap();
    let _inner = monkey::patch!(watch(read), expect(read = 1), scope = test);
    read(3);
    assert_eq!(monkey::calls!(read), 2);
}

#[monkey::test(replace(read = |_| 7), scope = process)]
fn a_watch_of_the_test_leaves_what_the_process_has_replaced() {
    let _inner = monkey::patch!(watch(read), expect(read = 1), scope = test);
    assert_eq!(read(3), 7);
}

/// The list's own words, without the instance that it found out itself.
#[cfg_attr(not(debug_assertions), ignore = "optimised, the standard library's function is inlined here")]
#[monkey::test(replace(std::env::var = |_: &str| Ok("here".to_owned())))]
fn calls_are_asked_by_the_name_in_the_list() {
    assert_eq!(std::env::var("WHERE").as_deref(), Ok("here"));
    assert_eq!(monkey::calls!(std::env::var), 1);
}

#[test]
fn calls_are_asked_behind_the_guard_too() {
    #[monkey::with(scope = test)]
    fn within() {
        let guard = monkey::patch!(close = |_| ());
        close(black_box(1));
        drop(guard);
        assert_eq!(monkey::calls!(close), 1);
    }
    within();
}

macro_rules! failing {
    ($($(#[$attribute:meta])* fn $name:ident() $body:block)*) => {$(
        $(#[$attribute])*
        #[ignore = "fails on purpose, in a child process"]
        fn $name() $body
    )*};
}

failing! {
    #[monkey::test(watch(open, read, close), expect(order[open, read, read, close]))]
    fn once_read_too_few() {
        read_all("four", 1);
    }

    #[monkey::test(watch(open, close), expect(order[open, close, open]))]
    fn ends_too_early() {
        close(open("four"));
    }

    #[monkey::test(watch(read), expect(read = 1))]
    fn twice_instead_of_once() {
        read(1);
        thread::Builder::new().name("reader".to_owned()).spawn(|| read(1)).unwrap().join().unwrap();
    }

    #[monkey::test(replace(read = |_| 1), expect(read = 3))]
    fn never_instead_of_three_times() {}

    #[monkey::test(watch(read), expect(order[read, ..]))]
    fn more_than_are_known() {
        for _ in 0..5000 {
            read(1);
        }
    }

    #[test]
    fn not_in_the_list() {
        assert_eq!(monkey::calls!(read), 0);
    }

    #[monkey::test(watch(read), expect(order[read]))]
    #[should_panic = "on purpose"]
    fn a_wanted_panic_is_not_for_an_order() {
        panic!("on purpose");
    }
}

#[ignore = "fails on purpose, in a child process"]
#[monkey::test(watch(fetch, save), expect(order[fetch, save]))]
#[tokio::test]
async fn saved_before_it_is_fetched() {
    save(1).await;
    fetch("four").await;
}

fn said_by(test: &str) -> String {
    let output = child::run(test, "fails");
    let said = child::describe(output.status, &output);
    assert_eq!(output.status.code(), Some(101), "{said}");
    said
}

fn check(test: &str, parts: &[&str]) {
    let said = said_by(test);
    for part in parts {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}

#[cfg_attr(not(debug_assertions), ignore = "places that call need debug information")]
#[test]
fn a_call_out_of_order_is_pointed_at() {
    let parts = [
        "the calls were not in the order that was expected\n  at ",
        "watches.rs:",
        "\n  expected: `open`, `read`, `read`, `close`\n  the calls that came:\n    1. `open` from watches::read_all (",
        ", on thread `once_read_too_few`\n    2. `read` from ",
        "\n    3. `close` from watches::read_all (",
        ", on thread `once_read_too_few`  <- expected: `read`\n",
    ];
    check("once_read_too_few", &parts);
    check("ends_too_early", &["then was expected: `open`, and nothing more came"]);
    check("a_wanted_panic_is_not_for_an_order", &["none of them was called", "did not panic as expected"]);
}

/// Who polls a future is not known.
#[test]
fn async_calls_out_of_order_have_no_place() {
    let first = "\n    1. `save` on thread `saved_before_it_is_fetched`  <- expected: `fetch`\n    2. `fetch` on thread";
    check("saved_before_it_is_fetched", &[first]);
}

#[cfg_attr(not(debug_assertions), ignore = "places that call need debug information")]
#[test]
fn calls_of_a_wrong_number_are_listed() {
    let parts = [
        "`read` was watched and called 2 times; expected: exactly 1\n  at ",
        "\n  the calls that came, in their order:\n    1. from watches::twice_instead_of_once (",
        ", on thread `twice_instead_of_once`\n    2. from watches::twice_instead_of_once (",
        ", on thread `reader` (",
        "), which has ended\n",
    ];
    check("twice_instead_of_once", &parts);
    check("never_instead_of_three_times", &["which was never called; expected: exactly 3\n"]);
}

#[test]
fn more_calls_than_are_known_have_no_order() {
    check("more_than_are_known", &["there were 5000 calls, of which 4096 are known"]);
}

#[test]
fn calls_of_what_is_in_no_list_are_not_counted() {
    check("not_in_the_list", &["`read` is neither replaced nor watched in this scope", "add `watch(read)`"]);
}
