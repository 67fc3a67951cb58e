//! Loaded before a program (`LD_PRELOAD`), it hooks all of the program's functions for a thread that the program knows
//! nothing of, before `main`. Then the program runs as ever, through the hooks.
//!
//! `MONKEY_SWEEP_REPORT` says to which file a line of numbers is added. See `.ci/sweep`.
use monkey::PatchGuard;
use object::{Object, ObjectSegment, ObjectSymbol, SymbolKind};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::{env, process, thread};

#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = before_main;

extern "C" fn before_main() {
    let Some(report) = env::var_os("MONKEY_SWEEP_REPORT") else { return };
    // What the program starts is not swept in turn.
    // SAFETY: before `main`, there is one thread.
    unsafe { env::remove_var("LD_PRELOAD") };
    thread::spawn(move || sweep(&report)).join().expect("the sweep ends");
}

/// Stands for whatever is replaced: nobody calls it, since nobody is in the scope of this thread.
extern "C" fn never() {
    let trace = std::backtrace::Backtrace::force_capture();
    eprintln!("sweep: a replacement was called, by {:?}\n{trace}", thread::current().name());
    process::abort();
}

/// Hooks everything, and lets go of each at once: in this thread, too, nothing is replaced for longer, since it may need
/// what a function leads on to.
fn sweep(path: &OsStr) {
    let functions = functions();
    let mut refusals = BTreeMap::new();
    for address in &functions {
        match hook(*address) {
            Ok(guard) => drop(guard),
            Err(cause) => *refusals.entry(cause).or_insert(0) += 1,
        }
    }
    report(path, functions.len(), &refusals);
}

fn hook(address: usize) -> Result<PatchGuard, String> {
    // SAFETY: who calls the replacement as another type is told by its text, and that is the end of the process.
    let patched = unsafe { monkey::patch_at(address as *const (), never as *const ()) };
    patched.map_err(|error| {
        let cause = format!("{:?}", error.cause());
        let end = cause.find([' ', '{', '"']).unwrap_or(cause.len());
        cause[..end].trim_end_matches(['(', ')']).replace('(', ":")
    })
}

/// The functions that the program's own file names, where they lie in this process.
fn functions() -> BTreeSet<usize> {
    let file = fs::read("/proc/self/exe").expect("the program can be read");
    let program = object::File::parse(&*file).expect("an ELF file");
    let first = program.segments().next().map_or(0, |segment| segment.address());
    let base = base().wrapping_sub(first);
    let named =
        program.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition());
    named.map(|symbol| base.wrapping_add(symbol.address()) as usize).collect()
}

/// Where the program's first segment was put.
fn base() -> u64 {
    let program = fs::read_link("/proc/self/exe").expect("the program has a name");
    let maps = fs::read_to_string("/proc/self/maps").expect("/proc is there");
    let own = maps.lines().find(|line| line.ends_with(program.to_str().expect("a name in UTF-8")));
    let address = own.and_then(|line| line.split('-').next()).expect("the program is mapped");
    u64::from_str_radix(address, 16).expect("an address")
}

fn report(path: &OsStr, functions: usize, refusals: &BTreeMap<String, u32>) {
    let refused: u32 = refusals.values().sum();
    let hooked = functions - refused as usize;
    let causes: Vec<_> = refusals.iter().map(|(cause, count)| format!(" {cause}={count}")).collect();
    let file = OpenOptions::new().create(true).append(true).open(path);
    let mut file = file.expect("the report can be written");
    writeln!(file, "functions={functions} hooked={hooked} refused={refused}{}", causes.concat())
        .expect("it is written");
}
