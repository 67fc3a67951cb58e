//! Patches that come and go while threads of their own scope, and of one that has ended, call the target.
use monkey_tests::child;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread;

#[monkey::patchable]
fn number() -> u64 {
    1
}

const CALLERS: usize = 3;

/// Threads of the caller's scope that call the target until they are told to stop.
fn callers() -> impl FnOnce() {
    static STOP: AtomicBool = AtomicBool::new(false);
    static CALLS: AtomicU64 = AtomicU64::new(0);
    STOP.store(false, SeqCst);
    CALLS.store(0, SeqCst);
    let call = || {
        while !STOP.load(SeqCst) {
            assert!((1..=3).contains(&number()));
            CALLS.fetch_add(1, SeqCst);
        }
    };
    let threads: Vec<_> = (0..CALLERS).map(|_| thread::spawn(call)).collect();
    while CALLS.load(SeqCst) == 0 {
        thread::yield_now();
    }
    || {
        STOP.store(true, SeqCst);
        for thread in threads {
            thread.join().unwrap();
        }
    }
}

#[test]
fn every_call_of_a_replacement_is_counted_once() {
    static CALLED: AtomicU64 = AtomicU64::new(0);
    fn counted() -> u64 {
        CALLED.fetch_add(1, SeqCst) & 1 | 2
    }
    fn counted_too() -> u64 {
        counted()
    }
    #[monkey::with]
    fn toggle() {
        let stop = callers();
        for _ in 0..3_000 {
            let outer = monkey::patch!(number = counted);
            let inner = monkey::patch!(number = counted_too);
            drop(inner);
            drop(outer);
        }
        stop();
        assert_eq!(monkey::calls!(number) as u64, CALLED.load(SeqCst));
    }
    child::alone("every_call_of_a_replacement_is_counted_once", toggle);
}

#[test]
fn the_threads_of_an_ended_scope_touch_no_count() {
    child::alone("the_threads_of_an_ended_scope_touch_no_count", || {
        for _ in 0..300 {
            let before = monkey::patch!(number = || 2);
            let stop = callers();
            drop(before);
            let guard = monkey::patch!(number = || 3);
            let before = monkey::calls!(number);
            assert_eq!(number(), 3);
            let after = monkey::calls!(number);
            drop(guard);
            stop();
            assert_eq!((before, after), (0, 1));
        }
    });
}
