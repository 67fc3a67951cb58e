//! Forks find the engine's locks free, in the parent and in the child.
//!
//! The handlers are registered before anything else of the program runs. Those that come before a fork run in reverse order,
//! so ours are the last: the program's own, which may wait for somebody who asks the engine for something, have run by
//! then, and no foreign handler runs while the locks are held.
use crate::code;
use crate::engine::ENGINE;
use crate::text::TEXT;
use crate::thread;

extern "C" fn before() {
    code::let_loader_rest();
    TEXT.before_fork();
    ENGINE.before_fork();
}

extern "C" fn in_parent() {
    after(false);
}

extern "C" fn in_child() {
    after(true);
    let scope = thread::scope();
    loop {
        let mut engine = ENGINE.hold();
        let Some(ended) = engine.keep_only(scope) else { return };
        engine.release(ended);
    }
}

fn after(child: bool) {
    ENGINE.after_fork();
    TEXT.after_fork();
    code::ask_loader_again(child);
}

extern "C" fn early() {
    // SAFETY: the three functions have the form that pthread_atfork wants and live as long as the process.
    unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
    code::early();
}

/// Called by the loader before `main`, or when the library is opened that this crate is in.
#[used]
#[cfg_attr(target_os = "macos", unsafe(link_section = "__DATA,__mod_init_func"))]
#[cfg_attr(not(target_os = "macos"), unsafe(link_section = ".init_array.00099"))]
static EARLY: extern "C" fn() = early;

/// Keeps the object file in the program that has the constructor.
pub fn linked() {
    std::hint::black_box(&EARLY);
}
