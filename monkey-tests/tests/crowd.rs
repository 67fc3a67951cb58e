//! A thousand tests that replace the same five functions by values of their own, among a thousand that do not.
//!
//! Each calls them from itself, from a thread, from a rayon pool and from a tokio runtime of its own. Run it with
//! `--test-threads 8`; `.ci/crowd` does, a hundred times,
//! and compares how long both halves take with a sleep in each test.
use monkey_tests::crowd::{five, four, one, three, two};
use std::env;
use std::thread;
use std::time::Duration;

fn all() -> [u64; 5] {
    [one(), two(), three(), four(), five()]
}

fn check(expected: [u64; 5]) {
    assert_eq!(all(), expected);
    assert_eq!(thread::spawn(all).join().unwrap(), expected);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    assert_eq!(pool.install(|| rayon::join(all, all)), (expected, expected));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (worker, blocking) = runtime.block_on(async {
        (tokio::spawn(async { all() }).await.unwrap(), tokio::task::spawn_blocking(all).await.unwrap())
    });
    assert_eq!((worker, blocking), (expected, expected));
    // For the measurement of how many run at a time.
    if let Ok(sleep) = env::var("MONKEY_CROWD_SLEEP") {
        thread::sleep(Duration::from_millis(sleep.parse().unwrap()));
    }
    assert_eq!(all(), expected);
}

macro_rules! pair {
    ($name:ident, $number:expr) => {
        mod $name {
            use super::*;

            const N: u64 = 10 * ($number + 1);

            #[monkey::test(replace(
                        one = || N + 1, two = || N + 2, three = || N + 3, four = || N + 4, five = || N + 5
                    ))]
            fn replaced() {
                check([N + 1, N + 2, N + 3, N + 4, N + 5]);
            }

            #[test]
            fn plain() {
                check([1, 2, 3, 4, 5]);
            }
        }
    };
}

macro_rules! tens {
    ($hundred:expr, $($name:ident = $ten:expr),*) => {$(
        mod $name {
            use super::*;
            pair!(n0, $hundred * 100 + $ten * 10);
            pair!(n1, $hundred * 100 + $ten * 10 + 1);
            pair!(n2, $hundred * 100 + $ten * 10 + 2);
            pair!(n3, $hundred * 100 + $ten * 10 + 3);
            pair!(n4, $hundred * 100 + $ten * 10 + 4);
            pair!(n5, $hundred * 100 + $ten * 10 + 5);
            pair!(n6, $hundred * 100 + $ten * 10 + 6);
            pair!(n7, $hundred * 100 + $ten * 10 + 7);
            pair!(n8, $hundred * 100 + $ten * 10 + 8);
            pair!(n9, $hundred * 100 + $ten * 10 + 9);
        }
    )*};
}

macro_rules! hundreds {
    ($($name:ident = $hundred:expr),*) => {$(
        mod $name {
            use super::*;
            tens!($hundred, t0 = 0, t1 = 1, t2 = 2, t3 = 3, t4 = 4, t5 = 5, t6 = 6, t7 = 7, t8 = 8, t9 = 9);
        }
    )*};
}

hundreds!(h0 = 0, h1 = 1, h2 = 2, h3 = 3, h4 = 4, h5 = 5, h6 = 6, h7 = 7, h8 = 8, h9 = 9);
