//! Turns that are not given back.
use super::{number, path_of, two};
use monkey_tests::child;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{mem, thread};

/// A thread takes its turn by a guard, forgets it, and is gone from one moment to the next.
fn abandon_a_turn() {
    let (send, begun) = mpsc::channel();
    let thread = thread::spawn(move || {
        mem::forget(monkey::patch!(number = two));
        assert_eq!(number(), 2);
        send.send(()).unwrap();
        // SAFETY: ends this thread alone, which holds nothing that others wait for but its turn.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    });
    begun.recv().unwrap();
    // Joining it would panic: the standard library finds no result.
    mem::forget(thread);
}

#[test]
fn a_turn_of_a_thread_that_is_gone_is_taken_back() {
    let path = path_of(module_path!(), "a_turn_of_a_thread_that_is_gone_is_taken_back");
    child::within(Duration::from_mins(1), &path, || {
        abandon_a_turn();
        let begun = Instant::now();
        let alone = monkey::patch!(replace(number = || 9), scope = process);
        let waited = begun.elapsed();
        assert_eq!(number(), 9);
        drop(alone);
        assert_eq!(number(), 1);
        // The first notice would come after five seconds.
        assert!(waited < Duration::from_secs(4), "waited {waited:?}");
    });
}

/// More of them than a message has names for.
#[test]
fn many_such_turns_are_taken_back() {
    let path = path_of(module_path!(), "many_such_turns_are_taken_back");
    child::within(Duration::from_mins(1), &path, || {
        (0..10).for_each(|_| abandon_a_turn());
        let alone = monkey::patch!(replace(number = || 9), scope = process);
        assert_eq!(number(), 9);
        drop(alone);
        assert_eq!(number(), 1);
    });
}

#[test]
fn a_turn_that_is_held_for_good_is_an_error_in_the_end() {
    let path = path_of(module_path!(), "a_turn_that_is_held_for_good_is_an_error_in_the_end");
    if child::case().is_some() {
        let (send, begun) = mpsc::channel();
        let holder = move || {
            let _guard = monkey::patch!(number = two);
            send.send(()).unwrap();
            thread::sleep(Duration::from_hours(1));
        };
        thread::Builder::new().name("holds it for good".into()).spawn(holder).unwrap();
        begun.recv().unwrap();
        let _alone = monkey::patch!(replace(number = || 9), scope = process);
        return;
    }
    let mut command = child::command(&path, "held");
    command.env("MONKEY_LOCK_TIMEOUT", "1");
    let (output, late) = child::limited(&mut command, Duration::from_mins(1));
    let said = child::describe(output.status, &output);
    assert!(!late && output.status.code() == Some(101), "{said}");
    for part in [
        "has waited 1 s for the lock, held by `holds it for good` (",
        "company/turns.rs:",
        "help: let that one end, drop its guard, or wait longer: MONKEY_LOCK_TIMEOUT=SECONDS",
    ] {
        assert!(said.contains(part), "{part:?} is not in: {said}");
    }
}
