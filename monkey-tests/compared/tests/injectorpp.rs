//! The same with injectorpp.
use injectorpp::interface::injector::*;
use compared::*;

// 1 a fixed value
#[test]
fn a_fixed_value() {
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(fn (now)() -> u64))
        .will_execute(injectorpp::fake!(func_type: fn() -> u64, returns: 42));
    assert!(is_expired(41));
}
// end

// 2 a function of std
#[test]
fn a_function_of_std() {
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(fn (std::fs::read_to_string::<&str>)(&'static str) -> std::io::Result<String>))
        .will_execute(injectorpp::fake!(
            func_type: fn(_path: &'static str) -> std::io::Result<String>,
            returns: Ok("8080".into())
        ));
    assert_eq!(configured_port(), 8080);
}
// end

// 3 a number of calls
#[test]
fn a_number_of_calls() {
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(fn (send)(&str, u32) -> bool))
        .will_execute(injectorpp::fake!(func_type: fn(_to: &str, _amount: u32) -> bool, returns: true, times: 2));
    pay_all(&["Ada", "Bob"]);
}
// end

// 4 the first call fails
#[test]
fn the_first_call_fails() {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(fn (send)(&str, u32) -> bool))
        .will_execute(injectorpp::fake!(
            func_type: fn(_to: &str, _amount: u32) -> bool,
            returns: CALLS.fetch_add(1, SeqCst) > 0
        ));
    assert_eq!(pay_all(&["Ada"]), 1);
}
// end

// 5 arguments are checked
#[test]
fn arguments_are_checked() {
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(fn (send)(&str, u32) -> bool))
        .will_execute(injectorpp::fake!(
            func_type: fn(to: &str, amount: u32) -> bool,
            when: to == "Ada" && amount == 5,
            returns: true
        ));
    pay_all(&["Ada"]);
}
// end

// 6 by argument
#[test]
fn by_argument() {
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(fn (send)(&str, u32) -> bool))
        .will_execute(injectorpp::fake!(func_type: fn(to: &str, _amount: u32) -> bool, returns: to != "Bob"));
    assert_eq!(pay_all(&["Ada", "Bob"]), 1);
}
// end

// 7 an order
#[test]
fn an_order() {
    use std::sync::Mutex;
    static CALLS: Mutex<Vec<&str>> = Mutex::new(Vec::new());
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(fn (send)(&str, u32) -> bool))
        .will_execute(injectorpp::fake!(
            func_type: fn(_to: &str, _amount: u32) -> bool,
            assign: { CALLS.lock().unwrap().push("send") },
            returns: true
        ));
    injector
        .when_called(injectorpp::func!(fn (log)(&str) -> usize))
        .will_execute(injectorpp::fake!(
            func_type: fn(_text: &str) -> usize,
            assign: { CALLS.lock().unwrap().push("log") },
            returns: 0
        ));
    pay_all(&["Ada"]);
    assert_eq!(*CALLS.lock().unwrap(), ["log", "send", "log"]);
}
// end

// 8 a spy
// There is none: what stands in cannot call the original.
// end

// 9 behind dyn
#[test]
fn behind_dyn() {
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(fn (<Disk as Store>::put)(&Disk, u32) -> bool))
        .will_execute(injectorpp::fake!(func_type: fn(_disk: &Disk, key: u32) -> bool, returns: key == 1));
    assert!(save(&Disk));
}
// end

// 10 never called
#[test]
fn never_called() {
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(fn (send)(&str, u32) -> bool))
        .will_execute(injectorpp::fake!(func_type: fn(_to: &str, _amount: u32) -> bool, returns: true, times: 0));
    pay_all(&[]);
}
// end

// 11 from another thread
#[test]
fn from_another_thread() {
    let mut injector = InjectorPP::new_global();
    injector
        .when_called(injectorpp::func!(fn (send)(&str, u32) -> bool))
        .will_execute(injectorpp::fake!(func_type: fn(_to: &str, _amount: u32) -> bool, returns: true));
    assert!(pay_from_a_thread());
}
// end

// 12 a function of C
#[test]
fn a_function_of_c() {
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(unsafe{} extern "C" fn (libc::getpid)() -> i32))
        .will_execute(injectorpp::fake!(func_type: unsafe extern "C" fn() -> i32, returns: 7));
    assert_eq!(process(), 7);
}
// end
