//! A small library that was made for it, of which `samples/shop.rs` is the source, read on any system.
use super::*;
use crate::image::dwarf::Dwarf;
use crate::image::dwarf::inlined::{Wanted, calls};
use crate::image::elf::Elf;
use crate::image::name::Mangled;
use crate::image::pe;
use crate::image::symbols::Symbols;

const LIBRARY: &[u8] = include_bytes!("../../../samples/shop.dll");
const PDB: &[u8] = include_bytes!("../../../samples/shop.pdb");
const SOURCE: &str = include_str!("../../../samples/shop.rs");

fn shop() -> Elf {
    pe::parse(LIBRARY, |_| vec![PDB]).unwrap()
}

/// Name, address, size, and whether it is local, of all functions.
fn functions(elf: &Elf) -> Vec<(String, u64, u32, bool)> {
    let symbols = Symbols::build(elf);
    let entry = |entry: crate::image::symbols::Entry| {
        let name = elf.name(entry.name);
        let name = Mangled::parse(name).map(|own| own.plain().to_owned());
        let name = name.unwrap_or_else(|| String::from_utf8_lossy(elf.name(entry.name)).into_owned());
        (name, symbols.base + u64::from(entry.address), entry.size, entry.local)
    };
    symbols.entries().map(entry).collect()
}

fn addresses(elf: &Elf, name: &str) -> Vec<u64> {
    functions(elf).into_iter().filter(|own| own.0 == name).map(|own| own.1).collect()
}

/// The line that has this text, counted from 1.
fn line(text: &str) -> u64 {
    SOURCE.lines().position(|line| line.contains(text)).unwrap() as u64 + 1
}

#[test]
fn each_function_has_its_name_and_size() {
    let names: Vec<(String, u32, bool)> =
        functions(&shop()).into_iter().map(|(name, _, size, local)| (name, size, local)).collect();
    let wanted = [
        ("shop::price", 6, true),
        ("<shop::there::Shelf<u32>>::first", 3, false),
        ("<shop::there::Shelf<u64>>::first", 4, false),
        ("stock", 58, false),
        ("shop::price", 6, true),
        ("rate", 8, false),
        ("_DllMainCRTStartup", 6, false),
        ("__rustc::rust_begin_unwind", 2, false),
    ];
    assert_eq!(names, wanted.map(|(name, size, local)| (name.to_owned(), size, local)));
}

#[test]
fn bodies_of_one_function_have_one_symbol() {
    let elf = shop();
    let symbols = Symbols::build(&elf);
    let names: Vec<&[u8]> = symbols.entries().map(|entry| elf.name(entry.name)).collect();
    let prices: Vec<&&[u8]> =
        names.iter().filter(|name| name.windows(5).any(|part| part == b"price")).collect();
    assert_eq!(prices.len(), 2);
    assert_eq!(prices[0], prices[1]);
}

#[test]
fn a_pdb_of_another_build_is_not_read() {
    let mut other = PDB.to_vec();
    let guid = pe::link(LIBRARY).unwrap().build.guid;
    let at = PDB.windows(16).position(|part| part == guid).unwrap();
    other[at] ^= 1;
    let other: &'static [u8] = other.leak();
    let elf = pe::parse(LIBRARY, |_| vec![other]).unwrap();
    let names: Vec<String> = functions(&elf).into_iter().map(|own| own.0).collect();
    assert_eq!((elf.full, names.as_slice()), (false, &["stock".to_owned(), "rate".to_owned()][..]));
    assert!(elf.debug_section(".debug_info").is_empty());
    assert_eq!((elf.missing_pdb.as_deref(), shop().missing_pdb), (Some("shop.pdb"), None));
    // The right one is found behind it.
    assert!(pe::parse(LIBRARY, |_| vec![other, PDB]).unwrap().full);
}

#[test]
fn functions_are_declared_where_they_are_written() {
    let elf = shop();
    let dwarf = Dwarf::new(&elf);
    let prices = addresses(&elf, "shop::price");
    let own = dwarf.identity(prices[0]).unwrap();
    assert_eq!(
        (own.file.as_str(), own.line, own.name.as_str()),
        ("/shop/shop.rs", line("fn price"), "price")
    );
    assert_eq!(dwarf.have_identity(&own, &prices), [Some(true), Some(true)]);
    let first = addresses(&elf, "<shop::there::Shelf<u64>>::first")[0];
    let other = dwarf.identity(first).unwrap();
    // Of what was inlined nowhere no line is written down but those of its code.
    assert_eq!((other.line, other.name.as_str()), (line("self.0"), "first<u64>"));
    assert_eq!(dwarf.have_identity(&own, &[first]), [Some(false)]);
}

#[test]
fn code_has_its_line() {
    let elf = shop();
    let (dwarf, rate) = (Dwarf::new(&elf), addresses(&elf, "rate")[0]);
    let at = |offset| dwarf.line_of(rate, rate + offset).map(|(_, line)| line);
    // What was inlined there comes first.
    assert_eq!([at(0), at(7)], [Some(line("own | 1")), Some(line("super::price(super::twice(items))"))]);
    assert_eq!(dwarf.line_of(rate, rate + 0x1000), None);
}

#[test]
fn inlined_calls_are_found() {
    let elf = shop();
    let (dwarf, rate) = (Dwarf::new(&elf), addresses(&elf, "rate")[0]);
    let wanted = |name: &str| Wanted {
        ident: name.as_bytes().to_vec(),
        loose: format!("shop::{name}"),
        identity: None,
        symbol: None,
        namesakes: false,
    };
    let found = calls(&dwarf, &wanted("twice"), None);
    assert_eq!(found.len(), 1);
    let call = &found[0];
    assert_eq!(
        (call.file.as_str(), call.line, call.svma, call.certain),
        ("/shop/shop.rs", line("super::price(super::twice(items))"), rate, true)
    );
    assert_eq!(dwarf.innermost_function(rate, rate).as_deref(), Some("shop::twice"));
    assert_eq!(calls(&dwarf, &wanted("price"), None), []);
}

#[test]
fn a_module_says_how_it_was_compiled() {
    let elf = shop();
    let (dwarf, rate) = (Dwarf::new(&elf), addresses(&elf, "rate")[0]);
    assert_eq!(dwarf.optimised(rate), Some(true));
    assert_eq!(dwarf.has_entries(rate), Some(true));
    assert!(dwarf.producer(rate).unwrap().contains("rustc version 1.96.0"));
    assert_eq!(dwarf.source_of_unit(rate).as_deref(), Some("/shop/shop.rs"));
    assert_eq!(dwarf.unit_root(rate), Some([&b"/shop"[..], b"shop.rs"]));
}

#[test]
fn a_file_that_is_cut_or_spoiled_is_survived() {
    let begins = || vec![0, 0x1_8000_1000, 0x1_8000_2000];
    let read = |data: Vec<u8>| {
        if let Some(pdb) = Pdb::parse(data.leak(), begins()) {
            let _ = (pdb.symbols(), pdb.debug_sections());
        }
    };
    for size in (0..PDB.len()).step_by(1000) {
        read(PDB[..size].to_vec());
    }
    let used: Vec<usize> = (0..PDB.len()).filter(|at| PDB[*at] != 0).collect();
    let mut seed = 5_u32;
    for _ in 0..300 {
        let mut data = PDB.to_vec();
        for _ in 0..20 {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            data[used[(seed >> 8) as usize % used.len()]] = seed as u8;
        }
        read(data);
    }
}
