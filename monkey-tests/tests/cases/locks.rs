//! Functions that the engine or the C library calls with a lock held are replaced by ones that ask the engine: two locks
//! in two orders, if the engine had one on that way.
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

#[monkey::patchable]
fn number() -> u32 {
    1
}

static ASKED: AtomicU64 = AtomicU64::new(0);
/// Starting a thread allocates. Where `malloc` has called us with its lock held, it would wait for itself.
static MAY_START: AtomicBool = AtomicBool::new(true);

thread_local!(static ASKING: Cell<bool> = const { Cell::new(false) });

/// What the C library calls with a lock held that starting a thread takes: that of its cache of stacks, or of an arena.
const LOCKED_OUT: [&str; 3] = ["free", "mmap", "munmap"];

/// What a replacement may ask of the engine; what that calls is not asked again. `number` is replaced where this is.
fn ask(replaced: &str) {
    if ASKING.replace(true) {
        return;
    }
    assert!(monkey::original!(number()) == 1 && monkey::calls!(number) < usize::MAX);
    let may_start = MAY_START.load(Relaxed) && !LOCKED_OUT.contains(&replaced);
    if ASKED.fetch_add(1, Relaxed).is_multiple_of(512) && may_start {
        // None is owed where the system has no more.
        drop(thread::Builder::new().spawn(|| black_box(number())));
    }
    ASKING.set(false);
}

/// Threads of the test that make and take away patches, while others do `work`; until enough was asked.
fn crowd(work: fn(usize)) {
    static DONE: AtomicBool = AtomicBool::new(false);
    let working = (0..8).map(|index| {
        thread::spawn(move || {
            while !DONE.load(Relaxed) {
                work(index);
            }
        })
    });
    let patching = (0..4).map(|_| {
        thread::spawn(|| {
            while !DONE.load(Relaxed) {
                let guard = monkey::patch!(number = || 2);
                black_box(number());
                drop(guard);
            }
        })
    });
    let threads: Vec<_> = working.collect::<Vec<_>>().into_iter().chain(patching).collect();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) || ASKED.load(Relaxed) == 0 {
        thread::sleep(Duration::from_millis(20));
    }
    DONE.store(true, Relaxed);
    for thread in threads {
        thread.join().unwrap();
    }
}

macro_rules! asking {
    ($($name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            ask(stringify!($name));
            // SAFETY: the caller's arguments, to the function that he meant.
            unsafe { monkey::original!(libc::$name($($argument),*)) }
        }
    )*};
}

type Visit = Option<unsafe extern "C" fn(*mut libc::dl_phdr_info, usize, *mut c_void) -> c_int>;

asking! {
    mprotect(address: *mut c_void, size: usize, protection: c_int) -> c_int;
    malloc(size: usize) -> *mut c_void;
    calloc(number: usize, size: usize) -> *mut c_void;
    realloc(memory: *mut c_void, size: usize) -> *mut c_void;
    free(memory: *mut c_void) -> ();
    dl_iterate_phdr(visit: Visit, data: *mut c_void) -> c_int;
    pthread_mutex_lock(mutex: *mut libc::pthread_mutex_t) -> c_int;
    pthread_mutex_unlock(mutex: *mut libc::pthread_mutex_t) -> c_int;
    sched_yield() -> c_int;
    mmap(address: *mut c_void, size: usize, protection: c_int, flags: c_int, file: c_int, at: libc::off_t) -> *mut c_void;
    munmap(address: *mut c_void, size: usize) -> c_int;
}

fn allocate(index: usize) {
    let vectors: Vec<_> = (0..100_usize).map(|size| vec![index; size * 80]).collect();
    black_box(&vectors);
}

/// Asks the dynamic loader, as unwinding and backtraces do.
fn look_at_libraries(_: usize) {
    unsafe extern "C" fn visit(_: *mut libc::dl_phdr_info, _: usize, _: *mut c_void) -> c_int {
        black_box(number());
        0
    }
    // SAFETY: it looks at nothing.
    unsafe { libc::dl_iterate_phdr(Some(visit), std::ptr::null_mut()) };
    std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(()))).unwrap_err();
}

/// Opens and closes a library, for which the loader's own locks are held.
fn open_libraries(_: usize) {
    // SAFETY: a library that the program has.
    let library = unsafe { libc::dlopen(c"libc.so.6".as_ptr(), libc::RTLD_NOW) };
    assert!(!library.is_null());
    // SAFETY: just opened.
    unsafe { libc::dlclose(library) };
    look_at_libraries(0);
}

limited! {
    /// The C library's `malloc` calls it with the lock of an arena held.
    mprotect_is_replaced in 60 s {
        MAY_START.store(false, Relaxed);
        let _guard = monkey::patch!(number = || 2, libc::mprotect = mprotect);
        crowd(|index| {
            let vectors: Vec<_> = (0..100_u8).map(|byte| vec![byte; 60_000 + index]).collect();
            black_box(&vectors);
        });
    }

    /// It does that too when it takes memory from the system, or gives it back.
    mmap_is_replaced in 60 s {
        let _guard = monkey::patch!(number = || 2, libc::mmap = mmap, libc::munmap = munmap);
        crowd(|index| {
            black_box(vec![1_u8; (1 << 20) + index]);
            thread::spawn(|| ()).join().unwrap();
        });
    }

    the_allocator_is_replaced in 60 s {
        let _guard = monkey::patch!(
            number = || 2,
            libc::malloc = malloc,
            libc::calloc = calloc,
            libc::realloc = realloc,
            libc::free = free,
        );
        crowd(allocate);
    }

    free_alone_is_replaced in 60 s {
        let _guard = monkey::patch!(replace(number = || 2, libc::free = free), scope = process);
        crowd(allocate);
    }

    the_loader_s_list_is_replaced in 60 s {
        let _guard = monkey::patch!(number = || 2, libc::dl_iterate_phdr = dl_iterate_phdr);
        crowd(open_libraries);
    }

    /// The loader takes its own locks by it.
    mutexes_are_replaced in 60 s {
        let _guard = monkey::patch!(
            number = || 2,
            libc::pthread_mutex_lock = pthread_mutex_lock,
            libc::pthread_mutex_unlock = pthread_mutex_unlock,
        );
        crowd(open_libraries);
    }

    yielding_is_replaced in 60 s {
        let _guard = monkey::patch!(number = || 2, libc::sched_yield = sched_yield);
        crowd(|_| thread::yield_now());
    }
}
