//! The functions of the system's libraries, and how they fail.
use crate::windows::{GetModuleHandleA, GetProcAddress, SetLastError};
use std::ffi::CStr;

/// Where functions are looked for, in this order: those that do the work before those that hand on to them, so that it is seen whichever
/// a program calls. The last ones are there where the program wants them.
const LIBRARIES: [&CStr; 6] = [
    c"kernelbase.dll",
    c"kernel32.dll",
    c"ntdll.dll",
    c"bcryptprimitives.dll",
    c"advapi32.dll",
    c"bcrypt.dll",
];

/// Where a function is; 0 if there is none of this name.
pub fn find(name: &CStr) -> usize {
    let in_library = |library: &&CStr| {
        // SAFETY: a name that ends with a zero.
        let library = unsafe { GetModuleHandleA(library.as_ptr()) };
        // SAFETY: a library that is never unloaded, or null, and a name that ends with a zero.
        if library.is_null() { 0 } else { unsafe { GetProcAddress(library, name.as_ptr()) as usize } }
    };
    LIBRARIES.iter().map(in_library).find(|found| *found != 0).unwrap_or(0)
}

/// Sets the calling thread's error, and gives what most functions give then.
pub fn fail(error: u32) -> i32 {
    // SAFETY: takes a number.
    unsafe { SetLastError(error) };
    0
}
