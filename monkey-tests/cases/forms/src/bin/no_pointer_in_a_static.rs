//! What a static of a function's type holds is known at run time alone.
#![forbid(unsafe_code)]

fn number(x: u64) -> u64 {
    x + 1
}

static CALLBACK: fn(u64) -> u64 = number;

#[monkey::with(replace(CALLBACK = |x: u64| x))]
fn run() -> u64 {
    number(3)
}

fn main() {
    println!("{}", run());
}
