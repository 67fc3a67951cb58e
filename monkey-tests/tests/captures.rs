//! Closures that capture, as replacements: what they own, who calls them, and when that is dropped.
#![allow(clippy::items_after_statements, reason = "what only one test needs stands in it")]
use monkey_tests::child;
use rstest::{fixture, rstest};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

#[monkey::patchable]
fn now() -> u64 {
    7
}

#[monkey::patchable]
fn fetch(url: &str, tries: u32) -> Result<String, String> {
    Err(format!("{url} {tries}"))
}

struct User {
    name: String,
}

#[monkey::patchable]
impl User {
    fn name(&self, _fallback: &str) -> &str {
        &self.name
    }
}

#[test]
fn a_result_that_borrows_is_written_with_or_without_captures() {
    let user = User { name: "Ada".to_owned() };
    let guard = monkey::patch!(User::name = |user: &User, _: &str| -> &str { &user.name[1..] });
    assert_eq!(user.name("x"), "da");
    drop(guard);
}

#[monkey::patchable]
fn joined(user: User, more: Vec<String>) -> String {
    more.into_iter().fold(user.name, |joined, name| joined + &name)
}

#[monkey::test(replace(joined = |user, more| format!("{} and {}", user.name, more.join(" and "))))]
fn arguments_that_own_need_no_type() {
    assert_eq!(joined(User { name: "Ada".into() }, vec!["Bob".into(), "Cy".into()]), "Ada and Bob and Cy");
}

#[monkey::test(replace(now = { let mut hours = 0; move || { hours += 1; hours } }))]
fn what_is_captured_may_be_made_in_front_of_the_closure() {
    assert_eq!([now(), now()], [1, 2]);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let guard = monkey::patch!(
        fetch = {
            let asked = Arc::clone(&asked);
            move |url: &str, tries| {
                asked.lock().unwrap().push((url.to_owned(), tries));
                Ok(url.to_owned())
            }
        },
        User::name = {
            let end = 1;
            move |user: &User, _: &str| -> &str { &user.name[..end] }
        },
        joined = {
            let between = String::from("-");
            move |user, more| user.name + &between + &more.join(&between)
        }
    );
    let user = User { name: "Ada".to_owned() };
    assert_eq!((fetch("a", 1), user.name("x")), (Ok("a".to_owned()), "A"));
    assert_eq!(joined(user, vec!["Bob".into()]), "Ada-Bob");
    drop(guard);
    assert_eq!(Arc::into_inner(asked).unwrap().into_inner().unwrap(), [("a".to_owned(), 1)]);
    let mut calls = 0;
    let sum = monkey::during!(
        now = {
            let (step, calls) = (5, &mut calls);
            move || {
                *calls += 1;
                *calls * step
            }
        };
        { now() + now() }
    );
    assert_eq!((sum, calls), (15, 2));
}

/// A wrapper of somebody's own: what it is given comes in invisible parentheses.
macro_rules! replaced {
    ($target:path, $replacement:expr, $count:expr) => {
        monkey::patch!(replace($target = $replacement), expect($target = $count))
    };
}

#[test]
fn a_closure_may_come_in_parentheses() {
    let time = 42;
    #[rustfmt::skip]
    let guards = (
        monkey::patch!(now = (move || time)),
        replaced!(fetch, move |_: &str, tries| Ok(format!("{time} {tries}")), 1),
        replaced!(joined, { let end = String::from("!"); move |user: User, _| user.name + &end }, 1),
        replaced!(User::name, |user: &User, _: &str| -> &str { &user.name[1..] }, 1),
    );
    let user = User { name: "Ada".to_owned() };
    assert_eq!((now(), fetch("", 1), user.name("x")), (42, Ok("42 1".to_owned()), "da"));
    assert_eq!(joined(user, Vec::new()), "Ada!");
    drop(guards);
    assert_eq!(now(), 7);
}

/// Counts how often it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_closure_has_what_it_captured() {
    let time = 42;
    let guard = monkey::patch!(now = move || time);
    assert_eq!((now(), monkey::calls!(now)), (42, 1));
    assert_eq!(thread::spawn(now).join().unwrap(), 42);
    drop(guard);
    assert_eq!(now(), 7);
}

#[test]
fn arguments_are_inferred_where_they_own_and_written_where_they_borrow() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    let _guard = monkey::patch!(
        fetch = move |url: &str, tries| {
            kept.lock().unwrap().push((url.to_owned(), tries));
            Ok("page".into())
        }
    );
    assert_eq!(fetch("a", 1).as_deref(), Ok("page"));
    assert_eq!(*seen.lock().unwrap(), [("a".to_owned(), 1)]);
}

#[test]
fn a_result_may_borrow() {
    let skipped = String::from("a");
    let _guard =
        monkey::patch!(User::name = move |this: &User, _: &str| -> &str { &this.name[skipped.len()..] });
    assert_eq!(User { name: "abc".into() }.name(""), "bc");
}

#[test]
fn one_that_changes_what_it_captured_is_called_by_one_at_a_time() {
    let mut count = 0;
    let _guard = monkey::patch!(
        now = move || {
            count += 1;
            count
        }
    );
    let all = thread::scope(|threads| {
        let calls = || (0..500).map(|_| now()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..4).map(|_| threads.spawn(calls)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let mut sorted = all;
    sorted.sort_unstable();
    assert_eq!(sorted, (1..=2000).collect::<Vec<_>>());
}

#[test]
fn one_that_changes_nothing_is_called_by_several_at_once() {
    let barrier = Barrier::new(2);
    let _guard = monkey::patch!(
        now = move || {
            barrier.wait();
            1
        }
    );
    let other = thread::spawn(now);
    assert_eq!((now(), other.join().unwrap()), (1, 1));
}

#[test]
fn a_call_from_within_is_told_why_it_cannot_be() {
    let mut count = 0;
    let _guard = monkey::patch!(
        now = move || {
            count += 1;
            if count == 1 { now() } else { count }
        }
    );
    let said = catch_unwind(now).unwrap_err();
    let said = said.downcast_ref::<String>().unwrap();
    assert!(said.contains("`now` was called from within itself") && said.contains("captures.rs:"), "{said}");
    assert!(said.contains("`original!`"), "{said}");
    assert_eq!(now(), 2, "it can be called again");
}

#[test]
fn the_original_can_be_called_from_within() {
    let more = 3;
    let _guard = monkey::patch!(now = move || monkey::original!(now()) + more);
    assert_eq!(now(), 10);
}

fn frozen_at(time: u64) -> monkey::PatchGuard {
    monkey::patch!(now = move || time)
}

#[test]
fn guards_of_one_closure_nest() {
    let first = frozen_at(1);
    let second = frozen_at(2);
    assert_eq!(now(), 2);
    let third = frozen_at(3);
    drop(second);
    assert_eq!(now(), 3);
    drop(third);
    assert_eq!(now(), 1);
    drop(first);
    assert_eq!(now(), 7);
}

trait Clock {
    fn hour() -> u64;
}
struct Wall;
struct Tower;
#[monkey::patchable]
impl Clock for Wall {
    fn hour() -> u64 {
        1
    }
}
#[monkey::patchable]
impl Clock for Tower {
    fn hour() -> u64 {
        2
    }
}

fn stopped<C: Clock>(hour: u64) -> monkey::PatchGuard {
    monkey::patch!(C::hour = move || hour)
}

#[test]
fn a_generic_helper_has_a_closure_for_each_target() {
    let _guards = (stopped::<Wall>(11), stopped::<Tower>(12));
    assert_eq!((Wall::hour(), Tower::hour()), (11, 12));
}

/// Parallel tests with one helper.
macro_rules! parallel {
    ($($name:ident = $time:literal,)*) => {$(
        #[test]
        fn $name() {
            let _guard = frozen_at($time);
            for _ in 0..2000 {
                assert_eq!(now(), $time);
            }
            assert_eq!(thread::spawn(now).join().unwrap(), $time);
        }
    )*};
}
parallel! { parallel_1 = 101, parallel_2 = 102, parallel_3 = 103, parallel_4 = 104, }

#[fixture]
fn midnight(#[default(24)] hour: u64) -> monkey::PatchGuard {
    frozen_at(hour)
}

#[rstest]
fn a_fixture_gives_a_guard(#[with(12)] midnight: monkey::PatchGuard) {
    assert_eq!(thread::spawn(now).join().unwrap(), 12);
    drop(midnight);
    assert_eq!(now(), 7);
}

#[monkey::test(replace(now = move || time, fetch = |_: &str, _| Ok(String::new())), expect(fetch = 1, now = 2))]
#[rstest]
#[case(3)]
#[case(4)]
fn a_case_has_its_own(#[case] time: u64) {
    assert_eq!((now(), thread::spawn(now).join().unwrap()), (time, time));
    assert_eq!(fetch("", 0), Ok(String::new()));
}

#[fixture]
fn hour() -> u64 {
    now()
}

#[rstest]
#[case(3)]
#[case(4)]
#[monkey::test(replace(now = move || time, fetch = |_: &str, _| Ok(String::new())), expect(fetch = 1, now = 2))]
fn a_case_of_an_attribute_above_has_its_own(#[case] time: u64) {
    assert_eq!((now(), thread::spawn(now).join().unwrap()), (time, time));
    assert_eq!(fetch("", 0), Ok(String::new()));
}

#[rstest]
#[monkey::test(replace(now = returns(time * hour)))]
#[tokio::test]
async fn a_fixture_s_value_above_is_captured(#[values(2, 3)] time: u64, hour: u64) {
    assert_eq!((now(), hour), (time * 7, 7));
}

#[monkey::test(replace(now = returns(time)), scope = process)]
#[test_case::test_case(5)]
#[test_case::test_case(6)]
fn so_has_another(time: u64) {
    assert_eq!(now(), time);
}

#[test_case::test_case(5, "a")]
#[test_case::test_case(6, "b"; "another")]
#[monkey::test(replace(now = move || time + text.len() as u64))]
fn so_it_has_below(time: u64, text: &str) {
    assert_eq!(now(), time + text.len() as u64);
}

#[test_case::test_case(5 => 6)]
#[monkey::test(replace(now = returns(time + 1)))]
fn and_gives_something(time: u64) -> u64 {
    assert!(time > 0);
    now()
}

#[test_case::test_case(5 => panics "now is 5")]
#[monkey::test(replace(now = move || time))]
fn and_panics(time: u64) {
    panic!("now is {} for {time}", now());
}

#[test_case::test_case(5)]
#[monkey::test(replace(now = move || time))]
#[tokio::test]
async fn and_waits(time: u64) {
    tokio::task::yield_now().await;
    assert_eq!(now(), time);
}

#[monkey::with(replace(now = move || time))]
fn at(time: u64) -> u64 {
    now() + time
}

#[test]
fn an_attribute_captures_arguments() {
    assert_eq!((at(1), at(2)), (2, 4));
}

#[monkey::with(replace(now = move || time), scope = process)]
fn alone(time: u64) -> u64 {
    let other = thread::spawn(now);
    other.join().unwrap() + now()
}

#[test]
fn every_thread_sees_one_of_the_process() {
    assert_eq!(alone(21), 42);
}

#[test]
fn an_environment_is_dropped_once_when_its_guard_goes() {
    let drops = Arc::new(AtomicUsize::new(0));
    let counted = Counted(drops.clone());
    let guard = monkey::patch!(now = move || counted.0.load(SeqCst) as u64);
    assert_eq!((now(), drops.load(SeqCst)), (0, 0));
    drop(guard);
    assert_eq!(drops.load(SeqCst), 1);
    let counted = Counted(drops.clone());
    let result = catch_unwind(|| {
        let _guard = monkey::patch!(now = move || counted.0.load(SeqCst) as u64);
        panic!("on the way out");
    });
    assert!(result.is_err());
    assert_eq!(drops.load(SeqCst), 2);
}

#[test]
#[allow(unused_qualifications, reason = "by another path it is another name for the list")]
fn one_that_was_never_patched_is_dropped_as_well() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (first, second) = (Counted(drops.clone()), Counted(drops.clone()));
    fn same() -> u64 {
        now()
    }
    use crate as own;
    let refused = monkey::try_patch!(
        now = move || first.0.load(SeqCst) as u64,
        own::now = move || second.0.load(SeqCst) as u64
    );
    assert!(refused.is_err() && same() == 7);
    assert_eq!(drops.load(SeqCst), 2);
}

#[test]
fn an_environment_stays_for_a_call_in_flight() {
    let drops = Arc::new(AtomicUsize::new(0));
    let counted = Counted(drops.clone());
    let (inside, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (inside_there, go_on_there) = (inside.clone(), go_on.clone());
    let guard = monkey::patch!(
        now = move || {
            inside_there.wait();
            go_on_there.wait();
            counted.0.load(SeqCst) as u64
        }
    );
    let call = thread::spawn(now);
    inside.wait();
    drop(guard);
    assert_eq!((drops.load(SeqCst), now()), (0, 7));
    go_on.wait();
    assert_eq!((call.join().unwrap(), drops.load(SeqCst)), (0, 1));
}

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("not today");
    }
}

#[test]
fn a_panic_in_a_drop_fails_the_test_and_not_the_caller() {
    let captured = PanicsInDrop;
    let guard = monkey::patch!(
        now = move || {
            let _ = &captured;
            1
        }
    );
    assert_eq!(now(), 1);
    let said = catch_unwind(AssertUnwindSafe(|| drop(guard))).unwrap_err();
    let said = said.downcast_ref::<String>().unwrap();
    assert!(said.contains("`now` had captured panicked when it was dropped: not today"), "{said}");

    let captured = PanicsInDrop;
    let (inside, go_on) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (inside_there, go_on_there) = (inside.clone(), go_on.clone());
    let guard = monkey::patch!(
        now = move || {
            let _ = &captured;
            inside_there.wait();
            go_on_there.wait();
            1
        }
    );
    let call = thread::spawn(now);
    inside.wait();
    drop(guard);
    go_on.wait();
    assert_eq!(call.join().unwrap(), 1, "the caller sees nothing of it");
}

#[test]
fn a_block_lends_what_is_around_it() {
    let mut seen = Vec::new();
    let name = String::from("name");
    let answer = monkey::during!(
        fetch = |url: &str, tries| {
            seen.push((url.to_owned(), tries));
            Ok(name.clone())
        },
        now = returns(name.len() as u64);
        {
            assert_eq!(fetch("u", 1).as_deref(), Ok("name"));
            now()
        }
    );
    assert_eq!((answer, now()), (4, 7));
    assert_eq!(seen, [("u".to_owned(), 1)]);
}

#[test]
fn a_block_ends_by_a_panic_as_well() {
    let calls = AtomicUsize::new(0);
    let result = catch_unwind(AssertUnwindSafe(|| {
        monkey::during!(now = || calls.fetch_add(1, SeqCst) as u64; {
            now();
            panic!("within")
        })
    }));
    assert!(result.is_err());
    assert_eq!((now(), calls.into_inner()), (7, 1));
}

#[test]
fn the_end_of_a_block_waits_for_calls_in_flight() {
    let (inside, ended) = (Barrier::new(2), AtomicBool::new(false));
    let call = monkey::during!(
        now = || {
            inside.wait();
            thread::sleep(std::time::Duration::from_millis(50));
            ended.store(true, SeqCst);
            1
        };
        {
            let call = thread::spawn(|| (now(), now()));
            inside.wait();
            call
        }
    );
    assert!(ended.load(SeqCst), "the call was waited for");
    assert_eq!(call.join().unwrap(), (1, 7), "and the next one was the original's");
}

#[test]
fn a_block_may_be_left_early_and_takes_what_a_list_takes() {
    fn early(stop: bool) -> Option<u64> {
        monkey::during!(replace(now = || 1), expect(now = ..); {
            if stop {
                return None;
            }
            Some(now())
        })
    }
    assert_eq!((early(true), early(false)), (None, Some(1)));
}

/// A thousand environments come and go while eight threads call.
#[test]
fn environments_come_and_go_while_threads_call() {
    const ROUNDS: usize = 1000;
    let drops = Arc::new(AtomicUsize::new(0));
    let over = Arc::new(AtomicBool::new(false));
    // Opens the scope that the threads start in.
    let _scope = monkey::patch!(fetch = returns(Ok(String::new())));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let over = over.clone();
            thread::spawn(move || {
                while !over.load(SeqCst) {
                    let time = now();
                    assert!(time == 7 || (1000..1000 + ROUNDS as u64).contains(&time), "{time}");
                }
            })
        })
        .collect();
    for round in 0..ROUNDS {
        let counted = Counted(drops.clone());
        let time = Box::new(1000 + round as u64);
        let shared = move || {
            assert!(Arc::strong_count(&counted.0) > 1);
            *time
        };
        let guard = if round % 2 == 0 {
            monkey::patch!(now = move || shared())
        } else {
            let mut calls = 0_u64;
            monkey::patch!(
                now = move || {
                    calls += 1;
                    assert!(calls != 0);
                    shared()
                }
            )
        };
        assert_eq!(now(), 1000 + round as u64);
        drop(guard);
    }
    over.store(true, SeqCst);
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(drops.load(SeqCst), ROUNDS);
}

#[test]
fn the_child_of_a_fork_goes_on_with_its_copy() {
    child::alone("the_child_of_a_fork_goes_on_with_its_copy", || {
        let mut count = 0;
        let guard = monkey::patch!(
            now = move || {
                count += 1;
                count
            }
        );
        assert_eq!(now(), 1);
        // SAFETY: what the child runs is this test's own, on the one thread that there is.
        let child = unsafe { libc::fork() };
        assert_eq!(now(), 2);
        drop(guard);
        assert_eq!(now(), 7);
        if child == 0 {
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(0) };
        }
        let mut status = 1;
        // SAFETY: the child that was made above, and room for its status.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(status, 0);
    });
}
