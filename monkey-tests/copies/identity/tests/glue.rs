//! That something is dropped is replaced by its drop glue.
struct Connection;

impl Drop for Connection {
    fn drop(&mut self) {
        panic!("closes a socket");
    }
}

unsafe fn nothing(_: *mut Connection) {}

#[monkey::test(replace(std::ptr::drop_in_place::<Connection> = nothing))]
fn a_drop() {
    drop(Connection);
}
