fn read(_: u32) -> u32 {
    1
}
unsafe fn wild(_: u32) -> u32 {
    2
}

#[monkey::with(replace(read = wild))]
fn by_attribute() {}

fn by_macro() {
    let _guard = monkey::patch!(read = self::wild);
}

fn main() {}
