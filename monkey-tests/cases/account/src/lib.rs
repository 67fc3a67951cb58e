//! Its unit tests have two builds of it in one program: this one, with a log, and the one that `bank` was built with.
//! A replacement for the one would read fields that the other does not have.
#![forbid(unsafe_code)]

pub struct Account {
    #[cfg(test)]
    pub log: Vec<String>,
    pub name: &'static str,
    pub cents: u64,
}

impl Account {
    pub fn total(&self) -> u64 {
        self.cents
    }

    #[inline]
    pub fn doubled(&self) -> u64 {
        std::hint::black_box(self.cents) * 2
    }

    pub fn scaled<T: Into<u64>>(&self, by: T) -> u64 {
        self.cents * by.into()
    }
}

pub fn label(account: &Account) -> String {
    format!("{}: {}", account.name, account.cents)
}

pub trait Priced {
    fn cents(&self) -> u64;

    fn price(&self) -> u64 {
        self.cents() + 1
    }
}

impl Priced for Account {
    fn cents(&self) -> u64 {
        self.cents
    }
}

/// The same in both builds, and still two types.
pub struct Point {
    pub x: u64,
    pub y: u64,
}

impl Point {
    #[inline]
    pub fn sum(&self) -> u64 {
        self.x + self.y
    }
}

/// What no field is read of: equal in both builds but for its crate.
pub fn currency(code: u32) -> u32 {
    code + 1
}

#[cfg(test)]
mod tests {
    use super::{Account, Point, Priced};

    fn own() -> Account {
        Account { log: vec!["opened".into()], name: "own", cents: 1 }
    }

    /// Reads all of it, and what is written there if it is one of the other build.
    fn read(account: &Account) -> u64 {
        assert_eq!((account.name, account.log.len(), account.cents), ("own", 1, 1), "a field of another build");
        7
    }

    #[test]
    fn nothing_is_replaced() {
        assert_eq!(bank::all(), bank::ALL);
    }

    #[monkey::test(replace(Account::total = read))]
    fn a_method() {
        assert_eq!(own().total(), 7);
        assert_eq!(bank::all(), bank::ALL);
    }

    #[monkey::test(replace(Account::doubled = read))]
    fn an_inline_method() {
        assert_eq!(own().doubled(), 7);
        assert_eq!(bank::all(), bank::ALL);
    }

    #[monkey::test(replace(Account::scaled::<u32> = |account: &Account, _| read(account)))]
    fn an_instance() {
        assert_eq!(own().scaled(3_u32), 7);
        assert_eq!(bank::all(), bank::ALL);
    }

    #[monkey::test(replace(<Account as Priced>::price = read))]
    fn a_default_method() {
        assert_eq!(own().price(), 7);
        assert_eq!(bank::all(), bank::ALL);
    }

    #[monkey::test(replace(super::label = |account: &Account| read(account).to_string()))]
    fn a_function() {
        assert_eq!(super::label(&own()), "7");
        assert_eq!(bank::all(), bank::ALL);
    }

    #[monkey::test(replace(super::currency = |_| 7))]
    fn a_function_without_fields() {
        assert_eq!(super::currency(1), 7);
        assert_eq!(bank::all(), bank::ALL);
    }

    #[monkey::test(replace(Point::sum = |_: &Point| 77))]
    fn a_type_of_the_same_layout() {
        assert_eq!((Point { x: 1, y: 2 }.sum(), bank::sum()), (77, 3));
    }

    #[monkey::test(replace(Vec::<Point>::push = |_: &mut Vec<Point>, _: Point| ()))]
    fn a_generic_of_the_standard_library() {
        let mut points = Vec::new();
        points.push(Point { x: 1, y: 2 });
        assert_eq!((points.len(), bank::pushed()), (0, 1));
    }
}
