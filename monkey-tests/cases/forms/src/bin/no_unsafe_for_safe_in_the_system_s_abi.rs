//! Would be called without `unsafe`.
#![forbid(unsafe_code)]

extern "system" fn first(_: *const u8) -> u8 {
    0
}

#[monkey::with(replace(first = forms::first_byte_of_the_system))]
fn main() {
    println!("{}", first(std::ptr::without_provenance(8)));
}
