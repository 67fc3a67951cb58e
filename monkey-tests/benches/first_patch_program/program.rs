//! A large program that makes patches and prints what each took, in nanoseconds. Built by the benchmark `first_patch`.
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

macro_rules! functions {
    ($($name:ident)*) => {
        $(
            #[monkey::patchable]
            fn $name(x: u64) -> u64 {
                x + 1
            }
        )*
        fn later() {
            $({
                let begun = Instant::now();
                let guard = monkey::patch!($name = |_: u64| 7);
                println!("later {}", begun.elapsed().as_nanos());
                assert_eq!($name(1), 7);
                drop(guard);
            })*
        }
    };
}
functions!(a b c d e f g h i j k l m n o p);

#[monkey::patchable]
fn first(x: u64) -> u64 {
    x + 2
}

/// The memory that the process has for itself, in KiB.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap()
}

fn main() {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let before = memory();
    let begun = Instant::now();
    match mode.as_str() {
        "nothing" => {
            let target = in_no_file();
            let begun = Instant::now();
            // SAFETY: both are of one type.
            let guard = unsafe { monkey::patch_at(target as *const (), seven as *const ()) }.unwrap();
            println!("first {}", begun.elapsed().as_nanos());
            assert_eq!(black_box(target)(), 7);
            drop(guard);
        }
        "names" => {
            let guard = monkey::patch!(first = |_: u64| 7);
            println!("first {}", begun.elapsed().as_nanos());
            assert_eq!(first(1), 7);
            drop(guard);
            later();
            for _ in 0..16 {
                let begun = Instant::now();
                drop(monkey::patch!(first = |_: u64| 7));
                println!("again {}", begun.elapsed().as_nanos());
            }
        }
        "std" => {
            let guard = monkey::patch!(Path::exists = |_: &Path| true);
            println!("first {}", begun.elapsed().as_nanos());
            drop(guard);
        }
        "generic" => {
            let guard = monkey::patch!(Map::len = |_: &Map| 7);
            println!("first {}", begun.elapsed().as_nanos());
            drop(guard);
        }
        "std, one by one" => later_of_std(),
        text => everything(text),
    }
    println!("kept {}", memory() - before);
}

type Map = std::collections::HashMap<u32, u32>;
type List = Vec<u32>;

/// Functions of the standard library: those that are compiled once, and instances of generic ones, whose symbols have the
/// same path for every instance.
fn later_of_std() {
    let mut begun = Instant::now();
    let mut took = |kind: &str| {
        println!("{kind} {}", begun.elapsed().as_nanos());
        begun = Instant::now();
    };
    let guards = (
        monkey::patch!(Path::exists = |_: &Path| true),
        took("first"),
        monkey::patch!(Path::is_dir = |_: &Path| true),
        took("plain"),
        monkey::patch!(std::fs::remove_dir::<&Path> = |_: &Path| Ok(())),
        took("generic"),
        monkey::patch!(std::env::current_dir = || Ok("/".into())),
        took("plain"),
        monkey::patch!(std::time::Duration::as_secs_f64 = |_: &Duration| 1.0),
        took("plain"),
        monkey::patch!(str::trim = |_: &str| "x"),
        took("plain"),
        monkey::patch!(Map::len = |_: &Map| 7),
        took("generic"),
        monkey::patch!(Map::insert = |_: &mut Map, _: u32, _: u32| Some(7)),
        took("generic"),
        monkey::patch!(List::pop = |_: &mut List| Some(7)),
        took("generic"),
        monkey::patch!(List::push = |_: &mut List, _: u32| ()),
        took("generic"),
        monkey::patch!(Option::<u32>::or = |_: Option<u32>, _: Option<u32>| Some(7)),
        took("generic"),
    );
    drop(guards);
}

extern "C" fn seven() -> u32 {
    7
}

/// A function that no file has: nothing is read to patch it.
fn in_no_file() -> extern "C" fn() -> u32 {
    let code: &[u8] = if cfg!(target_arch = "x86_64") {
        &[0x55, 0x48, 0x89, 0xE5, 0xB8, 3, 0, 0, 0, 0x5D, 0xC3] // push rbp; mov rbp, rsp; mov eax, 3; pop rbp; ret
    } else {
        &[0x60, 0, 0x80, 0x52, 0xC0, 0x03, 0x5F, 0xD6] // mov w0, #3; ret
    };
    let (any, anonymous) = (std::ptr::null_mut(), libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new memory, anywhere.
    let page = unsafe { libc::mmap(any, 4096, libc::PROT_READ | libc::PROT_WRITE, anonymous, -1, 0) };
    assert_ne!(page, libc::MAP_FAILED);
    // SAFETY: the page is ours and longer than the code.
    unsafe { page.cast::<u8>().copy_from_nonoverlapping(code.as_ptr(), code.len()) };
    // SAFETY: nobody runs it yet.
    assert_eq!(unsafe { libc::mprotect(page, 4096, libc::PROT_READ | libc::PROT_EXEC) }, 0);
    // SAFETY: a whole function of this type, not yet run.
    unsafe { std::mem::transmute::<*mut libc::c_void, extern "C" fn() -> u32>(page) }
}

/// Never called: it makes the program large.
fn everything(text: &str) {
    use iced_x86::Formatter;
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
