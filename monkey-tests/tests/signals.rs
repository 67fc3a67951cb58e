//! The program's own signal handlers see the same with handlers of ours over theirs as without.
//!
//! Each case is observed twice in one process: before anything is hooked, and after a hook that needs a trap.
use monkey_tests::child;
use monkey_tests::prologues::{self, Fate};
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::mem::{offset_of, zeroed};
use std::os::unix::process::ExitStatusExt;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU64, AtomicUsize, Ordering::SeqCst};

static CALLS: AtomicI32 = AtomicI32::new(0);
static ABOVE: AtomicI32 = AtomicI32::new(0);
static BLOCKED: AtomicU64 = AtomicU64::new(0);
static BELOW: AtomicUsize = AtomicUsize::new(0);

fn blocked() -> u64 {
    // SAFETY: all zeros is a valid set.
    let mut set: libc::sigset_t = unsafe { zeroed() };
    // SAFETY: asks only.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, ptr::null(), &raw mut set) };
    // SAFETY: the first 64 signals are the first 64 bits.
    unsafe { (&raw const set).cast::<u64>().read_unaligned() }
}

extern "C" fn three_arguments(_: c_int, information: *mut libc::siginfo_t, context: *mut c_void) {
    let interrupted = context.wrapping_byte_add(offset_of!(libc::ucontext_t, uc_sigmask)).cast::<u64>();
    // SAFETY: the kernel's or whoever handed on: a whole context.
    assert_eq!(unsafe { interrupted.read_unaligned() } & 1 << (libc::SIGUSR2 - 1), 0);
    // SAFETY: as above.
    assert_ne!(unsafe { (*information).si_signo }, 0);
    BLOCKED.store(blocked(), SeqCst);
    CALLS.fetch_add(1, SeqCst);
}

extern "C" fn one_argument(signal: c_int) {
    BLOCKED.store(blocked(), SeqCst);
    CALLS.fetch_add(signal, SeqCst);
}

/// More than an alternative stack has.
#[expect(clippy::large_stack_arrays, reason = "that is the point")]
extern "C" fn large(_: c_int) {
    let much = [1_u8; 200 << 10];
    CALLS.fetch_add(i32::from(black_box(&much)[100]), SeqCst);
}

/// Put over ours, calls what was there before.
extern "C" fn above(signal: c_int, information: *mut libc::siginfo_t, context: *mut c_void) {
    type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);
    ABOVE.fetch_add(1, SeqCst);
    // SAFETY: what sigaction gave, with SA_SIGINFO.
    let below = unsafe { std::mem::transmute::<usize, Handler>(BELOW.load(SeqCst)) };
    below(signal, information, context);
}

fn handle(signal: c_int, handler: usize, flags: c_int) {
    // SAFETY: all zeros is a valid sigaction.
    let mut action: libc::sigaction = unsafe { zeroed() };
    (action.sa_sigaction, action.sa_flags) = (handler, flags);
    // SAFETY: the set is writable.
    unsafe { libc::sigaddset(&raw mut action.sa_mask, libc::SIGUSR1) };
    let mut before = action;
    // SAFETY: the handlers do what handlers may.
    assert_eq!(unsafe { libc::sigaction(signal, &raw const action, &raw mut before) }, 0);
    if handler == above as *const () as usize {
        BELOW.store(before.sa_sigaction, SeqCst);
    }
}

fn raise(signal: c_int) {
    // SAFETY: sends this thread a signal.
    unsafe { libc::raise(signal) };
}

/// What a case's handler sees of one signal: calls, what is blocked.
fn observe(signal: c_int) -> (i32, u64) {
    CALLS.store(0, SeqCst);
    BLOCKED.store(0, SeqCst);
    raise(signal);
    // Of a trap's own signal: a handler of the program's may call what is being hooked.
    let open = if signal == libc::SIGTRAP { 1 << (libc::SIGTRAP - 1) } else { 0 };
    (CALLS.load(SeqCst), BLOCKED.load(SeqCst) & !open)
}

/// Hooks the `index`th target for which several instructions go, while there is another thread.
fn hook(index: usize) {
    extern "C-unwind" fn replacement(x: u64) -> u64 {
        x
    }
    std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_mins(1)));
    let all = prologues::all().into_iter().filter(|prologue| prologue.fate == Fate::Works);
    let patched = all.filter_map(|prologue| {
        // SAFETY: both have the type `Function`.
        unsafe { monkey::patch_at(prologue.function as *const (), replacement as *const ()) }.ok()
    });
    drop(patched.take(3 * (index + 1)).collect::<Vec<_>>());
}

const SIGNALS: [c_int; 4] = [libc::SIGTRAP, libc::SIGURG, libc::SIGILL, libc::SIGBUS];

fn run(case: &str) {
    let siginfo = libc::SA_SIGINFO;
    let (handler, flags) = match case {
        "three arguments" => (three_arguments as *const () as usize, siginfo),
        "one argument" => (one_argument as *const () as usize, 0),
        "nodefer" => (three_arguments as *const () as usize, siginfo | libc::SA_NODEFER),
        "alternative stack" => (three_arguments as *const () as usize, siginfo | libc::SA_ONSTACK),
        "large" => (large as *const () as usize, 0),
        "once" => (one_argument as *const () as usize, libc::SA_RESETHAND),
        "ignored" => (libc::SIG_IGN, 0),
        case => return run_other(case),
    };
    for signal in SIGNALS {
        handle(signal, handler, flags);
    }
    let native = SIGNALS.map(|signal| if case == "once" { (signal, 0) } else { observe(signal) });
    hook(0);
    for (signal, native) in SIGNALS.into_iter().zip(native) {
        let seen = observe(signal);
        assert_eq!(seen.0, native.0, "{case}: calls at signal {signal}");
        assert!(case == "once" || seen == native, "{case}: signal {signal}: {seen:x?}, {native:x?}");
    }
    if case == "once" {
        assert_eq!(observe(libc::SIGURG).0, 0);
        raise(libc::SIGTRAP);
    }
}

fn run_other(case: &str) {
    match case {
        "ignored fault" => {
            handle(libc::SIGSEGV, libc::SIG_IGN, 0);
            hook(0);
            raise(libc::SIGSEGV);
            println!("goes on");
            // SAFETY: not at all; that is the point.
            unsafe { black_box(ptr::null::<u8>()).wrapping_add(8).read_volatile() };
        }
        "interrupted" => {
            handle(libc::SIGURG, one_argument as *const () as usize, 0);
            assert_eq!(interrupted_read(), Some(libc::EINTR));
            hook(0);
            assert_eq!(interrupted_read(), Some(libc::EINTR));
        }
        "restarted" => {
            handle(libc::SIGURG, one_argument as *const () as usize, libc::SA_RESTART);
            assert_eq!(interrupted_read(), None);
            hook(0);
            assert_eq!(interrupted_read(), None);
        }
        "above" => {
            for signal in [libc::SIGTRAP, libc::SIGURG] {
                handle(signal, three_arguments as *const () as usize, libc::SA_SIGINFO);
                hook(0);
                handle(signal, above as *const () as usize, libc::SA_SIGINFO);
                for round in 1..3 {
                    hook(round);
                    ABOVE.store(0, SeqCst);
                    let seen = (observe(signal).0, ABOVE.load(SeqCst));
                    assert_eq!(seen, (1, 1), "signal {signal}, round {round}");
                }
            }
        }
        case => panic!("no case {case}"),
    }
}

/// The error of a read that a SIGURG interrupts, if it fails.
fn interrupted_read() -> Option<i32> {
    let mut pipe = [0; 2];
    // SAFETY: two numbers are written.
    assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
    // SAFETY: takes nothing.
    let thread = unsafe { libc::pthread_self() };
    let [from, to] = pipe;
    let other = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(300));
        // SAFETY: the thread waits for this one.
        unsafe { libc::pthread_kill(thread, libc::SIGURG) };
        std::thread::sleep(std::time::Duration::from_millis(100));
        // SAFETY: a byte.
        unsafe { libc::write(to, [1_u8].as_ptr().cast(), 1) };
    });
    let mut byte = [0_u8];
    // SAFETY: room for a byte.
    let read = unsafe { libc::read(from, byte.as_mut_ptr().cast(), 1) };
    let error = (read < 0).then(|| std::io::Error::last_os_error().raw_os_error()).flatten();
    other.join().unwrap();
    error
}

#[test]
fn handlers_see_what_they_see_without_us() {
    const TEST: &str = "handlers_see_what_they_see_without_us";
    if let Some(case) = child::case() {
        return run(&case);
    }
    let cases = ["three arguments", "one argument", "nodefer", "alternative stack", "large", "once"];
    let others = ["ignored", "ignored fault", "interrupted", "restarted", "above"];
    for case in cases.into_iter().chain(others) {
        // Far, so that the trap is needed on AArch64 as well.
        let output = child::command(TEST, case).env("MONKEY_JUMP", "far").output().unwrap();
        let said = child::describe(output.status, &output);
        match case {
            "once" => assert_eq!(output.status.signal(), Some(libc::SIGTRAP), "{said}"),
            "ignored fault" => {
                assert_eq!(output.status.signal(), Some(libc::SIGSEGV), "{said}");
                assert!(said.contains("goes on"), "{said}");
            }
            _ => assert!(child::passed(&output), "{case}: {said}"),
        }
    }
}
