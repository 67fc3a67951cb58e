struct Clock;
impl Clock {
    fn now(&self) -> u64 {
        1
    }
}
fn now() -> u64 {
    1
}

fn main() {
    monkey::original!(now);
    monkey::original!(Clock.now());
    monkey::original!((|| 1)());
    monkey::original!(now(1));
    monkey::original!(Clock::now(3));
    monkey::original!();
    monkey::calls!(now());
    monkey::calls!(3);
    monkey::calls!(crate = monkey);
}
