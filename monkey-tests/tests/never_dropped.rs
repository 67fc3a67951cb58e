//! Guards that are never dropped: what they demand is judged when their scope ends.
use monkey_tests::child;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Waker};
use std::{mem, thread};

#[monkey::patchable]
fn number() -> u64 {
    1
}

#[monkey::patchable]
fn save(_: u64) {}

#[monkey::with()]
fn in_a_scope(body: impl FnOnce()) {
    body();
}

/// What a run says in the end; nothing where it passes.
fn said(body: impl FnOnce()) -> String {
    let ended = catch_unwind(AssertUnwindSafe(|| in_a_scope(body)));
    ended.err().map_or_else(String::new, |thrown| *thrown.downcast::<String>().unwrap())
}

const JUDGED: &str = "note: its guard was never dropped, so it is judged at the end of its scope\n  \
                      help: keep a guard in a variable, as in `let _guard = ..`, that ends with its block";

#[test]
fn a_count_of_a_forgotten_guard_is_judged() {
    let said = said(|| {
        mem::forget(monkey::patch!(replace(number = || 2), expect(number = 2)));
        assert_eq!(number(), 2);
    });
    assert!(
        said.starts_with("`number` was replaced by `|| 2`, which was called once; expected: exactly 2\n"),
        "{said}"
    );
    assert!(said.contains("never_dropped.rs:") && said.ends_with(JUDGED), "{said}");
    assert_eq!(number(), 1);
}

#[test]
fn one_that_is_as_demanded_says_nothing() {
    let said = said(|| {
        mem::forget(monkey::patch!(replace(number = || 2), expect(number = 1)));
        mem::forget(monkey::patch!(save = |_| {}));
        assert_eq!(number(), 2);
    });
    assert_eq!(said, "");
}

#[test]
fn so_are_an_order_and_a_sequence() {
    let said = said(|| {
        mem::forget(monkey::patch!(replace(), watch(number, save), expect(order[save, number])));
        mem::forget(monkey::patch!(number = sequence[5]));
        assert_eq!(number(), 5);
        catch_unwind(number).unwrap_err();
        save(1);
    });
    let order = said.find("the calls were not in the order that was expected");
    let sequence = said.find("`number` was replaced by `sequence[5]`, but called 2 times");
    assert!(order.is_some() && order < sequence, "{said}");
}

#[test]
fn one_of_another_thread_is_judged_with_the_test() {
    let said = said(|| {
        thread::spawn(|| mem::forget(monkey::patch!(replace(number = || 2), expect(number = 1))))
            .join()
            .unwrap();
    });
    assert!(said.contains("which was never called; expected: exactly 1") && said.ends_with(JUDGED), "{said}");
}

#[test]
fn what_it_captured_is_dropped_once() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let said = said(|| {
        let counted = Counted(drops.clone());
        let guard = monkey::patch!(
            replace(
                number = move || {
                    let _ = &counted;
                    2
                }
            ),
            expect(number = 1)
        );
        mem::forget(guard);
        number();
    });
    assert_eq!((said.as_str(), drops.load(SeqCst)), ("", 1));
}

/// Its scope has ended and judged it, so there is nothing to say any more.
#[test]
fn one_that_outlives_its_scope_is_judged_once() {
    let kept = RefCell::new(None);
    let said = said(|| {
        kept.replace(Some(monkey::patch!(replace(number = || 2), expect(number = 1))));
    });
    assert!(said.contains("which was never called"), "{said}");
    drop(kept);
    assert_eq!(number(), 1);
}

#[test]
fn one_beside_others_is_found() {
    let said = said(|| {
        let first = monkey::patch!(replace(number = || 2), expect(number = 1));
        mem::forget(monkey::patch!(replace(save = |_| {}), expect(save = 3)));
        let last = monkey::patch!(replace(number = || 3), expect(number = 1));
        assert_eq!(number(), 3);
        drop(last);
        assert_eq!(number(), 2);
        drop(first);
    });
    assert!(said.starts_with("`save` was replaced by `|_| { }`, which was never called"), "{said}");
    assert!(!said.contains("`number`"), "{said}");
}

#[ignore = "fails on purpose, in a child process"]
#[monkey::test]
#[should_panic = "on purpose"]
fn a_wanted_panic_is_not_for_it() {
    mem::forget(monkey::patch!(replace(number = || 2), expect(number = 1)));
    panic!("on purpose");
}

#[ignore = "fails on purpose, in a child process"]
#[monkey::test]
#[tokio::test]
async fn in_a_future() {
    mem::forget(monkey::patch!(replace(number = || 2), expect(number = 1)));
}

#[ignore = "fails on purpose, in a child process"]
#[monkey::test]
fn beside_a_failure() {
    mem::forget(monkey::patch!(replace(number = || 2), expect(number = 1)));
    panic!("of its own");
}

#[ignore = "passes, in a child process"]
#[test]
fn without_an_attribute() {
    mem::forget(monkey::patch!(replace(number = || 2), expect(number = 1)));
}

#[test]
fn every_kind_of_test_says_it() {
    let run = |test, code| {
        let output = child::run(test, "fails");
        let said = child::describe(output.status, &output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains("`number` was replaced by `|| 2`, which was never called"), "{said}");
        assert!(said.contains("its guard was never dropped"), "{said}");
        said
    };
    assert!(run("a_wanted_panic_is_not_for_it", 101).contains("did not panic as expected"));
    run("in_a_future", 101);
    assert!(run("beside_a_failure", 101).contains("note: `number` was replaced"));
    // Its thread ends the scope: too late for it to fail.
    run("without_an_attribute", 0);
}

thread_local! {
    static KEPT: RefCell<Vec<monkey::PatchGuard>> = const { RefCell::new(Vec::new()) };
}

#[test]
fn one_that_a_thread_local_drops_is_judged_without_a_panic() {
    let made_first = || {
        let guard = monkey::patch!(replace(number = || 2), expect(number = 1));
        KEPT.with_borrow_mut(|kept| kept.push(guard));
    };
    let made_within = || {
        KEPT.with_borrow_mut(|kept| kept.push(monkey::patch!(replace(number = || 2), expect(number = 1))));
    };
    for body in [&made_first as &(dyn Fn() + Sync), &made_within] {
        let said = said(|| thread::scope(|scope| scope.spawn(body).join().unwrap()));
        assert!(said.contains("which was never called; expected: exactly 1"), "{said}");
    }
}

extern "C" fn compare(_: *const libc::c_void, _: *const libc::c_void) -> libc::c_int {
    let _guard = monkey::patch!(replace(number = || 2), expect(number = 1));
    0
}

#[test]
fn one_that_is_dropped_where_nothing_may_unwind_is_judged_without_a_panic() {
    let said = said(|| {
        let mut numbers = [2_u32, 1];
        // SAFETY: two numbers, and a function that compares any.
        unsafe { libc::qsort(numbers.as_mut_ptr().cast(), 2, size_of::<u32>(), Some(compare)) };
    });
    assert!(said.contains("which was never called; expected: exactly 1"), "{said}");
}

#[monkey::with(replace(number = || 2), expect(number = 1))]
async fn waits_for_good() {
    std::future::pending::<()>().await;
}

#[monkey::with()]
async fn guards_and_waits() {
    let wrong = || drop(monkey::patch!(replace(save = |_| {}), expect(save = 1)));
    catch_unwind(wrong).unwrap_err();
    waits_for_good().await;
}

fn begun<T>(future: impl Future<Output = T>) -> Pin<Box<impl Future<Output = T>>> {
    let mut future = Box::pin(future);
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    future
}

#[test]
fn a_run_whose_future_is_dropped_before_its_end_is_judged() {
    let said_here = said(|| {
        drop(begun(waits_for_good()));
        assert_eq!(number(), 1);
    });
    assert!(
        said_here.contains("`number` was replaced by `|| 2`, which was never called; expected: exactly 1"),
        "{said_here}"
    );
    assert!(
        said_here.contains("note: the future of `never_dropped::waits_for_good` was dropped before its end"),
        "{said_here}"
    );
    let said_elsewhere = said(|| {
        thread::spawn(|| drop(begun(waits_for_good()))).join().unwrap();
    });
    assert_eq!(said_elsewhere, said_here);
    assert_eq!(said(|| drop(waits_for_good())), "");
}

#[test]
fn what_was_said_within_such_a_run_is_not_lost() {
    let said = said(|| drop(begun(guards_and_waits())));
    let own = said.find("`number` was replaced by");
    let guard = said.find("`save` was replaced by");
    assert!(own.is_some() && guard.is_some(), "{said}");
}
