//! Nothing says what they point to.
#![forbid(unsafe_code)]

fn number(x: u64) -> u64 {
    x + 1
}

fn text(x: &'static str) -> String {
    format!("{x:p} {}", x.len())
}

fn main() {
    let target = number as *const ();
    let replacement = text as *const ();
    let _guard = monkey::patch!(target = replacement);
    println!("{}", number(3));
}
