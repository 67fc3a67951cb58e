//! An address is no function, and a constant of a number neither.
#![forbid(unsafe_code)]

fn number(x: u64) -> u64 {
    x + 1
}

const NOWHERE: usize = 16;

#[monkey::with(replace(NOWHERE = number as fn(u64) -> u64 as usize))]
fn run() {}

fn main() {
    run();
    println!("{}", number(3));
}
