#[monkey::patchable(scope = process, colour, crate = monkey, crate = monkey)]
fn answer() -> u32 {
    42
}

fn main() {}
