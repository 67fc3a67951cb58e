#[monkey::patchable]
const fn answer() -> u32 {
    42
}

struct Counter;

#[monkey::patchable]
impl Counter {
    const fn new() -> Self {
        Self
    }
}

fn main() {}
