//! What the program's own file says: names, sizes, copies, inlined places.
//!
//! Symbols are read where a name is asked for, debug information only where names leave a doubt or a test has failed;
//! both are mapped, not copied. A file that is stripped, malformed or gone gives less, never a panic.
mod by_path;
mod bytes;
mod callers;
mod code;
mod containers;
mod copies;
mod dwarf;
mod eh_frame;
#[cfg_attr(not(system = "linux"), allow(dead_code, reason = "files of another form are read into its parts"))]
mod elf;
mod index;
mod inlined;
mod instances;
mod legacy;
#[cfg(system = "linux")]
mod linux;
#[cfg(system = "macos")]
mod macho;
#[cfg(system = "macos")]
mod macos;
mod made;
mod merged;
mod name;
mod objects;
mod origin;
mod parameters;
#[cfg(any(system = "windows", test))]
mod pdb;
#[cfg(any(system = "windows", test))]
#[cfg_attr(not(system = "windows"), allow(dead_code, reason = "tested on any system"))]
mod pe;
mod spelling;
mod symbols;
#[cfg(system = "unsupported")]
mod unsupported;
mod unwind;
mod v0;
#[cfg(system = "windows")]
mod windows;
#[cfg(system = "linux")]
use linux as system;
#[cfg(system = "macos")]
use macos as system;
#[cfg(system = "unsupported")]
use unsupported as system;
#[cfg(system = "windows")]
use windows as system;

pub use by_path::{Candidate, Meaning, by_path};
pub use callers::{Caller, caller};
pub use containers::{Container, containers, containers_unoptimised};
pub use copies::{Copies, Doubt};

pub use inlined::{Inlined, inlined, inlined_named};
use name::Mangled;
use objects::Object;
pub use origin::{Origin, can_be_marked, home_optimised, is_std_code, may_be_inlined, origin};
pub use parameters::{Changed, changed, changed_copy};
pub use unwind::{FrameRule, frame_rule};

/// A function of the program or of a library that it has loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Where it begins.
    pub address: usize,
    /// Its size, where the file tells.
    pub size: Option<usize>,
    /// From the address asked about to the begin of the next function or the end of the code: what may be written.
    pub available: usize,
    /// As people write it: no hash, no crate hashes. Without a symbol it is the file and the place in it.
    pub name: String,
    /// Whether `name` is a symbol's.
    pub named: bool,
}

/// What a file tells about its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DebugInfo {
    /// Nothing: not made, or stripped.
    None,
    /// Sections that are compressed, which are not read.
    Compressed,
    /// Which lines code comes from, but not which functions were inlined.
    Lines,
    /// Everything.
    Full,
}

/// How many files have been loaded so far; while it stays, so do a function's copies.
#[must_use]
pub fn loads() -> u64 {
    system::loads()
}

/// What the loader knows of the file around an address.
#[derive(Debug, Clone, Copy)]
pub struct LoadedFile {
    /// Its path; empty for the program itself.
    pub path: &'static [u8],
    /// Where it begins in memory.
    pub begin: usize,
    /// Where the code around the address ends, if there is any: the loader has mapped it to be read and executed.
    pub code_end: Option<usize>,
}

/// The file that `address` was loaded from.
#[must_use]
pub fn file_around(address: usize) -> Option<LoadedFile> {
    let object = objects::around(address)?;
    let (path, begin) = (&object.loaded.path[..], object.begin_in_memory());
    Some(LoadedFile { path, begin, code_end: object.loaded.code_end(address) })
}

/// Whether a file of this path is loaded.
#[must_use]
pub fn is_loaded(path: &[u8]) -> bool {
    objects::loaded().iter().any(|object| object.loaded.path == path)
}

/// The extent of the function that covers `address`, without its name, which takes most of the time to spell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Where it begins.
    pub address: usize,
    /// Its size, where the file tells.
    pub size: Option<usize>,
    /// From the address asked about to the begin of the next function or the end of the code: what may be written.
    pub available: usize,
}

/// The extent of the function that covers `address`.
#[must_use]
pub fn extent(address: usize) -> Option<Extent> {
    covering(address, |_, _| ()).map(|(extent, ())| extent)
}

/// A function whose size is known.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// Where it begins.
    pub address: usize,
    pub size: usize,
    /// Its code as the loaded file has it; shorter where that has less.
    pub code: &'static [u8],
}

/// The function that begins at `address`, where the unwind tables or a symbol tell its size. The tables are in order as they are.
#[must_use]
pub fn measured(address: usize) -> Option<Measured> {
    let object = objects::around(address)?;
    let (elf, inside) = (object.elf()?, object.inside(address));
    let size = match eh_frame::function(elf, inside) {
        Some((begin, size)) if begin == inside => size as usize,
        _ => {
            let sizes = object.symbols().entries_at(inside).into_iter().map(|entry| entry.size as usize);
            sizes.max().filter(|size| *size != 0)?
        }
    };
    Some(Measured { address, size, code: elf.code_at(inside, size).unwrap_or_default() })
}

/// The function that covers `address`.
#[must_use]
pub fn find(address: usize) -> Option<Function> {
    let (extent, (name, named)) = covering(address, |object, found| match found {
        Found::Jump(name) => (String::from_utf8_lossy(name).into_owned(), true),
        Found::Named(entries) => {
            let name = |entry: &symbols::Entry| object.elf().map_or(&[][..], |elf| elf.name(entry.name));
            (best_name(entries.iter().map(name)), true)
        }
        Found::Unnamed(begin) => (format!("{}+{begin:#x}", object.loaded.label()), false),
    })?;
    let Extent { address, size, available } = extent;
    Some(Function { address, size, available, name, named })
}

/// What was found at an address.
enum Found<'a> {
    /// A jump to another file's function, which has that function's name.
    Jump(&'static [u8]),
    /// A function with symbols.
    Named(&'a [symbols::Entry]),
    /// A function that only the unwind tables know, by its begin in the file.
    Unnamed(u64),
}

fn covering<R>(address: usize, name: impl FnOnce(&Object, Found<'_>) -> R) -> Option<(Extent, R)> {
    let object = objects::around(address)?;
    let elf = object.elf()?;
    let (inside, symbols) = (object.inside(address), object.symbols());
    let (start, end) = elf.code_around(inside)?;
    if elf.is_linkage(inside) {
        let extent = Extent { address, size: Some(JUMP), available: JUMP };
        return Some((extent, name(object, Found::Jump(elf.dynamic_name(inside)?))));
    }
    let mut next = symbols.next(inside).unwrap_or(end).min(end);
    if !elf.full {
        // Only what is exported has a symbol: others lie between.
        next = eh_frame::next(elf, inside).unwrap_or(next).min(next);
    }
    let available = (next - inside) as usize;
    let covering = symbols.covering(inside);
    let Some(first) = covering.first().filter(|first| object.begin(first) >= start) else {
        let (begin, size) = eh_frame::function(elf, inside)?;
        let extent = Extent { address: object.outside(begin), size: Some(size as usize), available };
        return Some((extent, name(object, Found::Unnamed(begin))));
    };
    let size = covering.iter().map(|entry| entry.size as usize).max().filter(|size| *size != 0);
    let extent = Extent { address: object.outside(object.begin(first)), size, available };
    Some((extent, name(object, Found::Named(&covering))))
}

/// How many bytes in front of the function at `address` belong to no other one; 0 where the file does not tell.
#[must_use]
pub fn gap_before(address: usize) -> usize {
    gap(address).unwrap_or(0)
}

fn gap(address: usize) -> Option<usize> {
    let object = objects::around(address)?;
    let (elf, inside) = (object.elf()?, object.inside(address));
    let (start, _) = elf.code_around(inside)?;
    let before = object.symbols().before(inside);
    let symbol = match before.first() {
        None => None,
        Some(first) => {
            let size = before.iter().map(|entry| u64::from(entry.size)).max().filter(|size| *size != 0)?;
            Some(object.begin(first) + size)
        }
    };
    // Where only exported functions have symbols, others lie between.
    let frame = eh_frame::end_before(elf, inside);
    let end = if elf.full { symbol.max(frame) } else { symbol.max(Some(frame?)) };
    Some(inside.checked_sub(end?.max(start))? as usize)
}

/// The code from `address` on as the loaded file has it, at most `most` bytes.
#[must_use]
pub fn code_in_file(address: usize, most: usize) -> Option<&'static [u8]> {
    let object = objects::around(address)?;
    object.elf()?.code_at(object.inside(address), most)
}

/// The code around `address` as the loaded file has it, at most `most` bytes to each side, and where it begins.
#[must_use]
pub fn code_around_in_file(address: usize, most: usize) -> Option<(usize, &'static [u8])> {
    let object = objects::around(address)?;
    let (elf, inside) = (object.elf()?, object.inside(address));
    let start = elf.code_around(inside)?.0.max(inside.saturating_sub(most as u64));
    let code = elf.code_at(start, most + (inside - start) as usize)?;
    Some((object.outside(start), code))
}

/// The path of the function at `address` as `std::any::type_name` writes that of its type, where its symbol is in the legacy mangling
/// and has nothing but names in it: of no implementation. Generic arguments, if it has any, are left out there.
#[must_use]
pub fn plain_path(address: usize) -> Option<String> {
    let names = objects::around(address)?.mangled_at(address);
    let [name] = names.as_slice() else { return None };
    spelling::plain_path(&name.key)
}

/// The functions of the file around `address` that have a symbol.
#[cfg(test)]
#[must_use]
pub fn exported_functions(address: usize) -> Vec<usize> {
    let Some(object) = objects::around(address) else { return Vec::new() };
    object.symbols().entries().map(|entry| object.outside(object.begin(&entry))).collect()
}

/// Whether a function's own type says that it is only declared where it is named: in an `extern` block.
#[must_use]
pub fn is_declared(type_name: &str) -> bool {
    type_name.contains("{{extern}}")
}

/// Whether the function at `address` has a name, and none that Rust gave.
#[must_use]
pub fn is_foreign(address: usize) -> bool {
    let Some(object) = objects::around(address) else { return false };
    object.mangled_at(address).is_empty() && !object.foreign_at(address).is_empty()
}

/// The size of an entry of a linkage table.
const JUMP: usize = 16;

/// Of several names of one place: a Rust name, else the one that looks least internal (`getpid`, not `__getpid`);
/// without the version that a library gives it.
fn best_name<'a>(names: impl Iterator<Item = &'a [u8]>) -> String {
    let mut best: Option<&[u8]> = None;
    let inner = |name: &[u8]| name.iter().take_while(|byte| **byte == b'_').count();
    for name in names {
        if let Some(name) = Mangled::parse(name) {
            return name.body_name().to_owned();
        }
        if best.is_none_or(|best| inner(name) < inner(best)) {
            best = Some(name);
        }
    }
    let best = String::from_utf8_lossy(best.unwrap_or_default()).into_owned();
    best.split('@').next().unwrap_or_default().to_owned()
}

/// All copies of the function at `address`.
#[must_use]
pub fn copies(address: usize) -> Copies {
    copies::copies(address, None, false)
}

/// All copies of the function at `address`, whose own type `std::any::type_name` calls `type_name`. That says whether the
/// function is generic, which symbols do not, so there is less to doubt and less to read. Where it is also known to be marked
/// `#[inline(never)]`, the compiler has made one body of it for each file, unless it is generic.
#[must_use]
pub fn copies_of(address: usize, type_name: &str, never_inlined: bool) -> Copies {
    copies::copies(address, Some(type_name), never_inlined)
}

/// The other instances that the program has of the generic function at `address`, whose own type `std::any::type_name` calls
/// `type_name`: `std::fs::read_to_string<&std::path::Path>` beside the replaced one for `&str`. Reads debug information
/// where the symbols are in the legacy mangling.
#[must_use]
pub fn instances(address: usize, type_name: &str) -> Vec<String> {
    instances::instances(address, type_name)
}

/// The name of the function at `address`, if it is another one than that whose own type `std::any::type_name` calls
/// `type_name`: the optimiser has merged the two, and one symbol is all that is left.
#[must_use]
pub fn other_name(address: usize, type_name: &str, may_be_merged: impl FnOnce() -> bool) -> Option<String> {
    merged::other_name(address, type_name, may_be_merged)
}

/// Whether a function's own type says that it is the standard library's.
#[must_use]
pub fn is_of_std(type_name: &str) -> bool {
    let root = type_name.trim_start_matches('<').split("::").next().unwrap_or_default();
    spelling::is_standard_crate(root)
}

fn identity(object: &Object, address: usize) -> Option<dwarf::Identity> {
    object.dwarf()?.identity(object.inside(address))
}

/// Whether the function at `address` is known to have no other instances.
#[must_use]
pub fn is_single(address: usize) -> bool {
    objects::around(address)
        .and_then(|object| identity(object, address))
        .is_some_and(|own| !own.name.contains('<'))
}

/// Whether the function at `address` is known to be one instance of a generic function, which may have others.
#[must_use]
pub fn is_instance(address: usize) -> bool {
    objects::around(address)
        .and_then(|object| identity(object, address))
        .is_some_and(|own| own.name.contains('<'))
}

/// What the file around `address` tells.
#[must_use]
pub fn debug_info(address: usize) -> DebugInfo {
    let Some(object) = objects::around(address) else { return DebugInfo::None };
    match object.dwarf().and_then(|dwarf| dwarf.has_entries(object.inside(address))) {
        Some(true) => DebugInfo::Full,
        Some(false) => DebugInfo::Lines,
        None if object.elf().is_some_and(|elf| elf.compressed) => DebugInfo::Compressed,
        None => DebugInfo::None,
    }
}

/// Whether the code around `address` was compiled with optimisation, where the debug information tells.
#[must_use]
pub fn optimised(address: usize) -> Option<bool> {
    let object = objects::around(address)?;
    object.dwarf()?.optimised(object.inside(address))
}

/// The PDB that the program names, where that is not there or of another build.
#[must_use]
pub fn missing_pdb() -> Option<&'static str> {
    objects::around(missing_pdb as fn() -> Option<&'static str> as usize)?.elf()?.missing_pdb.as_deref()
}

/// Which compiler the code around `address` comes from, where the debug information tells.
#[must_use]
pub fn producer(address: usize) -> Option<String> {
    let object = objects::around(address)?;
    object.dwarf()?.producer(object.inside(address))
}

/// The function at `address` for a message: `clock::now (src/clock.rs:12)`, or as much of it as is known.
#[must_use]
pub fn describe(address: usize) -> String {
    let Some(function) = find(address) else { return format!("{address:#x}") };
    let place =
        objects::around(address).and_then(|object| object.dwarf()?.place(object.inside(function.address)));
    match place {
        Some((file, line)) => format!("{} ({}:{line})", function.name, shortened(&file)),
        None => function.name,
    }
}

/// A method's path as it is called: `std::time::Instant::elapsed`, not `<std::time::Instant>::elapsed`.
fn as_called(name: String) -> String {
    let on_type = name.strip_prefix('<').and_then(|rest| rest.split_once(">::"));
    match on_type {
        Some((on, method)) if !on.contains(['<', '>', ' ', '&', '[', '(']) => format!("{on}::{method}"),
        _ => name,
    }
}

/// A path without the directory that the test runs in.
fn shortened(path: &str) -> &str {
    let here = std::env::current_dir().ok();
    here.and_then(|here| std::path::Path::new(path).strip_prefix(here).ok()?.to_str()).unwrap_or(path)
}
