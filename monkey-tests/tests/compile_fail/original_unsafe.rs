unsafe fn wild() -> u64 {
    2
}

fn main() {
    monkey::original!(wild());
}
