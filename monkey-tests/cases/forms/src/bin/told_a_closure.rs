//! A closure's own code is never called by its pointer: what would be patched is a shim.
fn main() {
    let closure = || 1;
    let guard = monkey::patch!(closure = || 2);
    println!("the closure gives {}", closure());
    drop(guard);
}
