//! The engine speaks on standard error, which somebody else may hold, replace, or never read.
use std::io::{self, Write};
use std::os::fd::FromRawFd;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

#[monkey::patchable]
fn number() -> u32 {
    1
}

/// Longer than the engine waits before it says who waits for whom.
const LONG: Duration = Duration::from_secs(7);

/// Holds the turn for the process, while another thread waits for it; `meanwhile` asks the engine.
fn one_waits(meanwhile: impl FnOnce() + Send + 'static) {
    one_waits_for(|| monkey::patch!(replace(number = || 2), scope = process), meanwhile);
}

fn one_waits_for(patch: fn() -> monkey::PatchGuard, meanwhile: impl FnOnce() + Send + 'static) {
    let (ready, is_ready) = mpsc::channel();
    let holder = thread::spawn(move || {
        let _guard = patch();
        ready.send(()).unwrap();
        meanwhile();
    });
    is_ready.recv().unwrap();
    let waits = thread::spawn(|| drop(monkey::patch!(number = || 3)));
    holder.join().unwrap();
    waits.join().unwrap();
}

fn ask_for_long() {
    let begun = Instant::now();
    while begun.elapsed() < LONG {
        thread::sleep(Duration::from_millis(20));
        assert_eq!((monkey::calls!(number), monkey::original!(number())), (0, 1));
        thread::spawn(|| ()).join().unwrap();
    }
}

/// A pipe that is full and that nobody reads, in place of standard error.
fn stop_up_standard_error() -> [i32; 2] {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    assert_eq!(unsafe { libc::pipe(ends.as_mut_ptr()) }, 0);
    // SAFETY: both are open.
    assert_eq!(unsafe { libc::dup2(ends[1], 2) }, 2);
    // SAFETY: as above.
    unsafe { libc::fcntl(2, libc::F_SETFL, libc::O_NONBLOCK) };
    let full = [b'.'; 4096];
    // SAFETY: the bytes are readable.
    while unsafe { libc::write(2, full.as_ptr().cast(), full.len()) } > 0 {}
    // SAFETY: as above; from now on, who writes waits.
    unsafe { libc::fcntl(2, libc::F_SETFL, 0) };
    ends
}

limited! {
    held_by_whom_it_waits_for in 60 s {
        one_waits(|| {
            let mut error = io::stderr().lock();
            ask_for_long();
            writeln!(error, "done").unwrap();
        });
    }

    /// It comes to read in the end.
    that_nobody_reads in 60 s {
        let ends = stop_up_standard_error();
        one_waits(move || {
            ask_for_long();
            // SAFETY: the end is open, and nobody else's.
            let mut end = unsafe { std::fs::File::from_raw_fd(ends[0]) };
            thread::spawn(move || io::copy(&mut end, &mut io::sink()));
        });
    }

    /// `write` is replaced by what asks the engine.
    whose_write_is_replaced in 60 s {
        unsafe extern "C" fn write(file: i32, bytes: *const std::ffi::c_void, size: usize) -> isize {
            assert_eq!(monkey::original!(number()), 1);
            assert!(monkey::calls!(number) < usize::MAX);
            // SAFETY: the caller's arguments.
            unsafe { monkey::original!(libc::write(file, bytes, size)) }
        }
        let patch = || monkey::patch!(replace(number = || 2, libc::write = write), scope = process);
        one_waits_for(patch, ask_for_long);
    }
}
