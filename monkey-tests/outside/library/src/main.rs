//! What is shipped.
use library::{Store as _, Token};

fn main() {
    let token = Token { issued: library::now() };
    let stored = vec![token.age()].put_twice(library::parse("4", 5u64));
    println!("{} {stored} {:?}", token.is_expired(), library::parse_both("6"));
    println!("{} {}", library::rates::rate("a", 1), library::rates::constant());
}
