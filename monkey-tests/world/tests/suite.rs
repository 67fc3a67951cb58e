//! Two hundred tests whose waits would take hours: of threads, channels, tokio in both flavours and a pool, all beside each other.
#![cfg(target_os = "linux")]
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

type Events = Arc<Mutex<Vec<(u64, u64)>>>;

/// Threads sleep different spans, in turn: each event has its time, and they come in order.
fn sleepers(case: u64) {
    let start = Instant::now();
    let events = Events::default();
    let threads: Vec<_> = (1..=4)
        .map(|number| {
            let events = Arc::clone(&events);
            thread::spawn(move || {
                for round in 1..=5_u64 {
                    let span = number * 7 + case;
                    thread::sleep(SECOND * u32::try_from(span).unwrap());
                    events.lock().unwrap().push((start.elapsed().as_secs(), span * round));
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    in_order(&events, 20);
}

fn in_order(events: &Events, count: usize) {
    let events = events.lock().unwrap();
    assert_eq!(events.len(), count);
    assert!(events.iter().all(|(at, due)| at == due), "{events:?}");
    assert!(events.is_sorted_by_key(|(at, _)| *at), "{events:?}");
}

/// Timeouts of a channel that is sent to just before, or just after.
fn channel(case: u64) {
    let (send, receive) = mpsc::channel();
    let sender = thread::spawn(move || {
        for number in 0..10_u64 {
            thread::sleep(HOUR + Duration::from_nanos(number % 2 * 2));
            send.send(number + case).unwrap();
        }
    });
    let mut late = 0;
    for number in 0..10 {
        let got = receive.recv_timeout(HOUR + Duration::from_nanos(1));
        late += u64::from(got.is_err());
        assert_eq!(got.or_else(|_| receive.recv()).unwrap(), number + case);
    }
    assert_eq!(late, 5);
    sender.join().unwrap();
}

/// A call that fails is tried again, after twice the time.
fn back_off(case: u64) {
    let start = Instant::now();
    let tries = 3 + case % 6;
    let (mut pause, mut count) = (SECOND, 0);
    while count < tries {
        count += 1;
        thread::sleep(pause);
        pause *= 2;
    }
    assert_eq!(start.elapsed(), SECOND * (2_u32.pow(u32::try_from(tries).unwrap()) - 1));
}

/// A condition with a deadline of days, told of by another thread.
fn condition(case: u64) {
    let shared = Arc::new((Mutex::new(0_u64), Condvar::new()));
    let other = Arc::clone(&shared);
    let start = Instant::now();
    let counting = thread::spawn(move || {
        for _ in 0..=case % 7 {
            thread::sleep(HOUR * 24);
            *other.0.lock().unwrap() += 1;
            other.1.notify_all();
        }
    });
    let wanted = case % 7 + 1;
    let held = shared.0.lock().unwrap();
    let ended = shared.1.wait_timeout_while(held, HOUR * 24 * 30, |count| *count < wanted).unwrap();
    assert!(!ended.1.timed_out());
    drop(ended);
    assert_eq!(start.elapsed(), HOUR * 24 * u32::try_from(wanted).unwrap());
    counting.join().unwrap();
}

async fn tasks(case: u64) {
    let start = tokio::time::Instant::now();
    let events = Events::default();
    let tasks: Vec<_> = (1..=4_u64)
        .map(|number| {
            let events = Arc::clone(&events);
            tokio::spawn(async move {
                let span = number * 60 + case;
                let mut ticks = tokio::time::interval(Duration::from_secs(span));
                ticks.tick().await;
                for round in 1..=3 {
                    ticks.tick().await;
                    events.lock().unwrap().push((start.elapsed().as_secs(), span * round));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    in_order(&events, 12);
    let never = tokio::time::timeout(HOUR, std::future::pending::<()>());
    assert!(never.await.is_err());
    let blocking = tokio::task::spawn_blocking(|| thread::sleep(HOUR * 48));
    assert!(tokio::time::timeout(HOUR * 49, blocking).await.unwrap().is_ok());
}

fn tokio_on_one_thread(case: u64) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(tasks(case));
}

fn tokio_on_several_threads(case: u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(tasks(case));
}

/// A pool of the test's own, whose jobs sleep.
fn pool(case: u64) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let start = Instant::now();
    let done = AtomicUsize::new(0);
    pool.scope(|scope| {
        for job in 0..6 {
            let done = &done;
            scope.spawn(move |_| {
                thread::sleep(SECOND * (job + 1) + Duration::from_millis(case));
                done.fetch_add(1, SeqCst);
            });
        }
    });
    assert_eq!(done.load(SeqCst), 6);
    assert!(
        start.elapsed() >= SECOND * 7 && start.elapsed() <= SECOND * 21 + Duration::from_millis(case * 6)
    );
}

/// A deadline that a worker's heartbeats push on, until it stops.
fn watchdog(case: u64) {
    let start = Instant::now();
    let (beat, beats) = mpsc::channel();
    let count = u32::try_from(case % 5 + 1).unwrap();
    let worker = thread::spawn(move || {
        for _ in 0..count {
            thread::sleep(SECOND * 29);
            beat.send(()).unwrap();
        }
        thread::sleep(HOUR);
        drop(beat);
    });
    while beats.recv_timeout(SECOND * 30).is_ok() {}
    assert_eq!(start.elapsed(), SECOND * (29 * count + 30));
    worker.join().unwrap();
}

macro_rules! suite {
    ($($kind:ident)*) => {$(
        mod $kind {
            suite!(@ $kind c00 0 c01 1 c02 2 c03 3 c04 4 c05 5 c06 6 c07 7 c08 8 c09 9 c10 10 c11 11 c12 12
                c13 13 c14 14 c15 15 c16 16 c17 17 c18 18 c19 19 c20 20 c21 21 c22 22 c23 23 c24 24);
        }
    )*};
    (@ $kind:ident $($name:ident $case:literal)*) => {$(
        #[monkey::test]
        fn $name() {
            let _clock = monkey::clock::pause();
            super::$kind($case);
        }
    )*};
}

suite! { sleepers channel back_off condition tokio_on_one_thread tokio_on_several_threads pool watchdog }
