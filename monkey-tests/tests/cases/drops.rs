//! What runs when a value is dropped can be replaced, for values on the stack, in collections and behind `dyn`.
use std::any::Any;

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

#[monkey::test(replace(std::ptr::drop_in_place::<Connection> = nothing), expect(std::ptr::drop_in_place::<Connection> = 4))]
fn a_value_wherever_it_is() {
    drop(Connection(1));
    drop(Box::new(Connection(2)) as Box<dyn Any>);
    drop(vec![Connection(3)]);
    std::thread::spawn(|| drop(Connection(4))).join().unwrap();
}

#[monkey::test(replace(std::ptr::drop_in_place::<Pool> = nothing))]
fn glue_alone() {
    drop(Pool { _connections: vec![Connection(1)], _name: "a pool".into() });
}

#[monkey::test(replace(std::ptr::drop_in_place::<Generic<u8>> = nothing))]
fn one_instance() {
    drop(Generic(1_u8));
    std::panic::catch_unwind(|| drop(Generic(1_u16))).unwrap_err();
}
