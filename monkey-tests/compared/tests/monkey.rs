//! Twelve tasks with monkey. Between the marks stands what is counted.
#![allow(clippy::pedantic)]
use compared::*;

// 1 a fixed value
#[monkey::test(replace(now = || 42))]
fn a_fixed_value() {
    assert!(is_expired(41));
}
// end

// 2 a function of std
#[monkey::test(replace(std::fs::read_to_string = |_: &str| Ok("8080".into())))]
fn a_function_of_std() {
    assert_eq!(configured_port(), 8080);
}
// end

// 3 a number of calls
#[monkey::test(replace(send = |_: &str, _| true), expect(send = 2))]
fn a_number_of_calls() {
    pay_all(&["Ada", "Bob"]);
}
// end

// 4 the first call fails
#[monkey::test(replace(send = |_: &str, _| monkey::calls!(send) > 1))]
fn the_first_call_fails() {
    assert_eq!(pay_all(&["Ada"]), 1);
}
// end

// 5 arguments are checked
#[monkey::test(replace(send = |to: &str, amount| { assert_eq!((to, amount), ("Ada", 5)); true }))]
fn arguments_are_checked() {
    pay_all(&["Ada"]);
}
// end

// 6 by argument
#[monkey::test(replace(send = |to: &str, _| to != "Bob"))]
fn by_argument() {
    assert_eq!(pay_all(&["Ada", "Bob"]), 1);
}
// end

// 7 an order
#[monkey::test(replace(send = |_: &str, _| true), watch(log), expect(order[log, send, log]))]
fn an_order() {
    pay_all(&["Ada"]);
}
// end

// 8 a spy
#[monkey::test(watch(log), expect(log = 2))]
fn a_spy() {
    pay_all(&[]);
}
// end

// 9 behind dyn
#[monkey::test(replace(<Disk as Store>::put = |_: &Disk, key| key == 1))]
fn behind_dyn() {
    assert!(save(&Disk));
}
// end

// 10 never called
#[monkey::test(replace(send = |_: &str, _| true), expect(send = 0))]
fn never_called() {
    pay_all(&[]);
}
// end

// 11 from another thread
#[monkey::test(replace(send = |_: &str, _| true))]
fn from_another_thread() {
    assert!(pay_from_a_thread());
}
// end

// 12 a function of C
extern "C" fn my_pid() -> i32 {
    7
}

#[monkey::test(replace(libc::getpid = my_pid))]
fn a_function_of_c() {
    assert_eq!(process(), 7);
}
// end
