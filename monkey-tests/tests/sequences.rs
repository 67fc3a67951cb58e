//! Values in place of functions: `returns(..)` and `sequence[..]`.
use monkey_tests::child;
use std::panic::catch_unwind;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

#[monkey::patchable]
fn now() -> u64 {
    7
}

#[monkey::patchable]
fn fetch(url: &str, tries: u32) -> Result<String, String> {
    Err(format!("{url} {tries}"))
}

#[monkey::patchable]
fn leave(_code: i32) -> ! {
    std::process::exit(3)
}

#[derive(Debug, PartialEq)]
struct NotClone(u32);

#[monkey::patchable]
#[expect(clippy::boxed_local, reason = "an argument that owns something")]
fn make(_into: &mut Vec<u8>, _count: Box<u8>) -> NotClone {
    NotClone(1)
}

#[monkey::patchable]
fn keep(_value: Rc<()>) {}

struct User {
    name: String,
    nick: Option<String>,
}

#[monkey::patchable]
impl User {
    fn name(&self, _fallback: &str) -> &str {
        &self.name
    }
    fn nick(&self, _index: u32) -> Option<&str> {
        self.nick.as_deref()
    }
    fn kind(&self) -> &'static str {
        if self.name.is_empty() { "nobody" } else { "somebody" }
    }
    fn slot(&mut self) -> &mut String {
        &mut self.name
    }
}

#[monkey::patchable]
fn parse<T: Default>(_text: Option<&str>) -> T {
    T::default()
}

fn user() -> User {
    User { name: "n".into(), nick: None }
}

#[test]
fn a_value_is_given_at_each_call() {
    let evaluated = std::sync::Arc::new(AtomicUsize::new(0));
    let count = evaluated.clone();
    let _guard = monkey::patch!(
        now = returns(count.fetch_add(1, SeqCst) as u64),
        fetch = returns(Ok("page".into())),
        make = returns(NotClone(3)),
        parse::<u32> = returns(9),
    );
    assert_eq!((now(), now(), evaluated.load(SeqCst)), (0, 1, 2));
    assert_eq!(fetch("u", 1), Ok("page".to_owned()));
    assert_eq!(make(&mut Vec::new(), Box::new(1)), NotClone(3));
    assert_eq!((parse::<u32>(None), parse::<u8>(None)), (9, 0));
}

#[test]
fn a_result_may_borrow() {
    let text = String::from("own");
    let _guard = monkey::patch!(
        User::name = returns("z"),
        User::nick = returns(Some("q")),
        User::kind = returns("k"),
        User::slot = returns(Box::leak(Box::new(text.clone()))),
    );
    let mut user = user();
    assert_eq!((user.name("x"), user.nick(1), user.kind()), ("z", Some("q"), "k"));
    for _ in 0..2 {
        let slot = user.slot();
        assert_eq!(slot, "own");
        slot.push('!');
        // SAFETY: leaked for this call alone, and used no more.
        drop(unsafe { Box::from_raw(slot) });
    }
}

#[test]
fn a_value_may_change() {
    let mut next = 10;
    let _guard = monkey::patch!(
        now = returns({
            next += 1;
            next
        })
    );
    assert_eq!((now(), thread::spawn(now).join().unwrap()), (11, 12));
}

#[test]
fn a_value_may_be_a_panic() {
    let _guard = monkey::patch!(leave = returns(panic!("left")), now = returns(panic!("no clock")));
    assert_eq!(catch_unwind(|| leave(1)).unwrap_err().downcast_ref::<&str>(), Some(&"left"));
    assert_eq!(catch_unwind(now).unwrap_err().downcast_ref::<&str>(), Some(&"no clock"));
}

#[test]
fn arguments_are_dropped_as_the_original_drops_them() {
    let value = Rc::new(());
    let _guard = monkey::patch!(keep = returns(()));
    keep(value.clone());
    assert_eq!(Rc::strong_count(&value), 1);
    let _guard = monkey::patch!(keep = returns(panic!("no")));
    assert!(catch_unwind(std::panic::AssertUnwindSafe(|| keep(value.clone()))).is_err());
    assert_eq!(Rc::strong_count(&value), 1);
}

#[cfg_attr(not(debug_assertions), ignore = "optimised, the standard library's function is inlined here")]
#[monkey::test(replace(std::fs::read_to_string::<&str> = returns(Ok("text".into())), str::len = returns(40)))]
fn functions_of_std_as_well() {
    assert_eq!(std::fs::read_to_string("nowhere").unwrap(), "text");
    assert_eq!("four".len(), 40);
}

#[monkey::with(replace(now = returns(time)))]
fn at(time: u64) -> u64 {
    now()
}

#[test]
fn an_attribute_gives_its_arguments() {
    assert_eq!((at(1), at(2)), (1, 2));
}

#[test]
fn values_come_in_turn() {
    let _guard = monkey::patch!(
        fetch = sequence[Err("a".into()), Ok("b".into()), Err(format!("{}", 3))],
        User::name = sequence["x", "y"],
    );
    assert_eq!(fetch("", 0), Err("a".to_owned()));
    assert_eq!(thread::spawn(|| fetch("", 0)).join().unwrap(), Ok("b".to_owned()));
    assert_eq!(fetch("", 0), Err("3".to_owned()));
    let user = user();
    assert_eq!((user.name(""), user.name("")), ("x", "y"));
}

#[test]
fn each_is_evaluated_when_its_call_comes() {
    let evaluated = std::sync::Arc::new(AtomicUsize::new(0));
    let count = evaluated.clone();
    let next = move || count.fetch_add(1, SeqCst) as u64;
    let _guard = monkey::patch!(now = sequence[next(), 100 + next(), ..]);
    assert_eq!((evaluated.load(SeqCst), now()), (0, 0));
    assert_eq!((now(), evaluated.load(SeqCst)), (101, 2));
}

#[test]
fn behind_the_last_comes_the_original() {
    let _guard = monkey::patch!(now = sequence[1, 2, ..], User::nick = sequence[Some("s"), ..]);
    assert_eq!((now(), now(), now(), now()), (1, 2, 7, 7));
    assert_eq!(monkey::calls!(now), 4);
    let user = User { nick: Some("own".into()), ..user() };
    assert_eq!((user.nick(0), user.nick(0)), (Some("s"), Some("own")));
}

#[test]
fn each_value_is_one_calls() {
    let _guard = monkey::patch!(now = sequence[0, 1, 2, 3, 4, 5, 6, 8, ..]);
    let mut all: Vec<u64> = thread::scope(|threads| {
        let calls = || (0..5).map(|_| now()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| threads.spawn(calls)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    all.sort_unstable();
    assert_eq!(all[..8], [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!((all[8..19].iter().all(|time| *time == 7), all[19]), (true, 8));
}

#[monkey::test(replace(now = sequence[1]))]
#[ignore = "fails, and is run by the next"]
fn swallows_the_panic() {
    assert_eq!(now(), 1);
    let _ = thread::spawn(now).join();
}

#[test]
fn a_call_past_the_end_fails_the_test_though_nobody_sees_the_panic() {
    let output = child::run("swallows_the_panic", "alone");
    let said = String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
    assert!(!child::passed(&output), "{said}");
    for part in [
        "`now` was called once more than its sequence has values, of which there are 1\n  at ",
        "sequences.rs:",
        "`now` was replaced by `sequence[1]`, but called 2 times, where its sequence has 1 values\n",
        "help: add a value to the sequence, or `..` at its end",
    ] {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}
