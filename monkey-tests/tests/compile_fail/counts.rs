fn now() -> u64 {
    1
}

#[monkey::with(replace(now = || 2), expect(now = "twice"))]
fn text() {}

#[monkey::with(replace(now = || 2), expect(now = Some(1)))]
fn option() {}

fn main() {}
