fn now() -> u64 {
    1
}

#[monkey::with(replace(now = || 2), partly(now, now, later, now = 1))]
fn names() {}

fn guards() {
    let _guard = monkey::patch!(replace(now = || 2), expect(now = "twice"), partly);
    let _guard = monkey::patch!(replace(now = || 2), expect(later = 1));
}

fn main() {}
