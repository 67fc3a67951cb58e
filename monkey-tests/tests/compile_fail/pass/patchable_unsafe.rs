//! Functions that are unsafe to call.
#![deny(warnings)]

#[monkey::patchable]
/// # Safety
/// `pointer` is valid for reads.
unsafe fn read(pointer: *const u32) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { *pointer }
}

#[monkey::patchable]
#[unsafe(no_mangle)]
extern "C" fn monkey_exported(value: &u32) -> u32 {
    *value
}

fn main() {
    // SAFETY: a reference is valid for reads.
    assert_eq!(unsafe { read(&3) }, 3);
    assert_eq!(monkey_exported(&3), 3);
}
