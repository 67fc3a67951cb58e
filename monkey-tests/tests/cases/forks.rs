//! Forks while other threads use the engine, beside a program's own handlers of `fork` that take its own mutex.
use std::ffi::c_int;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

#[monkey::patchable]
fn number() -> u32 {
    1
}

fn one_more() -> u32 {
    monkey::original!(number()) + 1
}

static OWN: Mutex<()> = Mutex::new(());
static DONE: AtomicBool = AtomicBool::new(false);

thread_local!(static HELD: std::cell::RefCell<Option<MutexGuard<'static, ()>>> = const { std::cell::RefCell::new(None) });

extern "C" fn before() {
    HELD.set(Some(OWN.lock().unwrap()));
}

extern "C" fn after() {
    drop(HELD.take());
}

/// The program's handlers, before monkey's or after.
fn take_the_mutex_at_forks() {
    // SAFETY: handlers that do no more than take a mutex and give it back.
    assert_eq!(unsafe { libc::pthread_atfork(Some(before), Some(after), Some(after)) }, 0);
}

/// After so long no further fork is made: what hangs does so within one, and a machine may be busy.
const LONG_ENOUGH: Duration = Duration::from_secs(15);

/// Forks many times, while a thread does `work`; each child does `child`, and has half a minute.
fn forks(number: usize, work: fn(), child: fn()) {
    let worker = thread::spawn(move || {
        while !DONE.load(Relaxed) {
            work();
            // The mutex goes to whoever runs.
            thread::yield_now();
        }
    });
    let begun = Instant::now();
    for index in 0..number {
        if begun.elapsed() > LONG_ENOUGH {
            break;
        }
        // SAFETY: the child does what it needs and ends without returning.
        let process = unsafe { libc::fork() };
        if process == 0 {
            // SAFETY: a child that hangs dies of it.
            unsafe { libc::alarm(30) };
            child();
            // SAFETY: ends the child.
            unsafe { libc::_exit(0) };
        }
        assert_eq!(status_of(process), 0, "the child of fork {index} died of this signal");
    }
    DONE.store(true, Relaxed);
    worker.join().unwrap();
}

fn status_of(process: c_int) -> c_int {
    let mut status = 0;
    // SAFETY: waits for the child; `status` is writable.
    assert_eq!(unsafe { libc::waitpid(process, &raw mut status, 0) }, process);
    status
}

fn patch_and_call() {
    let guard = monkey::patch!(number = || 5);
    assert_eq!(number(), 5);
    drop(guard);
}

#[monkey::with(replace(number = || 2), expect(number = 1))]
fn missed() {}

/// The worker panics on purpose, all the time.
fn told_by_the_main_thread_alone() {
    let plain = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if thread::current().name().is_some() {
            plain(info);
        }
    }));
}

/// The verdict's text and its debug information are made while others fork.
fn be_told_a_verdict() {
    std::panic::catch_unwind(missed).unwrap_err();
}

limited! {
    while_the_mutex_is_held_for_a_call in 60 s {
        take_the_mutex_at_forks();
        let _guard = monkey::patch!(number = one_more);
        forks(1000, || { let _own = OWN.lock(); black_box(number()); }, || ());
    }

    while_the_mutex_is_held_for_a_patch in 60 s {
        take_the_mutex_at_forks();
        forks(400, || { let _own = OWN.lock(); patch_and_call(); }, || ());
    }

    while_the_mutex_is_held_for_the_end_of_a_patch in 60 s {
        take_the_mutex_at_forks();
        forks(1000, || {
            let guard = monkey::patch!(number = || 3);
            let _own = OWN.lock();
            drop(guard);
        }, || ());
    }

    while_the_mutex_is_held_for_a_count_and_a_thread in 60 s {
        take_the_mutex_at_forks();
        let _guard = monkey::patch!(number = one_more);
        forks(200, || {
            let _own = OWN.lock();
            assert!(monkey::calls!(number) < usize::MAX);
            thread::spawn(|| black_box(number())).join().unwrap();
        }, || ());
    }

    /// The program's handlers are there after the engine's own, which run the other way round.
    whose_handlers_came_after_the_first_patch in 60 s {
        patch_and_call();
        take_the_mutex_at_forks();
        forks(400, || { let _own = OWN.lock(); patch_and_call(); }, patch_and_call);
    }

    whose_children_patch in 60 s {
        forks(200, patch_and_call, patch_and_call);
    }

    while_another_thread_is_told_a_verdict in 120 s {
        told_by_the_main_thread_alone();
        forks(200, be_told_a_verdict, patch_and_call);
    }
}
