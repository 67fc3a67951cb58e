//! What runs when a value is dropped can be replaced, for values on the stack, in collections and behind `dyn`.
//!
//! Optimised, the glue of a type whose value's place is known is inlined there, and nobody can keep it from that: what is behind a pointer
//! is seen, and the rest is told.
use std::any::Any;
use std::hint::black_box;

struct Connection(#[allow(dead_code, reason = "gives it a size")] u64);
impl Drop for Connection {
    fn drop(&mut self) {
        panic!("closes a socket")
    }
}

/// Has glue of its own, and no `Drop`.
struct Pool {
    _connections: Vec<Connection>,
    _name: String,
}

struct Generic<T>(#[allow(dead_code, reason = "dropped")] T);
impl<T> Drop for Generic<T> {
    fn drop(&mut self) {
        panic!("is dropped")
    }
}

unsafe fn nothing<T>(_: *mut T) {}

#[cfg(debug_assertions)]
#[monkey::test(replace(std::ptr::drop_in_place::<Connection> = nothing), expect(std::ptr::drop_in_place::<Connection> = 4))]
fn a_value_wherever_it_is() {
    drop(Connection(1));
    drop(Box::new(Connection(2)) as Box<dyn Any>);
    drop(vec![Connection(3)]);
    std::thread::spawn(|| drop(Connection(4))).join().unwrap();
}

#[monkey::test(replace(std::ptr::drop_in_place::<Connection> = nothing), expect(std::ptr::drop_in_place::<Connection> = 2))]
fn a_value_behind_a_pointer() {
    let connection = || black_box(Box::new(Connection(1)) as Box<dyn Any + Send>);
    drop(connection());
    let sent = connection();
    std::thread::spawn(|| drop(black_box(sent))).join().unwrap();
}

#[monkey::test(replace(std::ptr::drop_in_place::<Pool> = nothing))]
fn glue_alone() {
    let pool = Pool { _connections: vec![Connection(1)], _name: "a pool".into() };
    drop(black_box(Box::new(pool) as Box<dyn Any>));
}

#[monkey::test(replace(std::ptr::drop_in_place::<Generic<u8>> = nothing))]
fn one_instance() {
    drop(black_box(Box::new(Generic(1_u8)) as Box<dyn Any>));
    std::panic::catch_unwind(|| drop(Generic(1_u16))).unwrap_err();
}

/// The help is none that cannot be followed: an attribute on the standard library's function.
#[cfg(not(debug_assertions))]
#[test]
fn one_that_is_inlined_is_told() {
    struct Inlined(u8);
    impl Drop for Inlined {
        fn drop(&mut self) {
            black_box(self.0);
        }
    }

    #[monkey::with(replace(std::ptr::drop_in_place::<Inlined> = nothing), expect(std::ptr::drop_in_place::<Inlined> = 1))]
    fn within() {
        drop(Inlined(1));
    }
    let panic = std::panic::catch_unwind(within).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("which was never called; expected: exactly 1"), "{text}");
    assert!(text.contains("help: replace a function that calls it, or test without optimisation"), "{text}");
}
