fn now() -> u64 {
    1
}
fn frozen() -> u64 {
    2
}

fn main() {
    let _ = monkey::patch!(now);
    let _ = monkey::patch!(now = frozen, scope = process);
    let _ = monkey::patch!(replace(now = frozen), expect(now = 1));
    let _ = monkey::try_patch!(now = frozen, now = frozen);
    let _ = monkey::patch!(later = frozen);
    let _ = monkey::patch!(now, frozen);
    let _ = monkey::patch!(now => frozen);
}
