//! The other instances of a generic function.
use super::{objects, spelling};

/// The instances of the function at `address`, whose own type `std::any::type_name` calls `type_name`, that have a body in
/// the program, without itself; as far as the debug information tells.
#[must_use]
pub fn instances(address: usize, type_name: &str) -> Vec<String> {
    let Some(object) = objects::around(address) else { return Vec::new() };
    let Some(dwarf) = object.dwarf() else { return Vec::new() };
    let names = dwarf.instances(object.inside(address)).unwrap_or_default();
    let path = spelling::loose(type_name);
    let mut names: Vec<String> = names
        .into_iter()
        .filter_map(|name| Some(format!("{path}::{}", name.get(name.find('<')?..)?)))
        .collect();
    names.sort();
    names.dedup();
    names
}
