//! Every instruction of every function of programs that are there.
use super::{Tally, all};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use std::path::{Path, PathBuf};

/// How much of a program is looked at, unless all of it is asked for.
const PART: usize = 60_000;

#[test]
fn this_one() {
    sweep(&std::env::current_exe().unwrap());
}

#[test]
fn the_libraries_of_c() {
    for name in ["libc.so.6", "libm.so.6", "libstdc++.so.6", "libcrypto.so.3"] {
        // Where Debian and others have them; what is not there is not looked at.
        let folders = ["/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/usr/lib"];
        if let Some(path) =
            folders.iter().map(|folder| Path::new(folder).join(name)).find(|path| path.exists())
        {
            sweep(&path);
        }
    }
}

#[test]
fn the_compiler() {
    let rustc = std::process::Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()))
        .args(["--print", "sysroot"])
        .output()
        .unwrap();
    let root = PathBuf::from(String::from_utf8(rustc.stdout).unwrap().trim());
    for entry in std::fs::read_dir(root.join("lib")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("librustc_driver") || all() && name.starts_with("libLLVM.so") {
            sweep(&path);
        }
    }
}

fn sweep(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let functions = functions(&file);
    let total: usize = functions.iter().map(|(_, code)| code.len()).sum();
    let step = if all() { 1 } else { total.div_ceil(PART) };
    let some = |first: usize| {
        let mut tally = Tally::default();
        functions
            .iter()
            .skip(first * step)
            .step_by(2 * step)
            .for_each(|function| walk(*function, &mut tally));
        tally
    };
    let tally = std::thread::scope(|scope| {
        let one = scope.spawn(|| some(0));
        some(1).merge(one.join().unwrap())
    });
    tally.judge(&path.file_name().unwrap().to_string_lossy());
    let others = tally.outcomes.values().sum::<usize>() - tally.agreed();
    assert!(others * 1000 <= tally.agreed(), "compiled code is all agreed upon");
}

/// From one instruction to the next, till there is something else, such as a table.
fn walk((address, code): (u64, &[u8]), tally: &mut Tally) {
    let mut offset = 0;
    while offset < code.len()
        && let Some(length) = tally.add(&code[offset..], address + offset as u64)
    {
        offset += length;
    }
}

/// Addresses and code.
fn functions<'a>(file: &object::File<'a>) -> Vec<(u64, &'a [u8])> {
    let code = |symbol: object::Symbol<'a, '_>| {
        let section = file.section_by_index(symbol.section_index()?).ok()?;
        let start = symbol.address().checked_sub(section.address())? as usize;
        Some((symbol.address(), section.data().ok()?.get(start..start + symbol.size() as usize)?))
    };
    let symbols = file.symbols().chain(file.dynamic_symbols());
    let text = symbols.filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.size() > 0);
    let mut functions: Vec<_> = text.filter_map(code).collect();
    functions.sort_unstable_by_key(|(address, code)| (*address, code.len()));
    functions.dedup_by_key(|(address, _)| *address);
    functions
}
