//! Would be called without `unsafe`.
#![forbid(unsafe_code)]

extern "C" fn first(_: &u8, _: &u8, _: &u8) -> u8 {
    0
}

fn main() {
    let _guard = monkey::patch!(first = forms::third);
    println!("{}", first(&1, &2, &3));
}
