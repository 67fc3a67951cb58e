//! A program in which every panic ends the process: a guard's too, on a thread where nobody would catch it.
#[monkey::patchable]
fn now() -> u64 {
    1
}

fn main() {
    let thread = std::thread::spawn(|| drop(monkey::patch!(replace(now = || 2), expect(now = 1))));
    thread.join().unwrap();
    println!("went on");
}
