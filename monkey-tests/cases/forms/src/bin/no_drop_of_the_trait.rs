//! `<T as Drop>::drop` cannot be named; `std::ptr::drop_in_place::<T>` is what runs.
struct Connection;

#[monkey::patchable]
impl Drop for Connection {
    fn drop(&mut self) {
        panic!("closes a socket")
    }
}

#[monkey::with(replace(<Connection as Drop>::drop = |_: &mut Connection| ()))]
fn main() {
    drop(Connection);
}
