//! What is in libraries and programs: symbols, and each function's machine code.
use object::read::archive::ArchiveFile;
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, RelocationTarget, SymbolKind};
use std::collections::BTreeMap;

/// A function's bytes and, for each relocation, where it is and what is put there.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    code: Vec<u8>,
    relocations: Vec<(u64, String)>,
}

pub type Functions = BTreeMap<String, Function>;

/// The names in a file of any kind; `None` if there is no code in it.
pub fn symbols(file: &[u8]) -> Option<Vec<String>> {
    if let Ok(archive) = ArchiveFile::parse(file) {
        return Some(members(&archive, file).iter().flat_map(|member| names(member)).collect());
    }
    let program = object::File::parse(file).ok()?;
    Some(names(&program))
}

/// The functions of a library.
pub fn functions(library: &[u8]) -> Functions {
    let archive = ArchiveFile::parse(library).unwrap();
    members(&archive, library).iter().flat_map(functions_of).collect()
}

/// The object files; beside them a library has what the compiler wants to know of it.
fn members<'data>(archive: &ArchiveFile<'data>, data: &'data [u8]) -> Vec<object::File<'data>> {
    archive.members().filter_map(|member| object::File::parse(member.ok()?.data(data).ok()?).ok()).collect()
}

fn names(file: &object::File) -> Vec<String> {
    file.symbols()
        .chain(file.dynamic_symbols())
        .filter_map(|symbol| Some(symbol.name().ok()?.to_owned()))
        .collect()
}

fn functions_of(file: &object::File) -> Functions {
    let functions =
        file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition());
    let function = functions.map(|symbol| {
        let section = file.section_by_index(symbol.section_index().unwrap()).unwrap();
        let (begin, end) = (symbol.address(), symbol.address() + symbol.size());
        let code = section.data_range(begin, symbol.size()).unwrap().unwrap().to_vec();
        let inside = section.relocations().filter(|(place, _)| (begin..end).contains(place));
        let relocations = inside.map(|(place, relocation)| {
            let target = target(file, relocation.target());
            let put = format!("{target} + {} {:?}", relocation.addend(), relocation.flags());
            (place - begin, put)
        });
        (symbol.name().unwrap().to_owned(), Function { code, relocations: relocations.collect() })
    });
    function.collect()
}

/// A symbol, or the data that it stands for where the compiler has made up its name.
fn target(file: &object::File, target: RelocationTarget) -> String {
    let RelocationTarget::Symbol(index) = target else { return format!("{target:?}") };
    let symbol = file.symbol_by_index(index).unwrap();
    let name = symbol.name().unwrap();
    let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
    match section {
        Some(section) if symbol.kind() != SymbolKind::Text => {
            let relocations: Vec<_> = section.relocations().map(|(place, _)| place).collect();
            format!("{:x?} with relocations at {relocations:?}", section.data().unwrap_or_default())
        }
        _ => name.to_owned(),
    }
}
