//! Which functions of the program are patchable, called or not.
//!
//! The prologue of each leaves a record in a section of the program's file: where the function is that tells its name and the type
//! it is known by. The linker puts them in a row, and drops none; code that is compiled in several places leaves several.
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
        section::leave::<C>();
    }
}

/// What a record leads to.
#[derive(Debug, Clone, Copy)]
struct Described {
    name: &'static str,
    id: TypeId,
}

fn describe<C>() -> Described {
    Described { name: function_of(type_name::<C>()), id: identity::<C>() }
}

/// The function around closures and futures, by the name of their type.
fn function_of(mut name: &str) -> &str {
    while let Some(around) = name.strip_suffix("::{{closure}}") {
        name = around;
    }
    name
}

/// All patchable functions of this name.
pub fn find(name: &str) -> Vec<TypeId> {
    let mut found: Vec<TypeId> = Vec::new();
    for described in section::records().filter(|described| described.name == name) {
        if !found.contains(&described.id) {
            found.push(described.id);
        }
    }
    found
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

#[cfg(target_os = "linux")]
mod section {
    use super::{Described, describe};
    use std::arch::asm;

    macro_rules! name {
        () => {
            // Two versions of this crate may meet in one program.
            concat!(
                "monkey_patchable_",
                env!("CARGO_PKG_VERSION_MAJOR"),
                "_",
                env!("CARGO_PKG_VERSION_MINOR"),
                "_",
                env!("CARGO_PKG_VERSION_PATCH")
            )
        };
    }

    // By distances, so that the loader has nothing to fill in. `R`: kept, though nothing refers to it.
    macro_rules! record {
        ($of:literal) => {
            concat!(".pushsection ", name!(), ",\"aR\",@progbits\n.balign 4\n.long ", $of, "\n.popsection")
        };
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "the record goes where the function does")]
    pub fn leave<C>() {
        // SAFETY: no instruction; a constant in a section of its own.
        unsafe {
            asm!(record!("{} - ."), sym describe::<C>, options(nomem, nostack, preserves_flags));
        }
    }

    unsafe extern "C" {
        #[link_name = concat!("__start_", name!())]
        static START: i32;
        #[link_name = concat!("__stop_", name!())]
        static END: i32;
    }

    pub fn records() -> impl Iterator<Item = Described> {
        // SAFETY: one record that says nothing, so that there is a section in every program.
        unsafe {
            asm!(record!("0"), options(nomem, nostack, preserves_flags));
        }
        let (start, end) = (&raw const START, &raw const END);
        let count = (end as usize - start as usize) / size_of::<i32>();
        let records = (0..count).map(move |index| start.wrapping_add(index));
        records.filter_map(|record| {
            // SAFETY: within the section, which is there and readable as long as this code is, and never written.
            let distance = unsafe { record.read() };
            if distance == 0 {
                return None;
            }
            let describe = (record as usize).wrapping_add_signed(distance as isize) as *const ();
            // SAFETY: `leave` has written the distance of an instance of `describe`.
            let describe = unsafe { std::mem::transmute::<*const (), fn() -> Described>(describe) };
            Some(describe())
        })
    }
}

/// Where code is patched, and its file's form has no such section that every linker keeps: nothing is dispatched in source.
#[cfg(any(system = "macos", system = "windows"))]
mod section {
    use super::{Described, describe};

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as where there is a record")]
    pub fn leave<C>() {
        let _ = describe::<C>;
    }

    pub fn records() -> impl Iterator<Item = Described> {
        std::iter::empty()
    }
}

/// Elsewhere a function leaves its record when it is called for the first time.
#[cfg(not(any(target_os = "linux", system = "macos", system = "windows")))]
mod section {
    use super::{Described, describe};
    use parking_lot::Mutex;

    static LEFT: Mutex<Vec<Described>> = Mutex::new(Vec::new());

    pub fn leave<C>() {
        let own = describe::<C>();
        let mut left = LEFT.lock();
        if !left.iter().any(|described| described.id == own.id) {
            left.push(own);
        }
    }

    pub fn records() -> impl Iterator<Item = Described> {
        let left = LEFT.lock();
        left.clone().into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    fn id<C: Fn()>(_: Own<C>) -> TypeId {
        identity::<C>()
    }

    #[cfg(target_os = "linux")]
    fn asks() -> TypeId {
        let own = Own::by(&|| ());
        own.record();
        id(own)
    }

    #[cfg(target_os = "linux")]
    fn does_not_ask() {}

    #[cfg(target_os = "linux")]
    #[test]
    fn patchable_functions_are_found_by_their_name() {
        let name = std::any::type_name_of_val(&asks);
        assert_eq!(find(name), [asks()]);
        assert!(find(std::any::type_name_of_val(&does_not_ask)).is_empty());
    }

    #[test]
    fn a_closure_and_a_future_are_of_the_function_around_them() {
        assert_eq!(function_of("a::f<u8>::{{closure}}::{{closure}}"), "a::f<u8>");
        assert_eq!(function_of("a::f"), "a::f");
    }
}
