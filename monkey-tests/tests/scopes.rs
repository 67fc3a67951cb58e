//! A patch is seen by its test and by every thread started from it, and by nobody else.
#![allow(clippy::items_after_statements, reason = "what only one test needs stands in it")]
use monkey::Scope;
use monkey_tests::child;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Barrier, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

#[monkey::patchable]
fn number() -> u64 {
    1
}

#[monkey::patchable]
fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * factorial(n - 1) }
}

fn two() -> u64 {
    2
}

#[monkey::test(replace(number = two))]
fn threads_inherit_however_deep() {
    let deep = thread::spawn(|| {
        thread::spawn(|| thread::scope(|scope| scope.spawn(number).join().unwrap())).join().unwrap()
    });
    assert_eq!(deep.join().unwrap(), 2);
    assert_eq!(monkey::calls!(number), 1);
}

#[monkey::test(replace(number = two))]
fn threads_of_c_code_inherit() {
    extern "C" fn start(_: *mut libc::c_void) -> *mut libc::c_void {
        number() as *mut libc::c_void
    }
    let mut thread = 0;
    let mut result = std::ptr::null_mut();
    // SAFETY: `start` ignores its argument and gives a number for a pointer.
    let started =
        unsafe { libc::pthread_create(&raw mut thread, std::ptr::null(), start, std::ptr::null_mut()) };
    assert_eq!(started, 0);
    // SAFETY: the thread was just started and is joined once.
    assert_eq!(unsafe { libc::pthread_join(thread, &raw mut result) }, 0);
    assert_eq!(result as u64, 2);
}

#[monkey::test(replace(number = two))]
fn a_rayon_pool_of_the_test_inherits() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let seen = pool.install(|| rayon::join(number, || rayon::join(number, number)));
    assert_eq!(seen, (2, (2, 2)));
}

#[monkey::test(replace(number = two))]
fn a_tokio_runtime_of_the_test_inherits() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let seen = runtime.block_on(async {
        let worker = tokio::spawn(async { number() }).await.unwrap();
        let blocking = tokio::task::spawn_blocking(number).await.unwrap();
        (number(), worker, blocking)
    });
    assert_eq!(seen, (2, 2, 2));
}

#[monkey::test(replace(number = two))]
#[tokio::test]
async fn tokio_tests_of_one_thread_inherit() {
    assert_eq!(number(), 2);
    assert_eq!(tokio::spawn(async { number() }).await.unwrap(), 2);
    assert_eq!(tokio::task::spawn_blocking(number).await.unwrap(), 2);
}

#[monkey::test(replace(number = two))]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokio_tests_of_several_threads_inherit() {
    let tasks: Vec<_> = (0..20).map(|_| tokio::spawn(async { number() })).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 2);
    }
    assert_eq!(tokio::task::spawn_blocking(number).await.unwrap(), 2);
}

#[test]
fn three_scopes_at_once_see_their_own() {
    let together = Arc::new(Barrier::new(4));
    fn check(together: &Barrier, expected: u64) {
        together.wait();
        for _ in 0..10_000 {
            assert_eq!(number(), expected);
        }
        together.wait();
    }
    let plain = {
        (
            together.clone(),
            thread::spawn({
                let together = together.clone();
                move || check(&together, 1)
            }),
        )
            .1
    };
    let scopes = [
        thread::spawn({
            let together = together.clone();
            move || {
                let _guard = monkey::patch!(number = || 10);
                check(&together, 10);
            }
        }),
        thread::spawn({
            let together = together.clone();
            move || {
                let _guard = monkey::patch!(number = || 20);
                check(&together, 20);
            }
        }),
        thread::spawn({
            let together = together.clone();
            move || {
                let _guard = monkey::patch!(number = || 30);
                check(&together, 30);
            }
        }),
    ];
    scopes.into_iter().chain([plain]).for_each(|thread| thread.join().unwrap());
    assert_eq!(number(), 1);
}

#[monkey::test(replace(number = two), scope = process)]
fn process_scope_is_seen_by_threads_that_were_there() {
    assert_eq!(number(), 2);
    assert_eq!(worker(number), 2);
}

/// Runs a job on a thread that no test started.
fn worker(job: fn() -> u64) -> u64 {
    type Job = (fn() -> u64, mpsc::Sender<u64>);
    static WORKER: OnceLock<mpsc::Sender<Job>> = OnceLock::new();
    let worker = WORKER.get_or_init(|| {
        let (send, jobs) = mpsc::channel::<Job>();
        // Started in no scope, whoever comes first.
        let start = move || {
            thread::Builder::new().name("worker".into()).spawn(move || {
                for (job, answer) in jobs {
                    answer.send(job()).unwrap();
                }
            })
        };
        outside(start).unwrap();
        send
    });
    let (send, answer) = mpsc::channel();
    worker.send((job, send)).unwrap();
    answer.recv().unwrap()
}

/// Runs `body` in no scope, wherever it is called.
fn outside<R>(body: impl FnOnce() -> R) -> R {
    OUTSIDE.get().expect("taken before main").run(body)
}

/// The handle of a thread in no scope. Taken before `main`: a test's threads are all in its scope.
static OUTSIDE: OnceLock<Scope> = OnceLock::new();

extern "C" fn before_main() {
    OUTSIDE.get_or_init(Scope::current);
}

// SAFETY: the loader calls what stands there, functions of this type, once each before `main`.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

#[monkey::test(replace(number = two))]
fn a_scope_can_be_handed_to_a_thread_that_was_there() {
    assert_eq!(worker(number), 1);
    let (send, jobs) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
    let stranger = outside(|| thread::spawn(move || jobs.into_iter().for_each(|job| job())));
    let scope = Scope::current();
    let (answers, seen) = mpsc::channel();
    for scope in [Some(scope.clone()), None, Some(scope)] {
        let answers = answers.clone();
        send.send(Box::new(move || match scope {
            Some(scope) => answers.send(scope.run(|| thread::spawn(number).join().unwrap())).unwrap(),
            None => answers.send(number()).unwrap(),
        }))
        .unwrap();
    }
    drop((answers, send));
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [2, 1, 2]);
    stranger.join().unwrap();
}

#[test]
fn a_thread_and_a_handle_that_outlive_the_test_get_the_originals() {
    let (go, wait) = mpsc::channel::<()>();
    let (late, scope) = {
        let _guard = monkey::patch!(number = two);
        (
            thread::spawn(move || {
                wait.recv().unwrap_err();
                number()
            }),
            Scope::current(),
        )
    };
    let _other = monkey::patch!(number = || 3);
    drop(go);
    assert_eq!(late.join().unwrap(), 1);
    assert_eq!(scope.run(number), 1);
    assert_eq!(scope.run(|| thread::spawn(number).join().unwrap()), 1);
    assert_eq!(number(), 3);
}

#[monkey::test(replace(factorial = |n: u64| if n > 3 { monkey::original!(factorial(n)) } else { 1000 }))]
fn originals_recurse_through_the_replacement() {
    // 5 * 4 * (3! by the replacement)
    assert_eq!(factorial(5), 20_000);
    assert_eq!(monkey::original!(factorial(5)), 20_000);
    assert_eq!(monkey::calls!(factorial), 3 + 2);
    let threads: Vec<_> =
        (0..4).map(|_| thread::spawn(|| (0..1000).all(|_| factorial(5) == 20_000))).collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
}

#[test]
fn an_original_is_for_its_caller_alone() {
    let _guard = monkey::patch!(number = two);
    let stop = Arc::new(AtomicBool::new(false));
    let other = thread::spawn({
        let stop = stop.clone();
        move || {
            while !stop.load(SeqCst) {
                assert_eq!(number(), 2);
            }
        }
    });
    for _ in 0..100_000 {
        assert_eq!(monkey::original!(number()), 1);
        assert_eq!(number(), 2);
    }
    stop.store(true, SeqCst);
    other.join().unwrap();
}

#[monkey::with(replace(number = || 7))]
fn with_seven() -> u64 {
    number()
}

#[monkey::test(replace(number = two))]
fn patches_nest_and_come_apart_in_any_order() {
    let outer = monkey::patch!(number = || 5);
    assert_eq!((number(), with_seven(), number()), (5, 7, 5));
    let inner = monkey::patch!(number = || 6);
    assert_eq!(number(), 6);
    drop(outer);
    assert_eq!((number(), with_seven()), (6, 7));
    drop(inner);
    assert_eq!(number(), 2);
    assert_eq!(monkey::calls!(number), 7);
}

#[monkey::test(scope = process)]
fn process_and_test_scopes_nest_where_they_can() {
    let all = monkey::patch!(number = two);
    assert_eq!(worker(number), 2);
    let mine = monkey::patch!(replace(number = || 3), scope = test);
    assert_eq!((number(), worker(number)), (3, 2));
    drop(all);
    assert_eq!((number(), worker(number)), (3, 1));
    drop(mine);
    assert_eq!(number(), 1);
}

#[monkey::test]
fn process_scope_within_a_test_fails_at_once() {
    let error = monkey::try_patch!(replace(number = two), scope = process).unwrap_err();
    assert!(matches!(error.cause(), monkey::Cause::NotAlone { .. }));
    let text = error.to_string();
    assert!(text.contains("process_scope_within_a_test_fails_at_once"), "{text}");
    assert_eq!(number(), 1);
}

#[test]
fn a_guard_opens_a_scope_that_its_threads_are_in_and_the_last_one_ends() {
    let first = monkey::patch!(number = two);
    assert_eq!(thread::spawn(number).join().unwrap(), 2);
    let second = monkey::patch!(number = || 3);
    drop(first);
    assert_eq!(thread::spawn(number).join().unwrap(), 3);
    drop(second);
    assert_eq!(thread::spawn(number).join().unwrap(), 1);
    // Were a scope left, this one could not be alone.
    let alone = monkey::patch!(replace(number = || 4), scope = process);
    assert_eq!(worker(number), 4);
    drop(alone);
}

#[test]
fn counts_are_exact_with_eight_threads() {
    let calls = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    let _guard = monkey::patch!(number = two);
    let run = move || (0..calls).map(|_| number()).sum::<u64>();
    let threads: Vec<_> = (0..8).map(|_| thread::spawn(run)).collect();
    assert_eq!(threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>(), 8 * 2 * calls);
    assert_eq!(monkey::calls!(number), 8 * calls as usize);
}

#[test]
fn waiting_says_for_whom() {
    if child::case().is_none() {
        let output = child::run("waiting_says_for_whom", "wait");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(child::passed(&output), "{}", child::describe(output.status, &output));
        assert!(said.contains("`the holder` (monkey-tests/tests/scopes.rs:"), "{said}");
        assert!(said.contains("the one that waits"), "{said}");
        return;
    }
    let (begun, wait) = mpsc::channel();
    let holder = thread::Builder::new().name("the holder".into()).spawn(move || {
        let _guard = monkey::patch!(number = two);
        begun.send(()).unwrap();
        thread::sleep(Duration::from_secs(6));
    });
    wait.recv().unwrap();
    let waiting = thread::Builder::new().name("the one that waits".into()).spawn(|| {
        let _guard = monkey::patch!(replace(number = || 3), scope = process);
        assert_eq!(number(), 3);
    });
    waiting.unwrap().join().unwrap();
    holder.unwrap().join().unwrap();
}

#[test]
#[ignore = "fails on purpose: the test below runs it and reads what it says"]
fn missed_by_a_global_pool() {
    fn names(case: &str) -> bool {
        child::case().as_deref() == Some(case)
    }
    if names("missed") {
        rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .thread_name(|index| format!("pool-{index}"))
            .build_global()
            .unwrap();
        rayon::join(|| (), || ());
        missed();
    }
    #[monkey::with(replace(number = two), expect(number = 1..))]
    fn missed() {
        static SUM: AtomicU64 = AtomicU64::new(0);
        rayon::scope(|scope| {
            (0..4).for_each(|_| {
                scope.spawn(|_| {
                    SUM.fetch_add(number(), SeqCst);
                });
            });
        });
        assert_eq!(SUM.load(SeqCst), 4);
    }
}

#[test]
fn a_miss_names_the_threads_and_the_remedy() {
    let output = child::run("missed_by_a_global_pool", "missed");
    let said = child::describe(output.status, &output);
    assert!(!output.status.success(), "{said}");
    for part in [
        "`number`",
        "threads outside the test's scope: `pool-",
        "scope = process",
        "Scope::current()",
        "scopes.rs:",
    ] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
}

#[test]
fn threads_started_before_the_first_patch_of_the_process_inherit() {
    #[monkey::with]
    fn patches_late() {
        let (go, wait) = mpsc::channel();
        let thread = thread::spawn(move || {
            wait.recv().unwrap();
            number()
        });
        let _guard = monkey::patch!(number = two);
        go.send(()).unwrap();
        assert_eq!(thread.join().unwrap(), 2);
    }
    const TEST: &str = "threads_started_before_the_first_patch_of_the_process_inherit";
    if child::case().is_some() {
        return patches_late();
    }
    let output = child::run(TEST, "alone");
    assert!(child::passed(&output), "{}", child::describe(output.status, &output));
}

#[monkey::test(replace(number = two))]
#[tokio::test]
async fn futures_with_patches_of_their_own_leave_the_thread_as_it_was() {
    #[monkey::with(replace(number = || 5))]
    async fn five() -> u64 {
        tokio::task::yield_now().await;
        number()
    }
    assert_eq!((number(), five().await, number()), (2, 5, 2));
    let task = tokio::spawn(five());
    assert_eq!((task.await.unwrap(), number()), (5, 2));
}
