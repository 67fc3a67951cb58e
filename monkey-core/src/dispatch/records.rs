//! Which functions of the program are patchable, called or not.
//!
//! The prologue of each leaves a record in a section of the program's file: where the function is that tells its name and the type
//! it is known by. The linker puts them in a row, and drops none; code that is compiled in several places leaves several. Each form
//! of files has its own section; `build.rs` says which one a target has, and where there is none.
use crate::given::Question;
use once_cell::race::OnceBox;
use std::any::{TypeId, type_name};
use std::marker::PhantomData;

/// What a patchable function is known by: the type of a closure in its body.
#[derive(Debug)]
pub struct Own<C>(PhantomData<C>);

impl<C> Clone for Own<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Own<C> {}

impl<C: Fn()> Own<C> {
    /// By a closure that is written in the function.
    pub fn by(_closure: &C) -> Self {
        Self(PhantomData)
    }

    /// Leaves the record.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the record goes where the function does")]
    pub fn record(self) {
        section::leave::<C, ()>();
    }

    /// Leaves that of a function that asks when its future is polled.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the record goes where the function does")]
    pub fn record_polled<A: Asked>(self) {
        section::leave::<C, A>();
    }
}

/// What a function says of its signature: nothing, when it asks as it is called, for a replacement that was checked against it.
pub trait Asked {
    /// Nothing, or all that has to be compared.
    fn question() -> Option<Question>;
}

impl Asked for () {
    fn question() -> Option<Question> {
        None
    }
}

/// What a record leads to.
#[derive(Debug, Clone, Copy)]
pub struct Described {
    name: &'static str,
    pub id: TypeId,
    /// When it asks at its first poll.
    pub question: Option<Question>,
}

fn describe<C, A: Asked>() -> Described {
    Described { name: function_of(type_name::<C>()), id: identity::<C>(), question: A::question() }
}

/// The function around closures and futures, by the name of their type.
pub fn function_of(mut name: &str) -> &str {
    while let Some(around) = name.strip_suffix("::{{closure}}") {
        name = around;
    }
    name
}

/// All patchable functions of this name.
pub fn find(name: &str) -> Vec<Described> {
    let mut found: Vec<Described> = Vec::new();
    let mut add = |described: Described| {
        if !found.iter().any(|other| other.id == described.id) {
            found.push(described);
        }
    };
    if !ARE_COMPLETE {
        section::records().filter(|described| described.name == name).for_each(add);
        return found;
    }
    // Written out, as each first patch comes here: not optimised, each closure costs.
    let (all, mut next) = (all(), 0);
    while next < all.len() {
        let described = &all[next];
        if described.name.len() == name.len() && described.name == name {
            add(*described);
        }
        next += 1;
    }
    found
}

/// What all records lead to, read once: the linker has put them together.
fn all() -> &'static [Described] {
    static ALL: OnceBox<Vec<Described>> = OnceBox::new();
    ALL.get_or_init(|| Box::new(section::records().collect()))
}

/// The type's id. What it is lent may have any lifetime: the id leaves these out.
pub fn identity<C>() -> TypeId {
    trait Identity {
        fn identity(&self) -> TypeId
        where
            Self: 'static;
    }
    impl<C> Identity for PhantomData<C> {
        fn identity(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<C>()
        }
    }
    let of_type: &dyn Identity = &PhantomData::<C>;
    // SAFETY: nothing of the type `C` is looked at, and ids are the same for all lifetimes.
    let of_type = unsafe { std::mem::transmute::<&dyn Identity, &(dyn Identity + 'static)>(of_type) };
    of_type.identity()
}

#[cfg(not(records = "called"))]
mod row;
#[cfg_attr(records = "elf", path = "records/elf.rs")]
#[cfg_attr(records = "macho", path = "records/macho.rs")]
#[cfg_attr(records = "coff", path = "records/coff.rs")]
#[cfg_attr(records = "called", path = "records/called.rs")]
mod section;

/// Whether there is a record of a function that was never called.
pub const ARE_COMPLETE: bool = cfg!(not(records = "called"));

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(records = "called"))]
    fn id<C: Fn()>(_: Own<C>) -> TypeId {
        identity::<C>()
    }

    #[cfg(not(records = "called"))]
    fn asks() -> TypeId {
        let own = Own::by(&|| ());
        own.record();
        id(own)
    }

    #[cfg(not(records = "called"))]
    fn does_not_ask() {}

    #[cfg(not(records = "called"))]
    #[test]
    fn patchable_functions_are_found_by_their_name() {
        let name = std::any::type_name_of_val(&asks);
        let found: Vec<_> = find(name).into_iter().map(|described| described.id).collect();
        assert_eq!(found, [asks()]);
        assert!(find(std::any::type_name_of_val(&does_not_ask)).is_empty());
    }

    #[test]
    fn a_closure_and_a_future_are_of_the_function_around_them() {
        assert_eq!(function_of("a::f<u8>::{{closure}}::{{closure}}"), "a::f<u8>");
        assert_eq!(function_of("a::f"), "a::f");
    }
}
