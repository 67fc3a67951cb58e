//! Targets of other crates, by what Cargo has written down: their `async fn`s ask nobody, so no closure can be given their arguments.
use std::fs;
use std::path::PathBuf;
use syn::ExprPath;

/// The crate of a target's path, where that is one of another source than the user's, and does not depend on this one.
pub fn of_target(target: &ExprPath) -> Option<String> {
    let path = &target.path;
    if target.qself.is_some() || path.segments.len() < 2 {
        return None;
    }
    let name = path.segments[0].ident.to_string();
    if ["std", "core", "alloc"].contains(&name.as_str()) {
        return Some(name);
    }
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR")?);
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let lock = folder.ancestors().find_map(|folder| fs::read_to_string(folder.join("Cargo.lock")).ok())?;
    (is_dependency(&manifest, &name) && is_foreign(&lock, &name)).then_some(name)
}

fn is_same(package: &str, name: &str) -> bool {
    package.trim().trim_matches('"').replace('-', "_") == name
}

/// Whether a manifest has a dependency of that name.
fn is_dependency(manifest: &str, name: &str) -> bool {
    let mut within = false;
    manifest.lines().map(str::trim).any(|line| {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.split(']').next()) {
            within = section.ends_with("dependencies");
            let of_one = section.rsplit_once("dependencies.").map(|(_, own)| own);
            return of_one.is_some_and(|own| is_same(own, name));
        }
        let key = line.split(['=', '.']).next().unwrap_or(line);
        within && is_same(key, name) && !line.contains("package")
    })
}

/// Whether all packages of that name come from a registry or a repository, and do not know of this one.
fn is_foreign(lock: &str, name: &str) -> bool {
    let mut packages = lock.split("[[package]]").filter(|package| {
        let named = package.lines().find_map(|line| line.strip_prefix("name = "));
        named.is_some_and(|package| is_same(package, name))
    });
    let is_foreign = |package: &str| package.contains("\nsource = ") && !package.contains("monkey-mock");
    let first = packages.next();
    first.is_some_and(is_foreign) && packages.all(is_foreign)
}

#[cfg(test)]
mod tests {
    use super::{is_dependency, is_foreign};

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"mine\"\nversion = \"0.1.0\"\ndependencies = [\n \"tokio\",\n]\n\n\
        [[package]]\nname = \"tokio-util\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\n\n\
        [[package]]\nname = \"marked\"\nversion = \"1.0.0\"\nsource = \"registry+x\"\ndependencies = [\n \"monkey-mock\",\n]\n";

    #[test]
    fn a_foreign_crate_has_a_source_and_does_not_depend_on_this_one() {
        assert!(is_foreign(LOCK, "tokio_util"));
        assert!(!is_foreign(LOCK, "mine") && !is_foreign(LOCK, "marked") && !is_foreign(LOCK, "tokio"));
    }

    #[test]
    fn dependencies_are_found_in_every_section() {
        let manifest = "[package]\nname = \"tokio\"\n[dependencies]\nlibc = \"0.2\"\nother = { package = \"tokio\" }\n\
            [target.'cfg(unix)'.dev-dependencies]\ntokio-util.workspace = true\n[dependencies.reqwest]\nversion = \"1\"\n";
        for name in ["libc", "tokio_util", "reqwest"] {
            assert!(is_dependency(manifest, name), "{name}");
        }
        assert!(!is_dependency(manifest, "tokio") && !is_dependency(manifest, "other"));
    }
}
