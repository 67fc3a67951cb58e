//! A function whose calls are dispatched in source.
use super::records::{self, ARE_COMPLETE};
use super::shape;
use crate::append_only::AppendOnly;
use crate::error::Cause;
use crate::given::Given;
use crate::group::Group;
use crate::hook::Hook;
use once_cell::race::OnceBox;
use std::any::TypeId;

/// A function that a list has named, and, as soon as that is known, the type that it asks by.
#[derive(Debug)]
pub struct Target {
    name: &'static str,
    /// Empty until the first function of this name asks, where no record says before who it is.
    asks_by: OnceBox<TypeId>,
    /// What a function that asks is called with, where no record has said who it is.
    asked_as: OnceBox<&'static str>,
    /// What the replacements are called with.
    replaced_as: OnceBox<&'static str>,
    /// What an `async fn` was given before it had said what it asks for.
    given: AppendOnly<Given>,
    pub group: &'static Group,
    pub hook: &'static Hook,
    pub before: Option<&'static Target>,
}

impl Target {
    /// Lives for ever, as every target does.
    pub fn new(
        (address, original): (usize, usize),
        id: Option<TypeId>,
        name: &'static str,
        before: Option<&'static Self>,
    ) -> &'static Self {
        let group = Group::new();
        let hook = Hook::in_source(address, group.id, original);
        group.add(hook);
        let asks_by = id.map_or_else(OnceBox::new, |id| OnceBox::with_value(Box::new(id)));
        let (asked_as, replaced_as, given) = (OnceBox::new(), OnceBox::new(), AppendOnly::new());
        Box::leak(Box::new(Self { name, asks_by, asked_as, replaced_as, given, group, hook, before }))
    }

    /// Whether a list means this one; without an id it knows the name alone.
    pub fn answers_to(&self, id: Option<TypeId>, name: &str) -> bool {
        match (self.asks_by.get(), id) {
            (Some(own), Some(id)) => *own == id,
            _ => self.name == name,
        }
    }

    /// Whether replacements of this type may stand in for it. `None`: whatever the list's own check has let through.
    pub fn takes(&self, replaced_as: Option<&'static str>) -> bool {
        let Some(replaced_as) = replaced_as.filter(|_| !ARE_COMPLETE) else { return true };
        let first = self.replaced_as.get_or_init(|| Box::new(replaced_as));
        shape::are_same(first, replaced_as) && self.is_sound()
    }

    /// Takes what an `async fn` of which there is no record is given. It is compared here or at the first poll, by whoever comes second.
    pub fn takes_unseen(&self, given: Given) -> Result<(), Cause> {
        self.given.find_or_add(|known| *known == given, || given);
        match records::find(self.name).first() {
            Some(described) => given.fits(described.question),
            None => Ok(()),
        }
    }

    /// Whether all that it was given before is what it asks for.
    fn is_given_what_it_asks_for(&self) -> bool {
        let unfit = |given: &Given| {
            records::find(self.name).iter().any(|described| given.fits(described.question).is_err())
        };
        self.given.find(unfit).is_none()
    }

    /// Whether the function that asks by this type is the target. `asked_as` is the type of what it is about to call.
    pub fn is_asked(&self, id: TypeId, name: &str, asked_as: &'static str) -> bool {
        if ARE_COMPLETE {
            return self.asks_by.get() == Some(&id);
        }
        if self.name != name || *self.asks_by.get_or_init(|| Box::new(id)) != id {
            return false;
        }
        self.asked_as.get_or_init(|| Box::new(asked_as));
        self.is_sound() && self.is_given_what_it_asks_for()
    }

    /// A name alone is no proof: two functions may have it. Whoever comes second, the list or the call, sees what both have said.
    fn is_sound(&self) -> bool {
        match (self.asked_as.get(), self.replaced_as.get()) {
            (Some(asked), Some(replaced)) => shape::are_same(asked, replaced),
            _ => true,
        }
    }
}

/// Whether the standard library has defined it, by its type's name: nobody has marked it.
pub fn is_of_rust(name: &str) -> bool {
    let of_rust = |path: &str| {
        let path = path.trim_start_matches(['<', '&', '(', '[']).trim_start_matches("mut ");
        ["std::", "core::", "alloc::"].iter().any(|name| path.starts_with(name))
    };
    match name.split_once(" as ") {
        // An implementation is the crate's that has the type or the trait.
        Some((of, implemented)) if name.starts_with('<') => of_rust(of) && of_rust(implemented),
        _ => of_rust(name),
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_rust;

    #[test]
    fn what_the_standard_library_has_defined_is_told_by_its_name() {
        for name in
            ["std::time::SystemTime::now", "core::str::<impl str>::len", "alloc::vec::Vec<my::T>::len"]
        {
            assert!(is_of_rust(name), "{name}");
        }
        assert!(is_of_rust("<alloc::string::String as core::clone::Clone>::clone"));
        for name in
            ["my::now", "<my::T as core::fmt::Display>::fmt", "<alloc::string::String as my::Name>::name"]
        {
            assert!(!is_of_rust(name), "{name}");
        }
    }
}
