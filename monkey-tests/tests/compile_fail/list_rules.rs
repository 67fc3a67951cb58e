fn now() -> u64 {
    1
}
fn frozen() -> u64 {
    2
}

#[monkey::with(replace(now = frozen, now = frozen, frozen = now), expect(later = 1, now = 2, now = 3))]
fn twice_and_not_there() {}

#[monkey::with(replace(now = frozen), replace(frozen = now), scope = test, scope = process, skip)]
fn duplicates() {}

#[monkey::with(replace(now = returns(), frozen = sequence[1, .., 2]), expect(now = 1))]
fn not_as_a_value_is_written() {}

#[monkey::with(replace(now = 5))]
fn no_function() {}

#[monkey::with(replace(now = -5), expect(now = -1))]
fn negative() {}

#[monkey::with(replaces(now = frozen), expect(now = 1))]
fn one_mistake_of_the_name() {}

#[monkey::with(replace(now), expect(now = 1))]
fn one_mistake_of_the_entry() {}

fn main() {}
