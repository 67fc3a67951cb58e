//! A test's own time, randomness and environment, on every system that has them. A C library that is linked statically tells nobody
//! where its functions are.
#![cfg(all(
    target_pointer_width = "64",
    not(all(target_env = "musl", target_feature = "crt-static")),
    any(
        all(
            any(target_os = "linux", target_os = "macos"),
            any(target_arch = "aarch64", target_arch = "x86_64")
        ),
        all(windows, target_arch = "x86_64")
    )
))]
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const HOUR: Duration = Duration::from_secs(3600);
/// Some systems count in hundreds of nanoseconds.
const PARTY: Duration = Duration::from_secs(946_684_799);

#[monkey::test]
fn time_stands_still_until_it_is_turned() {
    let clock = monkey::clock::pause_at(UNIX_EPOCH + PARTY);
    let begun = Instant::now();
    for _ in 0..1000 {
        assert_eq!((begun.elapsed(), SystemTime::now()), (Duration::ZERO, UNIX_EPOCH + PARTY));
    }
    clock.advance(HOUR);
    assert_eq!((begun.elapsed(), clock.now()), (HOUR, UNIX_EPOCH + PARTY + HOUR));
    assert_eq!((clock.elapsed(), SystemTime::now()), (HOUR, UNIX_EPOCH + PARTY + HOUR));
    clock.set(UNIX_EPOCH + HOUR);
    assert_eq!((begun.elapsed(), UNIX_EPOCH.elapsed().unwrap()), (HOUR, HOUR));
    drop(clock);
    assert!(UNIX_EPOCH.elapsed().unwrap() > HOUR * 24 * 365 * 50);
}

#[monkey::test]
fn a_sleep_is_over_at_once() {
    let _clock = monkey::clock::pause();
    let begun = Instant::now();
    thread::sleep(HOUR);
    thread::sleep(Duration::from_millis(1));
    assert_eq!(begun.elapsed(), HOUR + Duration::from_millis(1));
    let outside = thread::spawn(move || {
        thread::sleep(HOUR);
        begun.elapsed()
    });
    assert_eq!(outside.join().unwrap(), HOUR * 2 + Duration::from_millis(1));
}

#[monkey::test]
fn sleepers_wake_in_their_order() {
    let _clock = monkey::clock::pause();
    let begun = Instant::now();
    let (send, receive) = mpsc::channel();
    let threads: Vec<_> = [3, 1, 2]
        .into_iter()
        .map(|hours| {
            let send = send.clone();
            thread::spawn(move || {
                thread::sleep(HOUR * hours);
                send.send((hours, begun.elapsed())).unwrap();
            })
        })
        .collect();
    drop(send);
    let order: Vec<_> = receive.iter().collect();
    assert_eq!(order, [(1, HOUR), (2, HOUR * 2), (3, HOUR * 3)]);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[monkey::test]
fn waits_with_an_end_end_by_the_clock() {
    let _clock = monkey::clock::pause();
    let begun = Instant::now();
    let (send, receive) = mpsc::channel::<()>();
    assert_eq!(receive.recv_timeout(HOUR), Err(RecvTimeoutError::Timeout));
    thread::park_timeout(HOUR);
    let (lock, condition) = (Mutex::new(()), Condvar::new());
    let (_held, result) = condition.wait_timeout(lock.lock().unwrap(), HOUR).unwrap();
    assert!(result.timed_out());
    assert_eq!(begun.elapsed(), HOUR * 3);
    drop(send);
}

/// It wants more time to have gone by than it was given.
#[monkey::test]
fn a_wait_for_a_condition_that_never_comes_ends() {
    let _clock = monkey::clock::pause();
    let begun = Instant::now();
    let (lock, condition) = (Mutex::new(()), Condvar::new());
    let (_held, result) = condition.wait_timeout_while(lock.lock().unwrap(), HOUR, |()| true).unwrap();
    assert!(result.timed_out());
    assert_eq!(begun.elapsed().as_secs(), HOUR.as_secs());
}

#[monkey::test]
fn who_is_woken_is_woken_before_time_goes_on() {
    let _clock = monkey::clock::pause();
    let begun = Instant::now();
    let (send, receive) = mpsc::channel();
    let pair = Arc::new((Mutex::new(0), Condvar::new()));
    let barrier = Arc::new(Barrier::new(2));
    let worker = thread::spawn({
        let (pair, barrier) = (pair.clone(), barrier.clone());
        move || {
            for round in 1..=50 {
                thread::sleep(Duration::from_secs(1));
                *pair.0.lock().unwrap() = round;
                pair.1.notify_all();
                send.send(round).unwrap();
                barrier.wait();
            }
        }
    });
    for round in 1..=50 {
        let state = pair.0.lock().unwrap();
        drop(pair.1.wait_while(state, |state| *state < round).unwrap());
        assert_eq!(receive.recv_timeout(HOUR), Ok(round));
        assert_eq!(begun.elapsed().as_secs(), round);
        barrier.wait();
    }
    worker.join().unwrap();
}

#[monkey::test]
fn a_clock_that_is_turned_by_hand_does_not_jump() {
    let clock = monkey::clock::pause();
    clock.manual();
    let (ticks, ticked) = mpsc::channel();
    thread::spawn(move || {
        loop {
            thread::sleep(Duration::from_secs(10));
            if ticks.send(()).is_err() {
                return;
            }
        }
    });
    clock.advance(Duration::from_secs(25));
    assert_eq!(ticked.try_iter().count(), 2);
    clock.advance(Duration::from_secs(5));
    assert_eq!(ticked.try_iter().count(), 1);
}

#[test]
fn threads_outside_have_the_real_clock() {
    let (ask, asked) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let outside = thread::spawn(move || {
        while asked.recv().is_ok() {
            tell.send(SystemTime::now()).unwrap();
        }
    });
    let clock = monkey::clock::pause_at(UNIX_EPOCH);
    ask.send(()).unwrap();
    assert!(told.recv().unwrap() > UNIX_EPOCH + PARTY);
    assert_eq!(SystemTime::now(), UNIX_EPOCH);
    drop(clock);
    drop(ask);
    outside.join().unwrap();
}

fn draw() -> u64 {
    RandomState::new().hash_one("key")
}

#[monkey::test]
fn a_seed_gives_the_same_again() {
    let both = || {
        let _random = monkey::random::seed(7);
        let elsewhere = || thread::spawn(draw).join().unwrap();
        let map: HashMap<u32, u32> = (0..20).map(|key| (key, key)).collect();
        (draw(), elsewhere(), elsewhere(), map.into_keys().collect::<Vec<_>>())
    };
    let (first, second) = (both(), both());
    assert_eq!(first, second);
    assert!(first.0 != first.1 && first.1 != first.2);
    let _random = monkey::random::seed(8);
    assert_ne!(draw(), first.0);
}

#[monkey::test]
fn variables_are_this_tests_alone() {
    let outside = thread::Builder::new();
    let _set = monkey::env::set("MONKEY_KIT_WORLD", "own");
    let _gone = monkey::env::remove("PATH");
    assert_eq!(std::env::var("MONKEY_KIT_WORLD").as_deref(), Ok("own"));
    assert_eq!(std::env::var_os("PATH"), None);
    assert!(std::env::vars().any(|(name, value)| name == "MONKEY_KIT_WORLD" && value == "own"));
    assert!(!std::env::vars_os().any(|(name, _)| name == "PATH"));
    let seen = outside.spawn(|| std::env::var("MONKEY_KIT_WORLD")).unwrap().join().unwrap();
    assert_eq!(seen.as_deref(), Ok("own"));
}

#[test]
fn variables_of_others_are_not_seen() {
    for _ in 0..100 {
        assert!(std::env::var_os("MONKEY_KIT_WORLD").is_none());
        assert!(std::env::vars_os().count() > 0 && std::env::var_os("PATH").is_some());
    }
}

#[monkey::test]
fn programs_are_started_with_them() {
    let _set = monkey::env::set("MONKEY_KIT_WORLD", "handed on");
    let mut command = if cfg!(windows) {
        let mut command = std::process::Command::new("cmd");
        command.args(["/c", "echo %MONKEY_KIT_WORLD%"]);
        command
    } else {
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", "echo $MONKEY_KIT_WORLD"]);
        command
    };
    let said = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&said.stdout).trim(), "handed on");
}

macro_rules! in_parallel {
    ($($name:ident $hours:literal)*) => {
        $(
            #[monkey::test]
            fn $name() {
                let _clock = monkey::clock::pause();
                let begun = Instant::now();
                for round in 1..=20 {
                    let sleeper = thread::spawn(move || thread::sleep(HOUR * $hours));
                    let (_send, receive) = mpsc::channel::<()>();
                    assert!(receive.recv_timeout(HOUR * $hours * 2).is_err());
                    sleeper.join().unwrap();
                    assert_eq!(begun.elapsed(), HOUR * $hours * 2 * round);
                }
            }
        )*
    };
}

in_parallel! { in_one_hour 1 in_two_hours 2 in_three_hours 3 in_four_hours 4 }
