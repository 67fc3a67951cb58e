//! The files that the dynamic loader has loaded.
use std::ffi::{CStr, c_int, c_void};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// What the loader says of one file. It lives while the loader iterates.
#[derive(Debug, Clone, Copy)]
pub struct LoadedFile<'a> {
    /// Its path; empty for the program itself.
    pub path: &'a [u8],
    /// What to add to an address of the file.
    pub bias: usize,
    pub headers: &'a [libc::Elf64_Phdr],
    /// Changes with each file that is loaded or closed.
    pub loads: u64,
}

/// How many threads ask the loader, and whether one is about to fork.
static ASKING: AtomicUsize = AtomicUsize::new(0);
static FORKING: AtomicBool = AtomicBool::new(false);

/// How long who forks and who asks wait for each other. Not longer: each may hold what the other one waits for.
const PATIENCE: Duration = Duration::from_millis(100);

/// Before a fork: lets the threads that ask the loader finish, and keeps others off. glibc (2.36) does not make the lock anew
/// in the child that it takes for that, and whoever asked there would wait for ever.
pub fn let_loader_rest() {
    FORKING.store(true, SeqCst);
    wait_until(|| ASKING.load(SeqCst) == 0);
}

/// After a fork. In the child those who asked are not there any more.
pub fn ask_loader_again(child: bool) {
    if child {
        super::threads::forget_own();
        ASKING.store(0, SeqCst);
    }
    FORKING.store(false, SeqCst);
}

fn wait_until(done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() && begun.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
}

/// A thread that asks the loader.
struct Asking;

impl Asking {
    fn begin() -> Self {
        ASKING.fetch_add(1, SeqCst);
        if FORKING.load(SeqCst) {
            Self::wait();
        }
        Self
    }

    /// Until nobody forks any more, who may begin again meanwhile.
    #[cold]
    fn wait() {
        let begun = Instant::now();
        while FORKING.load(SeqCst) && begun.elapsed() < PATIENCE {
            ASKING.fetch_sub(1, SeqCst);
            wait_until(|| !FORKING.load(SeqCst));
            ASKING.fetch_add(1, SeqCst);
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        ASKING.fetch_sub(1, SeqCst);
    }
}

/// Calls `visit` with each loaded file until it breaks. The loader's lock is held meanwhile.
pub fn each_loaded_file(mut visit: impl FnMut(&LoadedFile<'_>) -> ControlFlow<()>) {
    let _asking = Asking::begin();
    let mut visit: Visit<'_> = &mut visit;
    // SAFETY: `enter` has the type that the function wants, is only called until the function returns, and gets back the
    // pointer to `visit`, which lives as long and is not used here meanwhile.
    unsafe { libc::dl_iterate_phdr(Some(enter), (&raw mut visit).cast()) };
}

/// Changes with each file that is loaded or closed: the loader says so with each file. 0 without any.
#[must_use]
pub fn loads() -> u64 {
    let _asking = Asking::begin();
    let mut loads = 0_u64;
    // SAFETY: `count` has the type that the function wants, is only called until the function returns, and gets back the
    // pointer to `loads`, which lives as long and is not used here meanwhile.
    unsafe { libc::dl_iterate_phdr(Some(count), (&raw mut loads).cast()) };
    loads
}

unsafe extern "C" fn count(information: *mut libc::dl_phdr_info, _: usize, loads: *mut c_void) -> c_int {
    // SAFETY: the loader passes a description that stays valid during this call.
    let information = unsafe { &*information };
    // SAFETY: what `loads` passed, borrowed by nobody else during the iteration.
    unsafe { *loads.cast::<u64>() = information.dlpi_adds << 32 | information.dlpi_subs };
    1
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
    let file = LoadedFile { path, bias, headers, loads: information.dlpi_adds << 32 | information.dlpi_subs };
    c_int::from(visit(&file).is_break())
}
