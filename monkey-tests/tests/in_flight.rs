//! What a closure has captured stays for every call that is in flight: calls within calls, in signal handlers, in forks, and those that
//! take their own patch away.
#![cfg(unix)]
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// Counts its drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Counted {
    fn alive(&self) -> bool {
        self.0.load(SeqCst) == 0
    }
}

#[monkey::patchable]
fn depth(number: u32) -> u32 {
    number
}

#[test]
fn calls_within_calls() {
    thread_local! {
        static GUARD: RefCell<Option<monkey::PatchGuard>> = const { RefCell::new(None) };
    }
    let drops = Arc::default();
    let counted = Counted(Arc::clone(&drops));
    let guard = monkey::patch!(
        depth = move |number| {
            if number > 0 {
                let below = depth(number - 1) + 1;
                assert!(counted.alive());
                return below;
            }
            GUARD.with_borrow_mut(Option::take);
            100
        }
    );
    GUARD.set(Some(guard));
    assert_eq!(depth(20), 120);
    assert_eq!((drops.load(SeqCst), depth(20)), (1, 20));
}

#[test]
fn a_panic_through_calls_within_calls() {
    let drops = Arc::default();
    let counted = Counted(Arc::clone(&drops));
    let guard = monkey::patch!(
        depth = move |number| {
            assert!(counted.alive() && number > 0, "the deepest one");
            depth(number - 1)
        }
    );
    thread::scope(|scope| assert!(scope.spawn(|| depth(20)).join().is_err()));
    drop(guard);
    assert_eq!(drops.load(SeqCst), 1);
}

#[test]
fn a_signal_handler_calls_it_while_a_call_begins_or_ends() {
    #[monkey::patchable]
    fn ticks(number: usize) -> usize {
        number
    }
    static HANDLED: AtomicUsize = AtomicUsize::new(0);
    extern "C" fn handler(_: libc::c_int) {
        HANDLED.fetch_add(ticks(1), SeqCst);
    }
    // SAFETY: the handler does what handlers may.
    unsafe { libc::signal(libc::SIGUSR1, handler as *const () as usize) };
    // SAFETY: takes nothing.
    let caller = unsafe { libc::pthread_self() };
    let over = AtomicBool::new(false);
    let drops = Arc::<AtomicUsize>::default();
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(SeqCst) {
                // SAFETY: the thread waits for this one.
                unsafe { libc::pthread_kill(caller, libc::SIGUSR1) };
                thread::sleep(Duration::from_micros(20));
            }
        });
        let mut round = 0;
        while round < 200 || HANDLED.load(SeqCst) < 100 {
            let counted = Counted(Arc::clone(&drops));
            let guard = monkey::patch!(
                ticks = move |number| {
                    assert_eq!(counted.0.load(SeqCst), round);
                    number + 1
                }
            );
            assert!((0..500).all(|number| ticks(number) == number + 1));
            drop(guard);
            round += 1;
            assert_eq!(drops.load(SeqCst), round);
        }
        over.store(true, SeqCst);
    });
}

#[test]
fn a_fork_within_a_call() {
    let drops = Arc::default();
    let counted = Counted(Arc::clone(&drops));
    let guard = monkey::patch!(
        depth = move |_| {
            assert!(counted.alive());
            // SAFETY: the other threads hold nothing that the child needs.
            unsafe { libc::fork() }.cast_unsigned()
        }
    );
    let child = depth(5);
    drop(guard);
    let dropped = drops.load(SeqCst);
    if child == 0 {
        // SAFETY: ends the process without the harness.
        unsafe { libc::_exit(i32::from(dropped != 1)) };
    }
    let mut status = -1;
    // SAFETY: waits for the child; `status` is writable.
    unsafe { libc::waitpid(child.cast_signed(), &raw mut status, 0) };
    assert_eq!((dropped, status), (1, 0));
}
