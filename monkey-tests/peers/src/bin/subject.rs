//! A large program that patches functions and prints what that took, in nanoseconds: `subject CRATE MODE`.
use peers::{CRATES, Function, Guard, monkey_at, seven};
use std::hint::black_box;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

#[allow(clippy::all)]
mod few {
    include!(concat!(env!("OUT_DIR"), "/few.rs"));
}
use few::{ATTRIBUTE, PATCH, TARGETS};

fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap()
}

/// Runs `what` and prints how long it took.
fn timed<R>(kind: &str, what: impl FnOnce() -> R) -> R {
    let begun = Instant::now();
    let result = what();
    println!("{kind} {}", begun.elapsed().as_nanos());
    result
}

/// Prints how long one of many takes.
fn many(kind: &str, times: u32, mut what: impl FnMut()) {
    for _ in 0..20 {
        let begun = Instant::now();
        (0..times).for_each(|_| what());
        let each = begun.elapsed().as_nanos() as f64 / f64::from(times);
        println!("{kind} {each:.3}");
    }
}

/// What the optimiser may not leave out.
fn keep<T: Copy>(value: T) {
    black_box(value);
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (own, mode) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let Some((_, patch)) = CRATES.iter().find(|(name, _)| *name == own) else { return everything(&own) };
    let before = memory();
    let seen = |target: Function, wanted| assert_eq!(black_box(target)(1), wanted);
    match mode.as_str() {
        "first" => {
            let guard = timed("first", || patch(TARGETS[0]));
            seen(TARGETS[0], 7);
            drop(guard);
        }
        "nothing" => {
            let target = in_no_file();
            drop(timed("first", || patch(target)));
        }
        "later" => {
            let guard = patch(TARGETS[0]);
            for target in &TARGETS[1..33] {
                let guard = timed("later", || patch(*target));
                seen(*target, 7);
                drop(guard);
            }
            drop(guard);
        }
        "again" => {
            drop(patch(TARGETS[0]));
            many("again", 500, || drop(patch(TARGETS[0])));
        }
        "hundred" => {
            drop(patch(TARGETS[200]));
            let guards: Vec<Box<dyn Guard>> =
                timed("hundred", || TARGETS[..100].iter().map(|target| patch(*target)).collect());
            TARGETS[..100].iter().for_each(|target| seen(*target, 7));
            drop(guards);
        }
        "busy" => beside_busy_threads(*patch),
        "calls" => {
            let call = |kind: &str| many(kind, 100_000, || keep(black_box(TARGETS[0])(black_box(1))));
            call("unpatched");
            let guard = patch(TARGETS[0]);
            call("in");
            drop(guard);
        }
        mode => monkey_alone(mode),
    }
    println!("kept {}", memory().saturating_sub(before));
}

/// First patches of functions while eight threads call them.
fn beside_busy_threads(patch: fn(Function) -> Box<dyn Guard>) {
    static OVER: AtomicBool = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while !OVER.load(Relaxed) {
                    TARGETS[..17].iter().for_each(|target| keep(black_box(*target)(1)));
                }
            });
        }
        std::thread::sleep(Duration::from_millis(20));
        let first = patch(TARGETS[0]);
        let guards: Vec<_> = TARGETS[1..17].iter().map(|target| timed("busy", || patch(*target))).collect();
        OVER.store(true, Relaxed);
        drop((first, guards));
    });
}

/// What is measured of monkey only.
fn monkey_alone(mode: &str) {
    match mode {
        "first!" => drop(timed("first", PATCH[0])),
        "later!" => {
            drop(PATCH[0]());
            PATCH[1..33].iter().for_each(|patch| drop(timed("later", patch)));
        }
        "with" => {
            ATTRIBUTE[0]();
            ATTRIBUTE[1..33].iter().for_each(|run| timed("later", run));
        }
        "again!" => {
            drop(PATCH[0]());
            many("again", 500, || drop(PATCH[0]()));
        }
        "hundred!" => {
            drop(PATCH[200]());
            drop(timed("hundred", few::hundred));
        }
        "std" => of_std(),
        "calls!" => calls(),
        "verdict" => verdict(),
        mode => panic!("there is no mode {mode}"),
    }
}

fn calls() {
    let call = |kind: &str| many(kind, 100_000, || keep(black_box(TARGETS[0])(black_box(1))));
    let guard = monkey_at(TARGETS[0]);
    // SAFETY: the way to a function of this type.
    let original = unsafe { std::mem::transmute::<*const (), Function>(guard.original()) };
    many("trampoline", 100_000, || keep(black_box(original)(black_box(1))));
    many("original!", 10_000, || keep(monkey::original!(few::f0::target(black_box(1)))));
    many("calls!", 10_000, || keep(monkey::calls!(few::f0::target)));
    many("thread", 100, || std::thread::spawn(|| ()).join().unwrap());
    drop(guard);
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let (tell, told) = std::sync::mpsc::channel();
    let elsewhere = std::thread::spawn(move || {
        let _guard = monkey_at(TARGETS[0]);
        tell.send(()).unwrap();
        let _ = ended.recv();
    });
    told.recv().unwrap();
    call("out");
    drop(end);
    elsewhere.join().unwrap();
}

/// A replacement that is never called, with the reasons.
fn verdict() {
    #[monkey::with(replace(few::f0::target = |_| 7), expect(few::f0::target = 1..))]
    fn never() {}
    std::panic::set_hook(Box::new(|_| ()));
    let told = timed("verdict", || std::panic::catch_unwind(never)).unwrap_err();
    let text = told.downcast_ref::<String>().expect("a text");
    assert!(text.contains("never called"), "{text}");
}

type Map = std::collections::HashMap<u32, u32>;
type List = Vec<u32>;

/// Functions of the standard library: those that are compiled once, and instances of generic ones.
fn of_std() {
    drop(PATCH[0]());
    let guards = (
        timed("plain", || monkey::patch!(Path::exists = |_: &Path| true)),
        timed("plain", || monkey::patch!(Path::is_dir = |_: &Path| true)),
        timed("generic", || monkey::patch!(std::fs::remove_dir::<&Path> = |_: &Path| Ok(()))),
        timed("plain", || monkey::patch!(std::env::current_dir = || Ok("/".into()))),
        timed("plain", || monkey::patch!(Duration::as_secs_f64 = |_: &Duration| 1.0)),
        timed("plain", || monkey::patch!(str::trim = |_: &str| "x")),
        timed("generic", || monkey::patch!(Map::len = |_: &Map| 7)),
        timed("generic", || monkey::patch!(Map::insert = |_: &mut Map, _: u32, _: u32| Some(7))),
        timed("generic", || monkey::patch!(List::pop = |_: &mut List| Some(7))),
        timed("generic", || monkey::patch!(List::push = |_: &mut List, _: u32| ())),
        timed("generic", || monkey::patch!(Option::<u32>::or = |_: Option<u32>, _: Option<u32>| Some(7))),
    );
    drop(guards);
}

/// A function that no file has: nothing is read to patch it.
fn in_no_file() -> Function {
    // push rbp; mov rbp, rsp; mov eax, 3; pop rbp; ret
    let code: &[u8] = &[0x55, 0x48, 0x89, 0xE5, 0xB8, 3, 0, 0, 0, 0x5D, 0xC3];
    let (any, anonymous) = (std::ptr::null_mut(), libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new memory, anywhere.
    let page = unsafe { libc::mmap(any, 4096, libc::PROT_READ | libc::PROT_WRITE, anonymous, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED);
    // SAFETY: the page is ours and longer than the code.
    unsafe { page.cast::<u8>().copy_from_nonoverlapping(code.as_ptr(), code.len()) };
    // SAFETY: nobody runs it yet.
    assert_eq!(unsafe { libc::mprotect(page, 4096, libc::PROT_READ | libc::PROT_EXEC) }, 0);
    // SAFETY: a whole function of this type, whose Rust ABI takes a number in a register.
    unsafe { std::mem::transmute::<*mut libc::c_void, Function>(page) }
}

/// Never called: it makes the program large.
fn everything(text: &str) {
    use iced_x86::Formatter;
    black_box(seven(1));
    let file = syn::parse_file(text).map(|file| format!("{:?}", file.clone()));
    let value: Result<serde_json::Value, _> = serde_json::from_str(text);
    let found = regex::Regex::new(text).map(|found| found.is_match(text));
    let object = object::File::parse(text.as_bytes()).map(|object| format!("{object:?}"));
    let mut out = String::new();
    for instruction in iced_x86::Decoder::new(64, text.as_bytes(), 0) {
        iced_x86::NasmFormatter::new().format(&instruction, &mut out);
        iced_x86::IntelFormatter::new().format(&instruction, &mut out);
        iced_x86::GasFormatter::new().format(&instruction, &mut out);
        iced_x86::MasmFormatter::new().format(&instruction, &mut out);
        black_box(iced_x86::InstructionInfoFactory::new().info(&instruction));
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let _ = tokio::net::TcpStream::connect("127.0.0.1:1").await;
        let _ = tokio::fs::read(text).await;
        let _ = tokio::process::Command::new(text).output().await;
    });
    black_box((file.is_ok(), value.is_ok(), found.is_ok(), object.is_ok(), out));
}
