fn now() -> u64 {
    1
}
fn frozen() -> u64 {
    2
}

#[monkey::test(now = frozen)]
fn a_test() {}

#[monkey::with(expect(now = 1), self::now = frozen)]
fn a_helper() {}

fn main() {
    let _ = monkey::patch!(now = frozen, expect(now = 1));
    let _ = monkey::try_patch!(now = frozen, watch(frozen), partly(now));
    monkey::during!(now = frozen, replace(frozen = now); {});
    let _ = monkey::patch!(replace(now = frozen, expect(now = 1)));
    let _ = monkey::patch!(watch(frozen), now = frozen);
}
