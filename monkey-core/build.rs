//! Says once which system's files the engine is made of, so that no room has to: `cfg(system = "..")`.
use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!(
        "cargo::rustc-check-cfg=cfg(system, values(\"linux\", \"macos\", \"windows\", \"unsupported\"))"
    );
    println!("cargo::rustc-env=MONKEY_TARGET={}", env::var("TARGET").unwrap_or_default());
    println!("cargo::rustc-cfg=system=\"{}\"", system());
}

/// The system on which code is patched; `unsupported` where it is not.
fn system() -> &'static str {
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
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
