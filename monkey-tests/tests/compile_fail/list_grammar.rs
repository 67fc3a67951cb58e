fn now() -> u64 {
    1
}
fn frozen() -> u64 {
    2
}

#[monkey::with(replace(now, now =, frozen() = now, 5 = now, Vec<u8>::new = now), scope = everywhere, colour = red)]
fn many_at_once() {}

#[monkey::with(replace, scope, crate, expect = 3)]
fn without_a_value() {}

#[monkey::with(replace(now = frozen frozen = now))]
fn without_a_comma() {}

#[monkey::with(replace(now = frozen) scope = test)]
fn without_a_comma_outside() {}

#[monkey::with("now")]
fn no_argument_at_all() {}

#[monkey::with(scope = "process", crate = "monkey", replace(now => frozen))]
fn other_tokens() {}

#[monkey::with(replace(now = ||))]
fn half_a_closure() {}

fn main() {}
