//! The first patch of a new function and the write alone, by either way of writing code, with one thread and with a
//! second one running on another core: side by side in one run, `cargo bench -p monkey-tests --bench writes`.
//!
//! The way is chosen once in a process, so that each has its own. monkey is optimised here as the benchmark is.
use criterion::{Criterion, criterion_group};
use std::env;
use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const WAY: &str = "MONKEY_CODE_WRITE";
/// Bytes from one function to the next.
const STEP: usize = 32;

/// `mov eax, 1; ret`: the jump covers one instruction.
#[cfg(target_arch = "x86_64")]
const ONE: &[u8] = &[0xB8, 1, 0, 0, 0, 0xC3];
/// `push rbp; mov rbp, rsp; mov eax, 1; pop rbp; ret`: the jump covers three.
#[cfg(target_arch = "x86_64")]
const SEVERAL: &[u8] = &[0x55, 0x48, 0x89, 0xE5, 0xB8, 1, 0, 0, 0, 0x5D, 0xC3];
/// `mov w0, #1; ret`
#[cfg(target_arch = "aarch64")]
const ONE: &[u8] = &[0x20, 0, 0x80, 0x52, 0xC0, 0x03, 0x5F, 0xD6];
#[cfg(target_arch = "aarch64")]
const SEVERAL: &[u8] = ONE;

extern "C" fn replacement() -> u32 {
    black_box(7)
}

/// Functions that were never patched, a few pages of them at a time.
struct Fresh {
    code: &'static [u8],
    addresses: Vec<usize>,
}

impl Fresh {
    fn next(&mut self) -> usize {
        if self.addresses.is_empty() {
            self.more(1 << 20);
        }
        self.addresses.pop().unwrap()
    }

    fn more(&mut self, size: usize) {
        let (any, anonymous) = (std::ptr::null_mut(), libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: new memory, anywhere.
        let memory = unsafe { libc::mmap(any, size, libc::PROT_READ | libc::PROT_WRITE, anonymous, -1, 0) };
        assert_ne!(memory, libc::MAP_FAILED);
        for at in (memory as usize..memory as usize + size).step_by(STEP) {
            // SAFETY: within the memory just mapped.
            unsafe { (at as *mut u8).copy_from_nonoverlapping(self.code.as_ptr(), self.code.len()) };
            self.addresses.push(at);
        }
        // SAFETY: nobody runs it yet.
        assert_eq!(unsafe { libc::mprotect(memory, size, libc::PROT_READ | libc::PROT_EXEC) }, 0);
        self.addresses.reverse();
    }
}

/// While it lives, a second thread runs all the time, without a system call.
struct Runner {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Runner {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = stop.clone();
        let thread = thread::spawn(move || while !black_box(&seen).load(Relaxed) {});
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn measure(criterion: &mut Criterion, way: &str) {
    for (threads, name) in [(1, "one thread"), (2, "another running")] {
        let _runner = (threads == 2).then(Runner::start);
        let mut group = criterion.benchmark_group(format!("{way}, {name}"));
        group
            .sample_size(20)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_secs(1));
        for (code, instructions) in [(ONE, "one instruction"), (SEVERAL, "several instructions")] {
            let mut fresh = Fresh { code, addresses: Vec::new() };
            group.bench_function(format!("write alone, {instructions}"), |bench| {
                let bytes = &code[..5];
                let address = fresh.next();
                bench.iter(|| monkey_core::write_code(address, black_box(bytes)).unwrap());
            });
            group.bench_function(format!("first patch of a new function, {instructions}"), |bench| {
                bench.iter_custom(|count| (0..count).map(|_| first_patch(fresh.next())).sum());
            });
        }
        group.finish();
    }
}

fn first_patch(target: usize) -> Duration {
    let begun = Instant::now();
    // SAFETY: both are of one type.
    let guard = unsafe { monkey::patch_at(target as *const (), replacement as *const ()) }.unwrap();
    let time = begun.elapsed();
    drop(guard);
    time
}

fn writes(criterion: &mut Criterion) {
    measure(criterion, &env::var(WAY).unwrap());
}

criterion_group!(benches, writes);

fn main() {
    if env::var_os(WAY).is_some() {
        benches();
        return Criterion::default().configure_from_args().final_summary();
    }
    for way in ["mem", "mprotect"] {
        let mut command = Command::new(env::current_exe().unwrap());
        assert!(command.args(env::args().skip(1)).env(WAY, way).status().unwrap().success(), "{way}");
    }
}
