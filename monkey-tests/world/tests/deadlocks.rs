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
    child::said_place("tests/deadlocks.rs", line)
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

/// The test's own thread lends its stack to the job, so that the job ends first.
#[monkey::test]
fn a_job_of_a_pool_that_waits() {
    let parts = [DEADLOCK.to_owned(), here(line!() + 5)];
    body_or_parent("a_job_of_a_pool_that_waits", &parts, || {
        let _clock = monkey::clock::pause();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let (_sender, receiver) = mpsc::channel::<()>();
        let _ = pool.install(move || receiver.recv());
    });
}

#[monkey::test]
fn the_tests_own_thread_sleeps_for_ever() {
    let parts = ["the clock was turned 1001 times".to_owned(), here(line!() + 5)];
    body_or_parent("the_tests_own_thread_sleeps_for_ever", &parts, || {
        let clock = monkey::clock::pause();
        clock.turn_limit(1000);
        loop {
            thread::sleep(Duration::from_secs(1));
        }
    });
}

#[monkey::test]
fn a_poll_with_nothing_to_come() {
    let parts = [DEADLOCK.to_owned(), here(line!() + 7)];
    body_or_parent("a_poll_with_nothing_to_come", &parts, || {
        let _clock = monkey::clock::pause();
        let (reader, _writer) = std::io::pipe().unwrap();
        let fd = std::os::fd::AsRawFd::as_raw_fd(&reader);
        let mut polled = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
        // SAFETY: memory of our own.
        unsafe { libc::poll(&raw mut polled, 1, -1) };
    });
}

/// Nobody listens to what the thread throws, and yet the test fails.
#[monkey::test]
fn a_thread_whose_end_is_ignored() {
    let parts = [DEADLOCK.to_owned(), here(line!() + 5)];
    body_or_parent("a_thread_whose_end_is_ignored", &parts, || {
        let _clock = monkey::clock::pause();
        thread::scope(|scope| {
            let waits = scope.spawn(|| {
                thread::park();
            });
            drop(waits.join());
        });
    });
}

/// A clock that is never dropped is judged at the end of its scope.
#[monkey::test]
fn a_forgotten_clock_that_nobody_turns() {
    let parts = ["its clock is turned by hand".to_owned(), "its guard was never dropped".to_owned()];
    body_or_parent("a_forgotten_clock_that_nobody_turns", &parts, || {
        let clock = monkey::clock::pause();
        clock.manual();
        std::mem::forget(clock);
        let sleeps = thread::spawn(|| thread::sleep(Duration::from_secs(1)));
        drop(sleeps.join());
    });
}

/// It has stood still, and goes on with the end of its scope: who still waits is not told that the process has to end.
#[monkey::test]
fn a_forgotten_clock_ends_with_its_scope() {
    std::mem::forget(monkey::clock::pause());
    let begun = Instant::now();
    thread::spawn(thread::park);
    thread::sleep(Duration::from_hours(1));
    assert_eq!(begun.elapsed().as_secs(), 3600);
}

/// A panic cannot leave a function that C calls: what was found out is said when the clock is dropped.
#[monkey::test]
fn a_wait_that_no_panic_can_leave() {
    extern "C" fn compare(_: *const libc::c_void, _: *const libc::c_void) -> i32 {
        thread::park_timeout(Duration::from_secs(1));
        0
    }
    body_or_parent("a_wait_that_no_panic_can_leave", &["its clock is turned by hand".to_owned()], || {
        let clock = monkey::clock::pause();
        clock.manual();
        let mut two = [0_u8; 2];
        // SAFETY: memory of its size.
        unsafe { libc::qsort(two.as_mut_ptr().cast(), 2, 1, Some(compare)) };
    });
}

/// The channel asserts that nobody waits when it is dropped, in a panic, which ends the process: the reason is told before.
#[monkey::test]
fn a_channel_of_crossbeams() {
    const TEST: &str = "a_channel_of_crossbeams";
    if child::case().is_some() {
        let _clock = monkey::clock::pause();
        let (_sender, receiver) = crossbeam_channel::unbounded::<()>();
        let _ = receiver.recv();
        return;
    }
    let (output, late) = child::limited(&mut child::command(TEST, "fails"), Duration::from_secs(20));
    let said = child::describe(output.status, &output);
    assert!(!late && !child::passed(&output) && said.contains(DEADLOCK), "{late} {said}");
}

/// A lock of C's in memory that threads share.
struct OfC<T>(std::cell::UnsafeCell<T>);

// SAFETY: it is made to be used by all threads.
unsafe impl<T> Send for OfC<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for OfC<T> {}

impl<T> OfC<T> {
    fn new(value: T) -> Arc<Self> {
        Arc::new(Self(std::cell::UnsafeCell::new(value)))
    }
}

#[monkey::test]
fn two_mutexes_of_c() {
    let line = line!();
    let parts = [DEADLOCK.to_owned(), here(line + 12), here(line + 18), "thread `second`".to_owned()];
    body_or_parent("two_mutexes_of_c", &parts, || {
        let _clock = monkey::clock::pause();
        let [first, second] = [(); 2].map(|()| OfC::new(libc::PTHREAD_MUTEX_INITIALIZER));
        let both = Arc::new(Barrier::new(2));
        let (one, two, gate) = (Arc::clone(&first), Arc::clone(&second), Arc::clone(&both));
        let other = thread::Builder::new().name("second".into()).spawn(move || {
            // SAFETY: mutexes that were made, here and below.
            unsafe { libc::pthread_mutex_lock(two.0.get()) };
            gate.wait();
            // SAFETY: as above.
            unsafe { libc::pthread_mutex_lock(one.0.get()) };
        });
        // SAFETY: as above.
        unsafe { libc::pthread_mutex_lock(first.0.get()) };
        both.wait();
        // SAFETY: as above. Here, where the other one waits for the first.
        unsafe { libc::pthread_mutex_lock(second.0.get()) };
        let _ = other.unwrap().join();
    });
}

#[monkey::test]
fn a_mutex_of_c_that_its_own_thread_has() {
    let parts = [DEADLOCK.to_owned(), here(line!() + 7)];
    body_or_parent("a_mutex_of_c_that_its_own_thread_has", &parts, || {
        let _clock = monkey::clock::pause();
        let mutex = OfC::new(libc::PTHREAD_MUTEX_INITIALIZER);
        // SAFETY: it was made above.
        unsafe { libc::pthread_mutex_lock(mutex.0.get()) };
        // SAFETY: as above.
        unsafe { libc::pthread_mutex_lock(mutex.0.get()) };
    });
}

#[monkey::test]
fn a_lock_of_c_that_has_a_reader() {
    let parts = [DEADLOCK.to_owned(), here(line!() + 7), here(line!() + 8)];
    body_or_parent("a_lock_of_c_that_has_a_reader", &parts, || {
        let _clock = monkey::clock::pause();
        let lock = OfC::new(libc::PTHREAD_RWLOCK_INITIALIZER);
        // SAFETY: it was made above.
        unsafe { libc::pthread_rwlock_rdlock(lock.0.get()) };
        // SAFETY: as above.
        let writer = thread::spawn(move || unsafe { libc::pthread_rwlock_wrlock(lock.0.get()) });
        let _ = writer.join();
    });
}

/// Who has it sleeps: time goes on for him.
#[monkey::test]
fn a_mutex_of_c_whose_holder_sleeps() {
    let _clock = monkey::clock::pause();
    let begun = Instant::now();
    let mutex = OfC::new(libc::PTHREAD_MUTEX_INITIALIZER);
    let (theirs, both) = (Arc::clone(&mutex), Arc::new(Barrier::new(2)));
    let gate = Arc::clone(&both);
    let holder = thread::spawn(move || {
        // SAFETY: it was made above.
        unsafe { libc::pthread_mutex_lock(theirs.0.get()) };
        gate.wait();
        thread::sleep(Duration::from_hours(1));
        // SAFETY: locked above.
        unsafe { libc::pthread_mutex_unlock(theirs.0.get()) };
    });
    both.wait();
    // SAFETY: as above.
    assert_eq!(unsafe { libc::pthread_mutex_lock(mutex.0.get()) }, 0);
    assert_eq!(begun.elapsed(), Duration::from_hours(1));
    holder.join().unwrap();
}

/// The last one goes on at once, and the others at the moment in which it comes.
#[monkey::test]
fn a_barrier_of_c_that_all_come_to() {
    let _clock = monkey::clock::pause();
    let begun = Instant::now();
    // SAFETY: numbers.
    let barrier = OfC::new(unsafe { std::mem::zeroed::<libc::pthread_barrier_t>() });
    // SAFETY: room for it.
    unsafe { libc::pthread_barrier_init(barrier.0.get(), std::ptr::null(), 3) };
    let sleepers = [1, 2, 3].map(|seconds| {
        let barrier = Arc::clone(&barrier);
        thread::spawn(move || {
            thread::sleep(Duration::from_secs(seconds));
            // SAFETY: made above.
            let serial = unsafe { libc::pthread_barrier_wait(barrier.0.get()) };
            (serial, begun.elapsed())
        })
    });
    // Later than all: who comes last does not wait, and so turns no clock.
    let later = thread::spawn(|| thread::sleep(Duration::from_secs(100)));
    let passed = sleepers.map(|sleeper| sleeper.join().unwrap());
    assert_eq!(passed.map(|(_, elapsed)| elapsed.as_secs()), [3; 3], "{passed:?}");
    assert_eq!(passed.iter().filter(|(serial, _)| *serial == libc::PTHREAD_BARRIER_SERIAL_THREAD).count(), 1);
    later.join().unwrap();
}

/// Nothing ends such a wait, so the process is ended, with the places.
#[monkey::test]
fn a_barrier_of_c_that_nobody_else_comes_to() {
    const TEST: &str = "a_barrier_of_c_that_nobody_else_comes_to";
    let line = line!();
    if child::case().is_some() {
        let _clock = monkey::clock::pause();
        // SAFETY: numbers.
        let barrier = OfC::new(unsafe { std::mem::zeroed::<libc::pthread_barrier_t>() });
        // SAFETY: room for it.
        unsafe { libc::pthread_barrier_init(barrier.0.get(), std::ptr::null(), 2) };
        // SAFETY: made above.
        unsafe { libc::pthread_barrier_wait(barrier.0.get()) };
        return;
    }
    let (output, late) = child::limited(&mut child::command(TEST, "fails"), Duration::from_secs(20));
    let said = child::describe(output.status, &output);
    assert!(!late && !child::passed(&output), "{late} {said}");
    for part in [DEADLOCK.to_owned(), here(line + 8)] {
        assert!(said.contains(&part), "{part}\nin\n{said}");
    }
}
