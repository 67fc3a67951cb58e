//! The files that the dynamic loader has loaded.
use std::ffi::{CStr, c_int, c_void};
use std::ops::ControlFlow;

/// What the loader says of one file. It lives while the loader iterates.
#[derive(Debug, Clone, Copy)]
pub struct LoadedFile<'a> {
    /// Its path; empty for the program itself.
    pub path: &'a [u8],
    /// What to add to an address of the file.
    pub bias: usize,
    pub headers: &'a [libc::Elf64_Phdr],
    /// How many files have ever been loaded.
    pub loads: u64,
}

/// Calls `visit` with each loaded file until it breaks. The loader's lock is held meanwhile.
pub fn each_loaded_file(mut visit: impl FnMut(&LoadedFile<'_>) -> ControlFlow<()>) {
    let mut visit: Visit<'_> = &mut visit;
    // SAFETY: `enter` has the type that the function wants, is only called until the function returns, and gets back the
    // pointer to `visit`, which lives as long and is not used here meanwhile.
    unsafe { libc::dl_iterate_phdr(Some(enter), (&raw mut visit).cast()) };
}

type Visit<'a> = &'a mut dyn FnMut(&LoadedFile<'_>) -> ControlFlow<()>;

unsafe extern "C" fn enter(information: *mut libc::dl_phdr_info, _: usize, visit: *mut c_void) -> c_int {
    // SAFETY: the loader passes a description that stays valid during this call.
    let information = unsafe { &*information };
    // SAFETY: what `each_loaded_file` passed, borrowed by nobody else during the iteration.
    let visit = unsafe { &mut *visit.cast::<Visit<'_>>() };
    let path = if information.dlpi_name.is_null() {
        &[]
    } else {
        // SAFETY: the loader's names end with a zero byte and are not changed while it iterates.
        unsafe { CStr::from_ptr(information.dlpi_name) }.to_bytes()
    };
    let count = usize::from(information.dlpi_phnum);
    let headers = if information.dlpi_phdr.is_null() || count == 0 {
        &[]
    } else {
        // SAFETY: the loader says that this many program headers lie there; they are part of the loaded file.
        unsafe { std::slice::from_raw_parts(information.dlpi_phdr, count) }
    };
    let bias = information.dlpi_addr as usize;
    let file = LoadedFile { path, bias, headers, loads: information.dlpi_adds };
    c_int::from(visit(&file).is_break())
}
