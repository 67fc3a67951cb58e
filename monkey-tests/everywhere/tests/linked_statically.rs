//! A C library that is linked statically tells nobody where its functions are: a test that wants a world of its own fails, and says
//! that. Functions of the program itself are replaced there as everywhere.
#![cfg(all(
    target_os = "linux",
    target_env = "musl",
    target_feature = "crt-static",
    target_pointer_width = "64",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
use std::any::Any;
use std::panic::catch_unwind;
use std::time::{Duration, Instant};

fn refused<Guard: Any>(make: fn() -> Guard) {
    let panic = catch_unwind(|| drop(make())).expect_err("it works, which the book does not say");
    let said = panic.downcast_ref::<String>().expect("a text that was put together");
    assert!(
        said.contains("a C library that is linked statically tells nobody where its functions are"),
        "{said}"
    );
}

#[test]
fn a_world_of_its_own_is_refused_with_the_reason() {
    refused(monkey::clock::pause);
    refused(|| monkey::random::seed(7));
    refused(|| monkey::env::set("EVERYWHERE", "yes"));
    refused(|| monkey::fs::file("/everywhere", "nothing"));
    refused(monkey::net::forbid);
    refused(|| monkey::net::route("api.example.com:443", "127.0.0.1:1"));
    refused(monkey::process::forbid);
}

#[test]
fn and_nothing_of_it_stays() {
    refused(monkey::clock::pause);
    let begun = Instant::now();
    std::thread::sleep(Duration::from_millis(2));
    assert!(begun.elapsed() >= Duration::from_millis(2));
    assert!(std::env::var("PATH").is_ok());
}
