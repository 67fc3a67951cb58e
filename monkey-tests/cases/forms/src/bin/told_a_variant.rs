//! `Some` is a constructor too.
fn main() {
    let _guard = monkey::patch!(Some::<u32> = |_: u32| None);
    println!("{:?}", Some(1_u32));
}
