//! Bodies whose parameters are no longer those that the function is written with.
//!
//! What is local to a compilation unit, and whose address nobody takes there, LLVM may change as it likes: it passes what a
//! reference leads to in place of the reference, and leaves out what is not used. A replacement would take one for the other.
use super::objects::{self, Object};

/// A body that cannot be replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// Where it begins.
    pub address: usize,
    /// What is known.
    pub because: &'static str,
}

const CONVENTION: &str = "debug information says that it has a calling convention of its own";
const NOWHERE: &str = "a parameter that other bodies of the function have is nowhere in it";

/// Whether the body at `address` says itself that its parameters are others.
#[must_use]
pub fn changed(address: usize) -> Option<Changed> {
    let object = objects::around(address)?;
    let own = object.dwarf()?.has_own_convention_at(object.inside(address));
    own.then_some(Changed { address, because: CONVENTION })
}

/// The first of the copies of a function whose parameters are others than those of the first one, to which an address leads, so
/// that it has what it is written with.
///
/// LLVM says so of what it leaves out and not of what it passes in another way; but then the parameter itself is nowhere.
#[must_use]
pub fn changed_copy(copies: &[usize]) -> Option<Changed> {
    let parameters = |address: usize| {
        let object = objects::around(address)?;
        Some((object, object.dwarf()?.parameters(object.inside(address))?))
    };
    let (first, others) = copies.split_first()?;
    let own = parameters(*first).map(|(_, own)| own).unwrap_or_default();
    if own.own_convention {
        return Some(Changed { address: *first, because: CONVENTION });
    }
    others.iter().find_map(|&address| {
        let (object, other) = parameters(address)?;
        if other.own_convention {
            return Some(Changed { address, because: CONVENTION });
        }
        let lost = own.present.iter().zip(&other.present).any(|(own, other)| *own && !other);
        (lost && is_local(object, address)).then_some(Changed { address, because: NOWHERE })
    })
}

/// Whether nobody outside of the file names the body: what others name is as it is written.
fn is_local(object: &Object, address: usize) -> bool {
    object.symbols().entries_at(object.inside(address)).iter().all(|entry| entry.local)
}
