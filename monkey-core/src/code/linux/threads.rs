//! The process's other threads: which there are, and where each of them stands.
use super::process;
use once_cell::race::OnceBool;
use std::cell::Cell;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;

/// The calling thread's id.
pub fn own_id() -> i32 {
    // SAFETY: takes nothing, changes nothing.
    unsafe { libc::gettid() }
}

thread_local! {
    /// The calling thread's id, once it was asked for, and the process that it is of.
    static OWN: Cell<(u32, i32)> = const { Cell::new((0, 0)) };
}

/// The calling thread's id, kept from the first time on.
#[must_use]
pub fn own_kept() -> i32 {
    let Some(process) = process::number() else { return own_id() };
    let (of, id) = OWN.get();
    if of == process {
        return id;
    }
    let id = own_id();
    OWN.set((process, id));
    id
}

/// In the child of a fork its thread has another id.
pub fn forget_own() {
    OWN.set((0, 0));
}

/// All threads of the process.
pub fn all_ids() -> io::Result<Vec<i32>> {
    let tasks = fs::read_dir("/proc/self/task")?;
    Ok(tasks.flatten().filter_map(|task| task.file_name().to_str()?.parse().ok()).collect())
}

/// Whether there are no others. `unshare` says so in a tenth of the time that the folder takes, and with this flag does nothing else;
/// see unshare(2). Where it refuses, which a sandbox may do to a process of one thread too, they are counted.
pub fn alone() -> bool {
    // SAFETY: changes nothing: a process of one thread shares nothing that the flag is about.
    let shares_nothing = unsafe { libc::unshare(libc::CLONE_THREAD) == 0 };
    shares_nothing || count().is_ok_and(|count| count == 1)
}

/// How many there are. A folder has two links, and one more for each folder in it: that of the threads is counted by the kernel
/// (`proc_task_getattr`), which takes a third of the time that a listing does.
fn count() -> io::Result<u64> {
    let links = fs::metadata("/proc/self/task")?.nlink();
    if links > 2 { Ok(links - 2) } else { Ok(all_ids()?.len() as u64) }
}

/// Whether a thread is still there.
#[must_use]
pub fn exists(thread: i32) -> bool {
    let process = std::process::id();
    // SAFETY: signal 0 is never delivered; it only asks.
    unsafe { libc::syscall(libc::SYS_tgkill, process, thread, 0) == 0 }
}

/// The name that the kernel has for a thread, at most 15 bytes long; empty when it is gone.
#[must_use]
pub fn name(thread: i32) -> String {
    let name = fs::read_to_string(format!("/proc/self/task/{thread}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

/// Where a thread stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadPosition {
    /// In the kernel, to return to this address with this stack pointer.
    At {
        address: usize,
        stack: usize,
    },
    /// On a processor, or waiting for one.
    Running,
    Gone,
    /// The kernel does not say.
    Unknown,
}

/// Reads where a thread stands: `running`, or `number arguments.. sp pc`, see proc(5).
pub fn position(thread: i32) -> ThreadPosition {
    match fs::read_to_string(format!("/proc/self/task/{thread}/syscall")) {
        Ok(_) if emulated() => ThreadPosition::Unknown,
        Ok(text) => parse(&text),
        // Not only when the thread has gone: a sandbox's `/proc` may lack the file.
        Err(_) if exists(thread) => ThreadPosition::Unknown,
        Err(_) => ThreadPosition::Gone,
    }
}

/// Whether a thread is an emulator's own, which runs nothing of the program and blocks what is meant for it. Also said
/// of one for which the emulator is about to enter the kernel: that one stands behind an `svc`.
pub fn foreign(thread: i32, signal: libc::c_int) -> bool {
    emulated() && blocks(thread, signal)
}

/// Whether the kernel speaks of the stack and the code of an emulator that runs this program. Found out on the calling
/// thread, which stands in `read` while the kernel answers.
fn emulated() -> bool {
    static EMULATED: OnceBool = OnceBool::new();
    EMULATED.get_or_init(|| {
        let here = 0_u8;
        let here = &raw const here as usize;
        let text = own_file("syscall").unwrap_or_default();
        let stack = text.split_ascii_whitespace().rev().nth(1).and_then(|word| word.strip_prefix("0x"));
        let stack = stack.and_then(|hex| usize::from_str_radix(hex, 16).ok());
        stack.is_some_and(|stack| !(stack..stack.saturating_add(1 << 16)).contains(&here))
    })
}

/// What the kernel says of the calling thread in a file of this name. Not in the folder that the thread has in its process's, if that can
/// be helped: when both end together, the kernel clears it away on two processors at once, and one spins for a millisecond or two.
fn own_file(name: &str) -> io::Result<String> {
    let own = own_id();
    // A `/proc` of another PID namespace has other numbers.
    let numbers_are_ours =
        fs::read_link("/proc/self").is_ok_and(|link| link.as_os_str() == &*std::process::id().to_string());
    let apart = if numbers_are_ours {
        fs::read_to_string(format!("/proc/{own}/{name}"))
    } else {
        Err(io::ErrorKind::NotFound.into())
    };
    apart.or_else(|_| fs::read_to_string(format!("/proc/self/task/{own}/{name}")))
}

fn parse(text: &str) -> ThreadPosition {
    let mut words = text
        .split_ascii_whitespace()
        .rev()
        .map(|word| word.strip_prefix("0x").and_then(|digits| usize::from_str_radix(digits, 16).ok()));
    match (words.next().flatten(), words.next().flatten()) {
        (Some(address), Some(stack)) => ThreadPosition::At { address, stack },
        _ if text.starts_with("running") => ThreadPosition::Running,
        _ => ThreadPosition::Unknown,
    }
}

/// Whether a thread blocks a signal, or may do so because nothing can be read of it.
pub fn blocks(thread: i32, signal: libc::c_int) -> bool {
    let Ok(status) = fs::read_to_string(format!("/proc/self/task/{thread}/status")) else {
        return exists(thread);
    };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stand_is_read() {
        assert_eq!(parse("running\n"), ThreadPosition::Running);
        assert_eq!(
            parse("202 0x1 0x2 0x3 0x4 0x5 0x6 0x7ffe 0x7f00aa\n"),
            ThreadPosition::At { address: 0x7f_00aa, stack: 0x7ffe }
        );
        assert_eq!(parse("-1 0x7ffe 0x55aa\n"), ThreadPosition::At { address: 0x55aa, stack: 0x7ffe });
        assert_eq!(parse(""), ThreadPosition::Unknown);
    }

    #[test]
    fn a_thread_reads_of_itself() {
        let of_itself = || (own_file("comm").unwrap(), own_file("no such file").is_err());
        let reader = std::thread::Builder::new().name("reader".into()).spawn(of_itself).unwrap();
        assert_eq!(reader.join().unwrap(), ("reader\n".to_owned(), true));
    }

    #[test]
    fn a_sleeper_is_found() {
        let (send, wait) = std::sync::mpsc::channel::<()>();
        let sleeper = std::thread::Builder::new().name("sleeper".into()).spawn(move || wait.recv()).unwrap();
        let find = || all_ids().unwrap().into_iter().find(|thread| name(*thread) == "sleeper");
        let thread = loop {
            if let Some(thread) = find() {
                break thread;
            }
        };
        while !emulated() && !matches!(position(thread), ThreadPosition::At { .. }) {
            std::thread::yield_now();
        }
        assert!(!blocks(thread, libc::SIGTRAP));
        assert!(!alone());
        // Others of this process come and go meanwhile.
        assert!((0..1000).any(|_| count().unwrap() == all_ids().unwrap().len() as u64));
        drop(send);
        sleeper.join().unwrap().unwrap_err();
        // Joined, a thread has a few steps left to go in the kernel.
        let pause = || std::thread::sleep(std::time::Duration::from_millis(1));
        assert!((0..10_000).any(|_| position(thread) == ThreadPosition::Gone || {
            pause();
            false
        }));
    }
}
