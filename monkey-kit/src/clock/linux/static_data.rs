//! What lies in a loaded file rather than on a heap or a stack.
use std::ffi::c_void;
use std::mem::MaybeUninit;

/// Whether an address is within the program or one of its libraries.
pub fn contains(address: usize) -> bool {
    let mut found = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: any address may be asked for; there is room for what is found.
    unsafe { libc::dladdr(address as *const c_void, found.as_mut_ptr()) != 0 }
}

#[cfg(test)]
mod tests {
    use super::contains;
    use std::ptr;
    use std::sync::atomic::AtomicU32;

    #[test]
    fn statics_are_and_heap_and_stack_are_not() {
        static WORD: AtomicU32 = AtomicU32::new(0);
        static mut LARGE: [u32; 1000] = [0; 1000];
        assert!(contains(ptr::from_ref(&WORD) as usize) && contains(&raw const LARGE as usize));
        assert!(!contains(ptr::from_ref(&*Box::new(1_u32)) as usize));
        let word = 1_u32;
        assert!(!contains(ptr::from_ref(&word) as usize));
    }
}
