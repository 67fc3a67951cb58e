//! Depends on the package whose unit tests depend on this one: `foo` is in their program twice.
use foo::{Account, Point};

pub fn total() -> u64 {
    account().total()
}

pub fn inline_total() -> u64 {
    account().inline_total()
}

pub fn generic_total() -> u64 {
    account().generic_total::<u64>()
}

pub fn sum() -> u64 {
    Point { x: 1, y: 2 }.sum()
}

pub fn pushed() -> usize {
    let mut points = Vec::<Point>::new();
    points.push(Point { x: 1, y: 2 });
    points.len()
}

fn account() -> Account {
    Account {
        #[allow(dead_code)]
        name: "bar",
        cents: 500,
    }
}
