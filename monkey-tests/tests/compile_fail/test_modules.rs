fn now() -> u64 {
    1
}

#[monkey::test(replace(now = || 42))]
mod no_tests {
    fn helper() {}
}

#[monkey::test(replace(now = 42), colour = red)]
mod mistakes_once {
    #[test]
    fn one() {}

    #[test]
    fn another() {}
}

fn main() {
    let _ = now();
}
