//! Would be called without `unsafe`.
#![forbid(unsafe_code)]

extern "C" fn first(_: &[u8; 1], _: usize) -> u8 {
    0
}

fn main() {
    let _guard = monkey::patch!(first = forms::first_of);
    println!("{}", first(&[1], 9));
}
