//! Targets that are no functions.
struct Conn;
impl Drop for Conn {
    fn drop(&mut self) {}
}
trait Store {
    fn put(&self) {}
}
fn number() -> u64 {
    1
}
fn two() -> u64 {
    2
}

#[monkey::with(replace(<Conn as Drop>::drop = |_: &mut Conn| (), <dyn Store as Store>::put = |_: &dyn Store| ()))]
fn by_their_path() {}

fn main() {
    let pointer: fn() -> u64 = number;
    let _guard = monkey::patch!(pointer = two);
    let address = number as *const ();
    let other = two as *const ();
    let _guard = monkey::patch!(address = other);
    let number = 3usize;
    let _guard = monkey::patch!(number = 4usize + 1);
}

fn closures() {
    let closure = || 1;
    let _guard = monkey::patch!(closure = || 2);
}

fn behind_a_pointer() {
    let reference = &number;
    let _guard = monkey::patch!(reference = two);
    let boxed: Box<dyn Fn() -> u64> = Box::new(|| 1);
    let _guard = monkey::patch!(boxed = two);
}
