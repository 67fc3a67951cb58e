fn now() -> u64 {
    1
}
fn parse(_: &str) -> u32 {
    1
}
fn text() -> &'static str {
    ""
}
fn only_static(_: &'static str) -> u32 {
    1
}
extern "C" fn foreign() -> u64 {
    1
}

#[monkey::with(replace(now = parse))]
fn arguments() {}

#[monkey::with(replace(now = text))]
fn result() {}

#[monkey::with(replace(now = foreign))]
fn abi() {}

#[monkey::with(replace(now = now()))]
fn no_function() {}

fn lifetimes() {
    let _guard = monkey::patch!(parse = only_static);
}

fn captures() {
    let captured = 3;
    let _guard = monkey::patch!(now = move || captured);
}

fn main() {}
