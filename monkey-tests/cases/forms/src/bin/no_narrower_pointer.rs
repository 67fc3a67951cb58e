//! A variable of a narrower type than the function's: every call that it is not for would come by too.
#![forbid(unsafe_code)]

fn shorter<'a>(text: &'a str) -> &'a str {
    &text[..1]
}

fn keep(text: &'static str) -> &'static str {
    text
}

fn main() {
    let target: fn(&'static str) -> &'static str = shorter;
    let _guard = monkey::patch!(target = keep);
    println!("{}", shorter("text"));
}
