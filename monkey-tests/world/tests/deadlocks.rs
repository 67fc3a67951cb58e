//! A test whose threads all wait for good fails, and says which thread waits where.
#![cfg(target_os = "linux")]
use monkey_tests::child;
use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Runs a test of this name in a process of its own: it has to fail within seconds, with all of these parts.
fn fails(test: &str, parts: &[String]) {
    let begun = Instant::now();
    let (output, late) = child::limited(&mut child::command(test, "fails"), Duration::from_secs(20));
    let said = child::describe(output.status, &output);
    assert!(!late && !child::passed(&output), "{late} {said}");
    println!("{test}: {:?}", begun.elapsed());
    assert!(said.contains("test result: FAILED"), "the process ended, not the test alone\n{said}");
    for part in parts {
        assert!(said.contains(part), "{part}\nin\n{said}");
    }
}

fn here(line: u32) -> String {
    format!("tests/deadlocks.rs:{line} ")
}

fn body_or_parent(test: &str, parts: &[String], body: impl FnOnce()) {
    if child::case().is_some() {
        body();
    } else {
        fails(test, parts);
    }
}

const DEADLOCK: &str = "deadlock: every thread of this test waits, and no wait has an end";

#[monkey::test]
fn two_mutexes() {
    let line = line!();
    let parts = [DEADLOCK.to_owned(), here(line + 10), here(line + 15), "thread `second`".to_owned()];
    body_or_parent("two_mutexes", &parts, || {
        let _clock = monkey::clock::pause();
        let (first, second) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        let both = Arc::new(Barrier::new(2));
        let (one, two, gate) = (Arc::clone(&first), Arc::clone(&second), Arc::clone(&both));
        let other = thread::Builder::new().name("second".into()).spawn(move || {
            let _held = two.lock().unwrap();
            gate.wait();
            drop(one.lock());
        });
        let _held = first.lock().unwrap();
        both.wait();
        // Here, where the other one waits for the first.
        drop(second.lock());
        other.unwrap().join().unwrap();
    });
}

#[monkey::test]
fn a_channel_nobody_sends_to() {
    let parts = [DEADLOCK.to_owned(), here(line!() + 4)];
    body_or_parent("a_channel_nobody_sends_to", &parts, || {
        let _clock = monkey::clock::pause();
        let (_sender, receiver) = mpsc::channel::<()>();
        let _ = receiver.recv();
    });
}

#[monkey::test]
fn a_join_of_a_thread_that_waits() {
    let parts = [DEADLOCK.to_owned(), here(line!() + 4), here(line!() + 6)];
    body_or_parent("a_join_of_a_thread_that_waits", &parts, || {
        let _clock = monkey::clock::pause();
        let waits = thread::spawn(|| {
            thread::park();
        });
        let _ = waits.join();
    });
}

#[monkey::test]
fn a_scoped_thread_that_waits() {
    let parts = [DEADLOCK.to_owned(), here(line!() + 4), here(line!() + 5)];
    body_or_parent("a_scoped_thread_that_waits", &parts, || {
        let _clock = monkey::clock::pause();
        let (mutex, condition) = (Mutex::new(()), Condvar::new());
        thread::scope(|scope| {
            scope.spawn(|| drop(condition.wait(mutex.lock().unwrap())));
        });
    });
}

#[monkey::test]
fn a_task_that_waits() {
    for flavor in ["one", "several"] {
        if child::case().is_none() {
            fails("a_task_that_waits", &[DEADLOCK.to_owned()]);
            continue;
        }
        let _clock = monkey::clock::pause();
        let mut runtime = if flavor == "one" {
            tokio::runtime::Builder::new_current_thread()
        } else {
            tokio::runtime::Builder::new_multi_thread()
        };
        runtime.enable_all().build().unwrap().block_on(async {
            let (_sender, receiver) = tokio::sync::oneshot::channel::<()>();
            let _ = receiver.await;
        });
    }
}

#[monkey::test]
fn a_task_that_waits_on_several_threads() {
    body_or_parent("a_task_that_waits_on_several_threads", &[DEADLOCK.to_owned()], || {
        let _clock = monkey::clock::pause();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_sender, receiver) = tokio::sync::oneshot::channel::<()>();
            let _ = receiver.await;
        });
    });
}

#[monkey::test]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_that_wait_for_each_other() {
    if child::case().is_none() {
        fails("tasks_that_wait_for_each_other", &[DEADLOCK.to_owned()]);
        return;
    }
    let _clock = monkey::clock::pause();
    let (first, second) = (Arc::new(tokio::sync::Mutex::new(())), Arc::new(tokio::sync::Mutex::new(())));
    let both = Arc::new(tokio::sync::Barrier::new(2));
    let lock = |one: &Arc<tokio::sync::Mutex<()>>, two: &Arc<tokio::sync::Mutex<()>>| {
        let (one, two, both) = (Arc::clone(one), Arc::clone(two), Arc::clone(&both));
        tokio::spawn(async move {
            let _held = one.lock().await;
            both.wait().await;
            drop(two.lock().await);
        })
    };
    let (one, other) = (lock(&first, &second), lock(&second, &first));
    one.await.unwrap();
    other.await.unwrap();
}

#[monkey::test]
fn a_blocking_task_that_waits() {
    body_or_parent("a_blocking_task_that_waits", &[DEADLOCK.to_owned()], || {
        let _clock = monkey::clock::pause();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_sender, receiver) = mpsc::channel::<()>();
            let blocked = tokio::task::spawn_blocking(move || receiver.recv());
            let _ = blocked.await;
        });
    });
}

#[monkey::test]
fn a_clock_that_is_turned_for_ever() {
    let parts = [
        "the clock was turned 1001 times".to_owned(),
        "help: end what repeats".to_owned(),
        here(line!() + 7),
    ];
    body_or_parent("a_clock_that_is_turned_for_ever", &parts, || {
        let clock = monkey::clock::pause();
        clock.turn_limit(1000);
        thread::spawn(|| {
            loop {
                thread::sleep(Duration::from_secs(1));
            }
        })
        .join()
        .unwrap();
    });
}

#[monkey::test]
fn a_clock_that_nobody_turns() {
    let parts = ["its clock is turned by hand".to_owned(), here(line!() + 4)];
    body_or_parent("a_clock_that_nobody_turns", &parts, || {
        let clock = monkey::clock::pause();
        clock.manual();
        thread::sleep(Duration::from_secs(1));
    });
}

#[monkey::test]
fn a_semaphore_nobody_gives() {
    let parts = [DEADLOCK.to_owned(), here(line!() + 8)];
    body_or_parent("a_semaphore_nobody_gives", &parts, || {
        // SAFETY: a struct of numbers.
        let mut semaphore: libc::sem_t = unsafe { std::mem::zeroed() };
        let _clock = monkey::clock::pause();
        // SAFETY: nobody else's.
        unsafe { libc::sem_init(&raw mut semaphore, 0, 0) };
        // SAFETY: made above.
        unsafe { libc::sem_wait(&raw mut semaphore) };
    });
}
