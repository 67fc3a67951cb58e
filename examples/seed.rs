//! The story that bouk/monkey tells: a function, the function patched, the function again.

#[monkey::patchable]
fn a() -> u32 {
    1
}

fn b() -> u32 {
    2
}

fn main() {
    println!("{}", a());
    let guard = monkey::patch!(a = b);
    println!("{}", a());
    drop(guard);
    println!("{}", a());
}
