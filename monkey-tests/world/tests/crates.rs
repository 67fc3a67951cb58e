//! Deadlines of crates as they are: retries, rate limits, entries that expire, a call of a server.
#![cfg(target_os = "linux")]
use backon::{BlockingRetryable as _, ConstantBuilder, ExponentialBuilder, Retryable as _};
use governor::clock::{Clock as _, MonotonicClock};
use governor::{Quota, RateLimiter};
use std::cell::Cell;
use std::num::NonZeroU32;
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const SECOND: Duration = Duration::from_secs(1);

#[monkey::test]
fn backon_tries_again_after_twice_the_time() {
    let clock = monkey::clock::pause();
    let calls = Cell::new(0);
    let fails = || {
        calls.set(calls.get() + 1);
        if calls.get() < 5 { Err(calls.get()) } else { Ok(calls.get()) }
    };
    let policy = ExponentialBuilder::default().with_min_delay(SECOND).with_max_times(10).without_max_delay();
    assert_eq!(fails.retry(policy).call(), Ok(5));
    assert_eq!(clock.elapsed(), SECOND * (1 + 2 + 4 + 8));
}

#[monkey::test]
#[tokio::test(flavor = "multi_thread")]
async fn backon_waits_in_a_runtime() {
    let clock = monkey::clock::pause();
    let policy = ConstantBuilder::default().with_delay(SECOND * 3600).with_max_times(3);
    let failed: Result<(), ()> = (|| async { Err(()) }).retry(policy).await;
    assert_eq!(failed, Err(()));
    let elapsed = clock.elapsed();
    assert!(
        elapsed >= SECOND * 3600 * 3 && elapsed < SECOND * 3600 * 3 + Duration::from_millis(10),
        "{elapsed:?}"
    );
}

#[monkey::test]
fn moka_forgets_what_has_expired() {
    let clock = monkey::clock::pause();
    let cache = moka::sync::Cache::builder().time_to_live(SECOND * 60).build();
    cache.insert("key", 1);
    clock.advance(Duration::new(59, 999_999_999));
    assert_eq!(cache.get("key"), Some(1));
    clock.advance(Duration::from_nanos(1));
    assert_eq!(cache.get("key"), None);
}

#[monkey::test]
fn governor_lets_one_through_in_its_time() {
    let clock = monkey::clock::pause();
    let quota = Quota::per_minute(NonZeroU32::MIN);
    let limiter = RateLimiter::direct_with_clock(quota, MonotonicClock);
    assert!(limiter.check().is_ok());
    let wait = limiter.check().unwrap_err().wait_time_from(MonotonicClock.now());
    assert_eq!(wait, SECOND * 60);
    thread::sleep(Duration::new(59, 999_999_999));
    assert!(limiter.check().is_err());
    thread::sleep(Duration::from_nanos(1));
    assert!(limiter.check().is_ok());
    assert_eq!(clock.elapsed(), SECOND * 60);
}

#[monkey::test]
#[tokio::test]
async fn leaky_bucket_fills_with_its_interval() {
    let clock = monkey::clock::pause();
    let limiter = leaky_bucket::RateLimiter::builder().initial(1).refill(1).interval(SECOND * 10).build();
    for _ in 0..4 {
        limiter.acquire_one().await;
    }
    let elapsed = clock.elapsed();
    assert!(elapsed >= SECOND * 30 && elapsed < SECOND * 30 + Duration::from_millis(10), "{elapsed:?}");
}

#[monkey::test]
fn chrono_and_parking_lot_have_the_clock() {
    let clock = monkey::clock::pause_at(std::time::UNIX_EPOCH);
    let lock = parking_lot::Mutex::new(());
    let condition = parking_lot::Condvar::new();
    assert!(condition.wait_for(&mut lock.lock(), SECOND * 86_400).timed_out());
    assert_eq!(chrono::Utc::now().to_rfc3339(), "1970-01-02T00:00:00+00:00");
    assert_eq!(clock.elapsed(), SECOND * 86_400);
}

/// A server that is on a thread of its own takes real time to answer: that is no reason for the timeout to come.
#[monkey::test]
#[tokio::test(flavor = "multi_thread")]
async fn real_input_keeps_the_clock_still() {
    let (ask, asked) = std::sync::mpsc::channel();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let serving = thread::spawn(move || {
        let mut stream = server.accept().unwrap().0;
        std::io::Read::read_exact(&mut stream, &mut [0; 5]).unwrap();
        let begun = Instant::now();
        ask.send(()).unwrap();
        let sum = (0..20_000_000_u64).fold(0, |sum, number| std::hint::black_box(sum ^ number));
        std::io::Write::write_all(&mut stream, b"served").unwrap();
        (sum, begun.elapsed())
    });
    let clock = monkey::clock::pause();
    let answered = tokio::time::timeout(Duration::from_millis(50), async {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(b"hello").await.unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        text
    });
    assert_eq!(answered.await.as_deref(), Ok("served"));
    assert_eq!(clock.elapsed(), Duration::ZERO);
    asked.recv().unwrap();
    assert_eq!(serving.join().unwrap().1, Duration::ZERO);
}

/// Answers one request after another, each after what it computes.
fn serve(server: &std::net::TcpListener, requests: usize) {
    use std::io::{Read as _, Write as _};
    for _ in 0..requests {
        let mut stream = server.accept().unwrap().0;
        let (mut asked, mut part) = (Vec::new(), [0; 512]);
        while !asked.ends_with(b"\r\n\r\n") {
            let length = stream.read(&mut part).unwrap();
            asked.extend_from_slice(&part[..length]);
        }
        let sum = (0..5_000_000_u64).fold(0, |sum, number| std::hint::black_box(sum ^ number));
        let body = format!("served {}", u64::from(sum != 1));
        let length = body.len();
        write!(stream, "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
            .unwrap();
    }
}

#[monkey::test]
#[tokio::test(flavor = "multi_thread")]
async fn reqwest_is_answered_within_its_timeout_and_waits_for_nobody_who_is_silent() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let serving = thread::spawn(move || serve(&server, 2));
    let clock = monkey::clock::pause();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answered = tokio::time::timeout(Duration::from_millis(1), async {
        client.get(format!("http://{address}/")).send().await.unwrap().text().await.unwrap()
    });
    assert_eq!(answered.await.as_deref(), Ok("served 1"));
    let own = client.get(format!("http://{address}/")).timeout(Duration::from_millis(1));
    assert_eq!(own.send().await.unwrap().text().await.unwrap(), "served 1");
    assert_eq!(clock.elapsed(), Duration::ZERO);

    let never = client.get(format!("http://{}/", silent.local_addr().unwrap())).timeout(SECOND * 3600);
    assert!(never.send().await.unwrap_err().is_timeout());
    assert!(clock.elapsed() >= SECOND * 3600 && clock.elapsed() < SECOND * 3601, "{:?}", clock.elapsed());
    serving.join().unwrap();
}
