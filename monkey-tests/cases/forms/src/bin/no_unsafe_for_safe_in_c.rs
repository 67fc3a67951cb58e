//! Would be called without `unsafe`.
#![forbid(unsafe_code)]

extern "C" fn first(_: *const u8) -> u8 {
    0
}

fn main() {
    let _guard = monkey::patch!(first = forms::first_byte);
    println!("{}", first(std::ptr::without_provenance(8)));
}
