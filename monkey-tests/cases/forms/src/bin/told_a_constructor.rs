//! A constructor has a body that nobody calls.
struct Wrapper(u32);

fn main() {
    let _guard = monkey::patch!(Wrapper = |x| Wrapper(x + 1));
    println!("{}", Wrapper(1).0);
}
