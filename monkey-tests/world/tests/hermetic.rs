//! Hermetic tests: what they touch, and that they are the same each time.
#![cfg(target_os = "linux")]
use monkey_tests::child;
use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

#[monkey::test(hermetic)]
#[ignore = "fails on purpose: the test below runs it and reads what it says"]
fn touches_the_world() {
    let _ = TcpStream::connect("93.184.216.34:443");
    let _ = TcpStream::connect("example.invalid:80");
    let _ = Command::new("git").arg("status").status();
}

/// From the test's future to the socket it is more than a hundred functions in a build that is not optimised, and a name is resolved on
/// another thread.
#[monkey::test(hermetic)]
#[tokio::test]
#[ignore = "fails on purpose: the test below runs it and reads what it says"]
async fn asks_a_server() {
    let _ = reqwest::get("http://93.184.216.34/").await;
    let _ = reqwest::get("http://example.invalid/").await;
}

#[test]
fn a_client_of_many_layers_fails_it_with_the_place() {
    let output = child::run("asks_a_server", "fails");
    let said = child::describe(output.status, &output);
    assert!(!child::passed(&output), "{said}");
    let place = child::said_place("tests/hermetic.rs", line!() - 9);
    let told = said.split("connect to 93.184.216.34:80, by `connect`").nth(1).unwrap_or_default();
    assert!(told.lines().nth(1).is_some_and(|from| from.contains(&place)), "{place}\nin\n{said}");
    let told = said.split("resolve example.invalid, by `getaddrinfo`").nth(1).unwrap_or_default();
    let from = told.lines().nth(1).unwrap_or_default();
    assert!(from.contains("/hyper-util-") || from.contains("without debug information"), "{said}");
}

#[test]
fn what_it_touches_fails_it_with_the_place() {
    let output = child::run("touches_the_world", "fails");
    let said = child::describe(output.status, &output);
    assert!(!child::passed(&output), "{said}");
    let lines: Vec<_> = include_str!("hermetic.rs").lines().collect();
    let line = |part: &str| lines.iter().position(|line| line.contains(part)).unwrap() + 1;
    let from = |part: &str| child::said_place("tests/hermetic.rs", u32::try_from(line(part)).unwrap());
    let attribute = line("#[monkey::test(hermetic)]");
    let parts = [
        (
            format!(
                "`#[monkey::test(hermetic)]` at monkey-tests/world/tests/hermetic.rs:{attribute} forbids"
            ),
            None,
        ),
        ("connect to 93.184.216.34:443, by `connect`".to_owned(), Some(from("93.184.216.34:443"))),
        ("resolve example.invalid, by `getaddrinfo`".to_owned(), Some(from("example.invalid:80"))),
        ("start `git status`, by `posix_spawnp`".to_owned(), Some(from("new(\"git\")"))),
    ];
    for (part, place) in parts {
        let told = said
            .lines()
            .position(|line| line.contains(&part))
            .unwrap_or_else(|| panic!("{part}\nin\n{said}"));
        let next = said.lines().nth(told + 1).unwrap_or_default();
        assert!(
            place.is_none_or(|place| next.contains("    from ") && next.contains(&place)),
            "{part}\nin\n{said}"
        );
    }
}

#[monkey::test]
#[ignore = "fails on purpose: the test below runs it and reads what it says"]
fn forgets_what_it_has_forbidden() {
    std::mem::forget((monkey::net::forbid(), monkey::process::forbid()));
    let _ = TcpStream::connect("93.184.216.34:443");
    let _ = Command::new("git").arg("status").status();
}

/// The guards are never dropped, so nobody else would say it.
#[test]
fn what_a_forgotten_guard_forbids_fails_the_test() {
    let output = child::run("forgets_what_it_has_forbidden", "fails");
    let said = child::describe(output.status, &output);
    assert!(!child::passed(&output), "{said}");
    for part in ["connect to 93.184.216.34:443", "start `git status`", "note: its guard was never dropped"] {
        assert!(said.contains(part), "{part}\nin\n{said}");
    }
}

#[monkey::test(hermetic)]
#[should_panic(expected = "as it has to")]
#[ignore = "fails on purpose: the test below runs it and reads what it says"]
fn touches_and_panics() {
    let _ = Command::new("git").arg("status").status();
    panic!("as it has to");
}

#[monkey::test(hermetic)]
#[should_panic(expected = "deadlock")]
#[ignore = "fails on purpose: the test below runs it and reads what it says"]
fn waits_for_good() {
    thread::park();
}

#[test]
fn a_deadlock_is_no_panic_to_expect() {
    let output = child::run("waits_for_good", "fails");
    let said = child::describe(output.status, &output);
    assert!(!child::passed(&output), "{said}");
    assert!(said.contains("the test panicked, as it is to, but:\ndeadlock: every thread"), "{said}");
}

#[test]
fn a_panic_that_is_expected_hides_nothing() {
    let output = child::run("touches_and_panics", "fails");
    let said = child::describe(output.status, &output);
    assert!(!child::passed(&output), "{said}");
    assert!(said.contains("start `git status`, by `posix_spawnp`"), "{said}");
}

/// What a program prints that asks for all that differs from run to run.
fn draw() -> String {
    let map: HashMap<u32, u32> = (0..8).map(|key| (key, key)).collect();
    let mut device = [0; 4];
    std::fs::File::open("/dev/urandom").unwrap().read_exact(&mut device).unwrap();
    thread::sleep(Duration::from_millis(1500));
    format!("{map:?} {} {device:?} {:?} {:?}", uuid::Uuid::new_v4(), SystemTime::now(), Instant::now())
}

/// Threads that draw, and start others that do.
fn families() -> Vec<[String; 2]> {
    let family = || [draw(), thread::spawn(draw).join().unwrap()];
    let threads: Vec<_> = (0..3).map(|_| thread::spawn(family)).collect();
    threads.into_iter().map(|thread| thread.join().unwrap()).collect()
}

/// What several senders send, in the order in which it comes.
fn received() -> Vec<(u64, SystemTime)> {
    let (send, receive) = mpsc::channel();
    for sender in 1..4 {
        let send = send.clone();
        thread::spawn(move || {
            for _ in 0..5 {
                thread::sleep(Duration::from_secs(sender));
                send.send(sender).unwrap();
            }
        });
    }
    drop(send);
    receive.into_iter().map(|sender| (sender, SystemTime::now())).collect()
}

fn pooled() -> Vec<String> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    pool.broadcast(|_| draw())
}

/// Tasks in the order in which they end.
fn tasks() -> Vec<(u64, SystemTime)> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..6_u64 {
            tasks.spawn(async move {
                tokio::time::sleep(Duration::from_secs(task * 5 % 6 + 1)).await;
                (task, SystemTime::now())
            });
        }
        let mut ended = Vec::new();
        while let Some(task) = tasks.join_next().await {
            ended.push(task.unwrap());
        }
        ended
    })
}

#[monkey::test(hermetic)]
fn prints() {
    let (families, received, pooled, tasks) = (families(), received(), pooled(), tasks());
    if child::case().is_some() {
        println!("drawn: {} {families:?} {received:?} {pooled:?} {tasks:?}", draw());
    }
}

#[test]
fn the_same_program_prints_the_same_bytes() {
    let drawn = || {
        let output = child::run("prints", "prints");
        let text = child::describe(output.status, &output);
        text.lines().find(|line| line.contains("drawn: ")).unwrap_or_else(|| panic!("{text}")).to_owned()
    };
    let first = drawn();
    assert!(first.contains("tv_sec: 1577836803"), "{first}");
    for _ in 0..5 {
        assert_eq!(first, drawn());
    }
}

#[monkey::test(hermetic)]
#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_within_has_its_clock_and_the_machines_own_addresses() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let start = tokio::time::Instant::now();
    let server = tokio::spawn(async move { listener.accept().await.unwrap().0 });
    let client = tokio::net::TcpStream::connect(address).await.unwrap();
    drop((client, server.await.unwrap()));
    tokio::time::sleep(Duration::from_hours(24)).await;
    assert_eq!(start.elapsed().as_secs(), 24 * 3600);
}

#[monkey::test(hermetic)]
fn servers_of_threads_are_served() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || listener.accept().unwrap().0.write_all(b"served").unwrap());
    let mut text = String::new();
    TcpStream::connect(address).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "served");
    server.join().unwrap();
}
