//! What there is on Linux alone. Elsewhere each of these does not compile, and says why: `.ci/windows` sees to that.
#![cfg(feature = "missing")]
use monkey::fs::Op;
use std::io::ErrorKind;

#[test]
fn files() {
    let _file = monkey::fs::file("/a", "");
    let _missing = monkey::fs::missing("/b");
    let _fail = monkey::fs::fail(Op::Write, "/c", ErrorKind::StorageFull).after(2);
}

#[test]
fn network() {
    let _offline = monkey::net::forbid().but_loopback();
    let _route = monkey::net::route("a:1", "127.0.0.1:2");
}

#[test]
fn programs() {
    let _none = monkey::process::forbid();
}
