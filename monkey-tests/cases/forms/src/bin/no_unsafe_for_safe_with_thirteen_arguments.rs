//! More arguments than traits are usually written for.
#![forbid(unsafe_code)]

#[allow(clippy::too_many_arguments)]
fn first(_: *const u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8) -> u8 {
    0
}

fn main() {
    let _guard = monkey::patch!(first = forms::thirteen);
    println!("{}", first(std::ptr::without_provenance(8), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}
