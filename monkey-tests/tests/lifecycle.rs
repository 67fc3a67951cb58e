//! How patches and scopes end: by panics, forgotten guards, threads that go on, `process::exit`, forks.
use monkey_tests::child;
use std::process;
use std::sync::mpsc;
use std::{mem, panic, thread};

#[monkey::patchable]
fn number() -> u64 {
    1
}

#[monkey::patchable]
fn two() -> u64 {
    2
}

/// Fails, by waiting, when any scope is left open.
fn nothing_is_left() {
    assert_eq!(number(), 1);
    let alone = monkey::patch!(replace(number = || 9), scope = process);
    assert_eq!(number(), 9);
    drop(alone);
    assert_eq!(number(), 1);
}

#[monkey::with(replace(number = two))]
fn panics() {
    assert_eq!(number(), 2);
    let _inner = monkey::patch!(number = || 3);
    assert_eq!(number(), 3);
    panic!("on purpose");
}

#[test]
fn a_panicking_test_leaves_nothing() {
    child::alone("a_panicking_test_leaves_nothing", || {
        panic::catch_unwind(panics).unwrap_err();
        nothing_is_left();
    });
}

#[test]
fn a_guard_forgotten_in_a_test_ends_with_the_test() {
    #[monkey::with(replace(number = || 5))]
    fn forgets() {
        mem::forget(monkey::patch!(number = two));
        assert_eq!(number(), 2);
    }
    child::alone("a_guard_forgotten_in_a_test_ends_with_the_test", || {
        forgets();
        nothing_is_left();
    });
}

#[test]
fn a_guard_forgotten_outside_any_test_ends_with_its_thread() {
    child::alone("a_guard_forgotten_outside_any_test_ends_with_its_thread", || {
        thread::spawn(|| {
            mem::forget(monkey::patch!(number = two));
            assert_eq!(number(), 2);
        })
        .join()
        .unwrap();
        nothing_is_left();
    });
}

#[test]
fn a_thread_that_outlives_its_test_gets_the_originals() {
    child::alone("a_thread_that_outlives_its_test_gets_the_originals", || {
        #[monkey::with(replace(number = two))]
        fn starts(ended: mpsc::Receiver<()>) -> thread::JoinHandle<[u64; 2]> {
            let (begun, wait) = mpsc::channel();
            let thread = thread::spawn(move || {
                let before = number();
                begun.send(()).unwrap();
                let _ = ended.recv();
                [before, number()]
            });
            wait.recv().unwrap();
            thread
        }
        let (end, ended) = mpsc::channel();
        let thread = starts(ended);
        // The scope ends with the test, whoever is still in it.
        nothing_is_left();
        drop(end);
        assert_eq!(thread.join().unwrap(), [2, 1]);
    });
}

#[test]
fn a_test_abandoned_by_exit_ends_the_process_as_it_would() {
    if child::case().is_some() {
        let _guard = monkey::patch!(number = two);
        assert_eq!(number(), 2);
        process::exit(77);
    }
    let output = child::run("a_test_abandoned_by_exit_ends_the_process_as_it_would", "exit");
    assert_eq!(output.status.code(), Some(77), "{}", child::describe(output.status, &output));
}

#[test]
fn a_forked_child_sees_what_its_parent_saw() {
    fn in_child() -> i32 {
        let checks = [
            || number() == 2,
            || thread::spawn(number).join().is_ok_and(|number| number == 2),
            || {
                let _guard = monkey::patch!(number = || 3);
                number() == 3
            },
            || monkey::original!(number()) == 1 && number() == 2,
            // A first hook, in the child's own copy of the code.
            || {
                let _guard = monkey::patch!(two = || 22);
                two() == 22
            },
        ];
        checks.iter().position(|check| !check()).map_or(0, |failed| failed as i32 + 1)
    }
    child::alone("a_forked_child_sees_what_its_parent_saw", || {
        // Threads that take the lock all the time, so that forks happen while it is held.
        let (stop, stopped) = mpsc::channel::<()>();
        let busy = thread::spawn(move || {
            while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                drop(monkey::patch!(number = || 4));
            }
        });
        for _ in 0..50 {
            let _guard = monkey::patch!(number = two);
            // SAFETY: the child calls what it likes here: the harness's other threads hold no lock that it needs.
            match unsafe { libc::fork() } {
                // SAFETY: ends the child without running the harness's own ending.
                0 => unsafe { libc::_exit(in_child()) },
                child => {
                    let mut status = 0;
                    // SAFETY: waits for the child just started.
                    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
                    assert_eq!((libc::WIFEXITED(status), libc::WEXITSTATUS(status)), (true, 0));
                }
            }
            assert_eq!((number(), two()), (2, 2));
        }
        drop(stop);
        busy.join().unwrap();
    });
}

/// What the process has in memory, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn a_hundred_thousand_scopes_leave_nothing_behind() {
    #[monkey::with(replace(number = two, two = || 8))]
    fn scoped(index: usize) {
        // The replacement of the one is itself replaced.
        assert_eq!((number(), two()), (8, 8));
        if index.is_multiple_of(100) {
            assert_eq!(thread::spawn(number).join().unwrap(), 8);
        }
    }
    child::alone("a_hundred_thousand_scopes_leave_nothing_behind", || {
        let run = |scopes| (0..scopes).for_each(scoped);
        if child::emulated() {
            // An emulator's memory grows by what it translates.
            run(10_000);
            println!("skipped: what is in memory is not the program's alone");
            return nothing_is_left();
        }
        run(10_000);
        let before = resident();
        run(100_000);
        let grown = resident().saturating_sub(before);
        println!("100,000 scopes: {grown} KiB more in memory");
        assert!(grown < 256, "{grown} KiB more after 100,000 scopes");
        nothing_is_left();
    });
}
