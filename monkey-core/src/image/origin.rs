//! Where code comes from: the standard library, a registry, the user's own crates; and whether it was optimised.
use super::objects::{self, Object};
use crate::append_only::AppendOnly;
use std::path::Path;
use std::ptr;

/// Who wrote a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The standard library.
    Std,
    /// A package from a registry or a repository, as `tokio-1.54.1`.
    Foreign(String),
    /// A package on this machine: the folder that has its `src`.
    Own(String),
}

/// Whether the code at `address` was compiled with the standard library itself. An instance of a generic function of the
/// standard library that another crate made is that crate's code.
#[must_use]
pub fn is_std_code(address: usize) -> bool {
    let unit = || {
        let object = objects::around(address)?;
        object.dwarf()?.source_of_unit(object.inside(address))
    };
    match unit() {
        Some(source) => of_path(&source) == Origin::Std,
        None => is_std_symbol(address),
    }
}

/// Without debug information: by a name that admits no other crate's instance.
fn is_std_symbol(address: usize) -> bool {
    let begin = super::find(address).map_or(address, |function| function.address);
    let names = objects::around(begin).map(|object| object.mangled_at(begin)).unwrap_or_default();
    names.iter().any(|name| {
        // The standard library's own code has v0 names, whatever the program is built with.
        let own = name.mangling == super::name::Mangling::V0 && !name.generic;
        own && super::spelling::is_standard(name.body_name())
    })
}

/// Who wrote the function that begins at `address`, wherever this body of it was compiled.
#[must_use]
pub fn origin(address: usize) -> Option<Origin> {
    if let Some(file) = source_file(address) {
        return Some(of_path(&file));
    }
    let names = objects::around(address)?.mangled_at(address);
    let standard = super::spelling::is_standard(names.first()?.body_name());
    standard.then_some(Origin::Std)
}

/// The file in which the function at `address` is written.
fn source_file(address: usize) -> Option<String> {
    let object = objects::around(address)?;
    let (file, _) = object.dwarf()?.place(object.inside(address))?;
    Some(file)
}

/// Whether the function at `address` may be the user's own and in Rust, to write an attribute on.
#[must_use]
pub fn can_be_marked(address: usize) -> bool {
    match source_file(address) {
        Some(file) => {
            Path::new(&file).extension().is_some_and(|extension| extension == "rs")
                && matches!(of_path(&file), Origin::Own(_))
        }
        None => may_be_rust(address) && !begins_in_standard(address),
    }
}

/// Without debug information: a function of a file with names of Rust's. This one's may be stripped.
fn may_be_rust(address: usize) -> bool {
    let Some(object) = objects::around(address) else { return true };
    object.has_rust()
        || objects::around(may_be_rust as *const () as usize).is_some_and(|own| ptr::eq(own, object))
}

/// Without debug information: an instance of a function of the standard library, whatever its arguments are.
fn begins_in_standard(address: usize) -> bool {
    let names = objects::around(address).map(|object| object.mangled_at(address)).unwrap_or_default();
    // `<std::time::SystemTime>::now` is `std::time::SystemTime::now` in that spelling.
    let path = names.first().map(|name| super::spelling::loose(name.body_name()));
    let root = path.as_deref().and_then(|path| path.split("::").next());
    root.is_some_and(super::spelling::is_standard_crate)
}

/// Whether the crate in which the function at `address` is written was compiled with optimisation, where the debug
/// information tells. A small function of an optimised crate has its bodies in the crates that use it, which may be
/// compiled without.
#[must_use]
pub fn home_optimised(address: usize) -> Option<bool> {
    let object = objects::around(address)?;
    object.dwarf()?.home_optimised(object.inside(address))
}

/// Whether code may have been compiled with a copy of the function at `address` in it: the standard library's was, and that of
/// crates which are optimised.
///
/// That is asked once for each crate that functions are written in and each that has made bodies of them.
#[must_use]
pub fn may_be_inlined(address: usize) -> bool {
    let decide = || origin(address) == Some(Origin::Std) || home_optimised(address) == Some(true);
    let crates = || {
        let object = objects::around(address)?;
        let name = object.mangled_at(address).into_iter().next()?;
        let [folder, root] = object.dwarf()?.unit_root(object.inside(address))?;
        Some((object, name.root, folder, root))
    };
    let Some((object, written_in, folder, root)) = crates() else { return decide() };
    let is_it = |known: &Crates| {
        ptr::eq(known.object, object)
            && known.written_in == written_in
            && known.root == root
            && known.folder == folder
    };
    let new = || Crates { object, written_in: written_in.clone(), folder, root, inlined: decide() };
    CRATES.find_or_add(is_it, new).inlined
}

/// What is known of a function's crate, by its name and by the crate that has made the body.
struct Crates {
    object: &'static Object,
    written_in: Vec<u8>,
    folder: &'static [u8],
    root: &'static [u8],
    inlined: bool,
}

static CRATES: AppendOnly<Crates> = AppendOnly::new();

fn of_path(path: &str) -> Origin {
    let std = ["library/", "/rustc/", "/rust/deps/"].iter().any(|start| path.starts_with(start));
    if std || path.contains("/lib/rustlib/src/rust/") || is_in_source_of_rust(path) {
        return Origin::Std;
    }
    // cargo's folders: `registry/src/INDEX/PACKAGE-VERSION`, `git/checkouts/NAME-HASH/REVISION`.
    for (folder, before) in [("/registry/src/", 1), ("/git/checkouts/", 0)] {
        if let Some((_, rest)) = path.split_once(folder) {
            return Origin::Foreign(rest.split('/').nth(before).unwrap_or_default().to_owned());
        }
    }
    let package = ["/src/", "/tests/", "/benches/", "/examples/"].iter().find_map(|own| path.rfind(own));
    let folder = package.map_or(path, |end| &path[..end]);
    Origin::Own(folder.rsplit('/').next().unwrap_or(folder).to_owned())
}

/// Whether a file lies in the source tree of Rust itself, as in the debug information of toolchains that distributions
/// build: `/usr/src/rustc-1.96.0/library/std/src/time.rs`, or a package that the standard library is built with.
fn is_in_source_of_rust(path: &str) -> bool {
    let inside = ["/library/", "/vendor/"].iter().find_map(|folder| path.split_once(folder));
    let tree = inside.and_then(|(tree, _)| tree.rsplit('/').next());
    let version = tree.and_then(|name| name.strip_prefix("rustc-"));
    version.is_some_and(|version| version.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_who_wrote_what_is_in_them() {
        let tokio = "/root/.cargo/registry/src/index.crates.io-1949cf8c6b5b557f/tokio-1.54.1/src/lib.rs";
        assert_eq!(of_path(tokio), Origin::Foreign("tokio-1.54.1".to_owned()));
        let checkout = "/home/me/.cargo/git/checkouts/shop-0a1b/3c4d/src/lib.rs";
        assert_eq!(of_path(checkout), Origin::Foreign("shop-0a1b".to_owned()));
        for std in [
            "library/std/src/time.rs",
            "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/lib.rs/@/std.e28293b1aa0f68bd-cgu.0",
            "/rust/deps/hashbrown-0.16.0/src/lib.rs",
            "/root/.rustup/toolchains/stable/lib/rustlib/src/rust/library/core/src/option.rs",
            "/usr/src/rustc-1.96.0/library/std/src/time.rs",
            "/usr/src/rustc-1.96.0/vendor/hashbrown-0.16.0/src/lib.rs",
            "/build/rustc-1.77.2-src/library/core/src/option.rs",
        ] {
            assert_eq!(of_path(std), Origin::Std, "{std}");
        }
        assert_eq!(of_path("/home/me/shop/dep/src/lib.rs"), Origin::Own("dep".to_owned()));
        assert_eq!(of_path("/home/me/shop/tests/t.rs"), Origin::Own("shop".to_owned()));
        assert_eq!(of_path("/home/me/rustc-tools/library/src/lib.rs"), Origin::Own("library".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn a_function_of_c_takes_no_attribute() {
        assert!(!can_be_marked(libc::getppid as *const () as usize));
        assert!(can_be_marked(a_function_of_c_takes_no_attribute as *const () as usize));
    }

    #[test]
    fn functions_of_std_are_told_by_their_names() {
        let now: fn() -> std::time::SystemTime = std::time::SystemTime::now;
        let exit: fn(i32) -> ! = std::process::exit;
        let own: fn() = functions_of_std_are_told_by_their_names;
        assert_eq!([now as usize, exit as usize, own as usize].map(begins_in_standard), [true, true, false]);
    }

    #[test]
    fn own_code_is_not_the_standard_librarys_and_an_instance_made_here_is_own() {
        let own: fn() = own_code_is_not_the_standard_librarys_and_an_instance_made_here_is_own;
        assert!(!is_std_code(own as usize));
        let instance: fn(&mut Vec<Origin>, Origin) = Vec::push;
        assert!(!is_std_code(instance as usize));
        let now: fn() -> std::time::SystemTime = std::time::SystemTime::now;
        // Toolchains that distributions build name files elsewhere, or have no debug information of it, but names.
        assert!(is_std_code(now as usize));
    }
}
