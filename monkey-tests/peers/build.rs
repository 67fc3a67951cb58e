//! Writes the functions that are patched: nobody wants to read them.
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

/// Functions of the large program.
const FEW: usize = 256;
/// Functions of the program that has many hooks.
const MANY: usize = 20_000;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var("OUT_DIR").expect("cargo names it"));
    fs::write(folder.join("few.rs"), few()).expect("the folder is cargo's own");
    fs::write(folder.join("many.rs"), many()).expect("the folder is cargo's own");
    fs::write(folder.join("suite.rs"), suite()).expect("the folder is cargo's own");
}

/// A module for each function, with the ways of patching it.
fn few() -> String {
    let mut text = String::new();
    for number in 0..FEW {
        let _ = write!(
            text,
            "pub mod f{number} {{
                 #[monkey::patchable]
                 pub fn target(x: u64) -> u64 {{ std::hint::black_box(x) + {number} }}
                 pub fn patch() -> monkey::PatchGuard {{ monkey::patch!(target = |_| 7) }}
                 #[monkey::with(replace(target = |_| 7))]
                 pub fn attribute() {{}}
             }}\n"
        );
    }
    let each = |item: &str| (0..FEW).map(|number| format!("f{number}::{item}, ")).collect::<String>();
    let _ = writeln!(text, "pub static TARGETS: [fn(u64) -> u64; {FEW}] = [{}];", each("target"));
    let _ = writeln!(text, "pub static PATCH: [fn() -> monkey::PatchGuard; {FEW}] = [{}];", each("patch"));
    let _ = writeln!(text, "pub static ATTRIBUTE: [fn(); {FEW}] = [{}];", each("attribute"));
    let list: String = (0..100).map(|number| format!("f{number}::target = |_| 7, ")).collect();
    let _ = writeln!(text, "pub fn hundred() -> monkey::PatchGuard {{ monkey::patch!({list}) }}");
    text
}

fn many() -> String {
    let mut text = String::new();
    for number in 0..MANY {
        let _ = writeln!(
            text,
            "#[inline(never)] fn f{number}(x: u64) -> u64 {{ std::hint::black_box(x) + {number} }}"
        );
    }
    let names: String = (0..MANY).map(|number| format!("f{number},")).collect();
    let _ = writeln!(text, "pub static TARGETS: [fn(u64) -> u64; {MANY}] = [{names}];");
    text
}

/// Tests that call a function, and tests that patch it first.
fn suite() -> String {
    let mut text = String::new();
    for number in 0..300 {
        let _ = write!(
            text,
            "#[monkey::patchable] fn f{number}(x: u64) -> u64 {{ x + {number} }}\n\
             #[test] fn plain_{number}() {{ assert_eq!(f{number}(1), {number} + 1); }}\n\
             #[monkey::test(replace(f{number} = |_| 7))] fn patched_{number}() {{ assert_eq!(f{number}(1), 7); }}\n"
        );
    }
    text
}
