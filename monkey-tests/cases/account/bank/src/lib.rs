//! Uses accounts as anybody does, who has them without their tests' fields.
use account::{Account, Point, Priced};

pub const ALL: (u64, u64, u64, u64, &str, u32) = (500, 1000, 1500, 501, "bank: 500", 2);

pub fn all() -> (u64, u64, u64, u64, &'static str, u32) {
    let account = Account { name: "bank", cents: 500 };
    let label = account::label(&account).leak();
    (account.total(), account.doubled(), account.scaled(3_u32), account.price(), label, account::currency(1))
}

pub fn sum() -> u64 {
    Point { x: 1, y: 2 }.sum()
}

pub fn pushed() -> usize {
    let mut points = Vec::<Point>::new();
    points.push(Point { x: 1, y: 2 });
    points.len()
}
