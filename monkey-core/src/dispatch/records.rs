//! Which functions of the program are patchable, called or not.
//!
//! The prologue of each leaves a record in a section of the program's file: where the function is that tells its name and the type
//! it is known by. The linker puts them in a row, and drops none; code that is compiled in several places leaves several.
use crate::given::Question;
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
fn function_of(mut name: &str) -> &str {
    while let Some(around) = name.strip_suffix("::{{closure}}") {
        name = around;
    }
    name
}

/// All patchable functions of this name.
pub fn find(name: &str) -> Vec<Described> {
    let mut found: Vec<Described> = Vec::new();
    for described in section::records().filter(|described| described.name == name) {
        if !found.iter().any(|other| other.id == described.id) {
            found.push(described);
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
    use super::{Asked, Described, describe};
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
    pub fn leave<C, A: Asked>() {
        // SAFETY: no instruction; a constant in a section of its own.
        unsafe {
            asm!(record!("{} - ."), sym describe::<C, A>, options(nomem, nostack, preserves_flags));
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
    use super::{Asked, Described, describe};

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as where there is a record")]
    pub fn leave<C, A: Asked>() {
        let _ = describe::<C, A>;
    }

    pub fn records() -> impl Iterator<Item = Described> {
        std::iter::empty()
    }
}

/// Elsewhere a function leaves its record when it is called for the first time.
#[cfg(not(any(target_os = "linux", system = "macos", system = "windows")))]
mod section {
    use super::{Asked, Described, describe};
    use parking_lot::Mutex;

    static LEFT: Mutex<Vec<Described>> = Mutex::new(Vec::new());

    pub fn leave<C, A: Asked>() {
        let own = describe::<C, A>();
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

    fn id<C: Fn()>(_: Own<C>) -> TypeId {
        identity::<C>()
    }

    fn asks() -> TypeId {
        let own = Own::by(&|| ());
        own.record();
        id(own)
    }

    fn does_not_ask() {}

    #[cfg(target_os = "linux")]
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
