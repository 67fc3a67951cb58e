//! With its unit tests it has another layout than the library that `bar` was built with.
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
    pub fn inline_total(&self) -> u64 {
        self.cents
    }

    pub fn generic_total<T: From<u64>>(&self) -> T {
        self.cents.into()
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

#[cfg(test)]
mod tests {
    use super::{Account, Point};

    fn fake(account: &Account) -> u64 {
        account.log.len() as u64 + account.cents * 2
    }

    fn own() -> Account {
        Account { log: vec![], name: "own", cents: 1 }
    }

    #[monkey::test(replace(Account::total = fake))]
    fn a_method() {
        assert_eq!((own().total(), bar::total()), (2, 500));
    }

    #[monkey::test(replace(Account::inline_total = fake))]
    fn an_inline_method() {
        assert_eq!((own().inline_total(), bar::inline_total()), (2, 500));
    }

    #[monkey::test(replace(Account::generic_total::<u64> = fake))]
    fn a_generic_method() {
        assert_eq!((own().generic_total::<u64>(), bar::generic_total()), (2, 500));
    }

    #[monkey::test(replace(Point::sum = |_: &Point| 77))]
    fn a_type_of_the_same_layout() {
        assert_eq!((Point { x: 1, y: 2 }.sum(), bar::sum()), (77, 3));
    }

    #[monkey::test(replace(Vec::<Point>::push = |_: &mut Vec<Point>, _: Point| ()))]
    fn a_generic_of_the_standard_library() {
        let mut points = Vec::new();
        points.push(Point { x: 1, y: 2 });
        assert_eq!((points.len(), bar::pushed()), (0, 1));
    }
}
