//! What the engine and the macros' output call themselves goes to no replacement, and is not counted.
use monkey_tests::child;
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[monkey::patchable]
fn number() -> u64 {
    1
}

#[monkey::with(replace(number = || 5))]
fn with_five() -> u64 {
    number()
}

static CALLS: AtomicUsize = AtomicUsize::new(0);

macro_rules! counted {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {$(
        unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            CALLS.fetch_add(1, SeqCst);
            // SAFETY: the caller's arguments, to the function that he meant.
            unsafe { monkey::original!(libc::$name($($argument),*)) }
        }
    )*};
}

counted! {
    fn malloc(size: usize) -> *mut c_void;
    fn calloc(number: usize, size: usize) -> *mut c_void;
    fn realloc(memory: *mut c_void, size: usize) -> *mut c_void;
    fn free(memory: *mut c_void) -> ();
    fn sched_yield() -> i32;
}

fn everything() {
    let guard = monkey::patch!(number = || 3);
    assert_eq!((number(), monkey::original!(number()), monkey::calls!(number)), (3, 1, 1));
    drop(guard);
    assert_eq!(with_five(), 5);
    assert_eq!(monkey::Scope::current().run(number), 1);
}

#[test]
fn no_replacement_sees_them() {
    if child::case().is_none() {
        let output = child::run("no_replacement_sees_them", "alone");
        return assert!(child::passed(&output), "{}", child::describe(output.status, &output));
    }
    // Once for what is done once.
    everything();
    let guard = monkey::patch!(
        libc::malloc = malloc,
        libc::calloc = calloc,
        libc::realloc = realloc,
        libc::free = free,
        libc::sched_yield = sched_yield,
    );
    let before = CALLS.load(SeqCst);
    everything();
    let calls = CALLS.load(SeqCst) - before;
    drop(guard);
    assert_eq!(calls, 0);
}
