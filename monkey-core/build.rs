//! Says once which system's files the engine is made of, so that no room has to: `cfg(system = "..")`, and, for dispatch in source,
//! where patchable functions leave their records: `cfg(records = "..")`.
use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!(
        "cargo::rustc-check-cfg=cfg(system, values(\"linux\", \"macos\", \"windows\", \"unsupported\"))"
    );
    println!("cargo::rustc-check-cfg=cfg(records, values(\"elf\", \"macho\", \"coff\", \"called\"))");
    println!("cargo::rustc-env=MONKEY_TARGET={}", env::var("TARGET").unwrap_or_default());
    println!("cargo::rustc-cfg=system=\"{}\"", system());
    println!("cargo::rustc-cfg=records=\"{}\"", records());
}

fn target(name: &str) -> String {
    env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default()
}

/// The system on which code is patched; `unsupported` where it is not.
fn system() -> &'static str {
    let (os, arch, width) = (target("OS"), target("ARCH"), target("POINTER_WIDTH"));
    // Miri interprets a program: there is no code to change.
    if env::var_os("CARGO_CFG_MIRI").is_some() || width != "64" {
        return "unsupported";
    }
    match (os.as_str(), arch.as_str()) {
        ("linux", "aarch64" | "x86_64") => "linux",
        ("macos", "aarch64" | "x86_64") => "macos",
        ("windows", "x86_64") => "windows",
        _ => "unsupported",
    }
}

/// By the form of the target's files, where it is known that the linker keeps such a section; `called`: by the function, when it is
/// called.
fn records() -> &'static str {
    const ASSEMBLED: [&str; 10] = [
        "x86_64",
        "x86",
        "aarch64",
        "arm",
        "riscv64",
        "riscv32",
        "loongarch64",
        "s390x",
        "powerpc64",
        "powerpc",
    ];
    let (os, arch, vendor) = (target("OS"), target("ARCH"), target("VENDOR"));
    // Miri knows no assembly, and rustc none but of these on stable.
    if env::var_os("CARGO_CFG_MIRI").is_some() || !ASSEMBLED.contains(&arch.as_str()) {
        return "called";
    }
    match os.as_str() {
        "linux" | "android" | "freebsd" | "netbsd" | "openbsd" | "dragonfly" | "illumos" => "elf",
        "windows" => "coff",
        _ if vendor == "apple" && target("POINTER_WIDTH") == "64" => "macho",
        _ => "called",
    }
}
