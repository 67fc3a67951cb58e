//! The arguments of `original!` before its call: what evaluating and coercing them calls (a `Deref`, an `Index`, the target itself)
//! must not take the bypass, which is for one call.
//!
//! A function with the target's parameters and nothing to do takes them in its stead, as a plain call of the target would: references
//! are reborrowed, closures get their types from the parameters, temporaries live until the statement ends. Method look-up gives the
//! parameters' types where the target is one of the `Fn` traits, and takes the arguments' own where it is not, as for a foreign
//! function: those are moved.
use std::ops::Deref;

/// The target, on its way through `Callee::new(target).__monkey_arguments()(arguments)`.
#[derive(Debug, Clone, Copy)]
pub struct Callee<F>(AnyCallee<F>);

/// One that is none of the `Fn` traits; look-up comes here last.
#[derive(Debug, Clone, Copy)]
pub struct AnyCallee<F>(F);

impl<F> Callee<F> {
    /// Of the function or pointer that is called.
    pub fn new(target: F) -> Self {
        Self(AnyCallee(target))
    }
}

impl<F> Deref for Callee<F> {
    type Target = AnyCallee<F>;
    fn deref(&self) -> &AnyCallee<F> {
        &self.0
    }
}

/// How many arguments can be taken so.
pub const MOST: usize = 16;

// No result has a destructor, which might look at the arguments: all are `Copy`.
macro_rules! takes {
    ($($takes:ident $takes_any:ident [$($argument:ident)*];)*) => {$(
        /// Found first.
        pub trait $takes<F, $($argument),*> {
            /// Takes arguments as the target would, and gives them back.
            fn __monkey_arguments(self) -> impl Fn($($argument),*) -> (F, $($argument),*) + Copy;
        }
        #[allow(non_snake_case, clippy::too_many_arguments, reason = "one for each argument")]
        impl<F: Copy + Fn($($argument),*) -> R, R, $($argument),*> $takes<F, $($argument),*> for Callee<F> {
            fn __monkey_arguments(self) -> impl Fn($($argument),*) -> (F, $($argument),*) + Copy {
                move |$($argument),*| (self.0.0, $($argument),*)
            }
        }
        /// Found where the other is not.
        pub trait $takes_any<F, $($argument),*> {
            /// Takes arguments as they are, and gives them back.
            fn __monkey_arguments(self) -> impl Fn($($argument),*) -> (F, $($argument),*) + Copy;
        }
        #[allow(non_snake_case, clippy::too_many_arguments, reason = "one for each argument")]
        impl<F: Copy, $($argument),*> $takes_any<F, $($argument),*> for AnyCallee<F> {
            fn __monkey_arguments(self) -> impl Fn($($argument),*) -> (F, $($argument),*) + Copy {
                move |$($argument),*| (self.0, $($argument),*)
            }
        }
    )*};
}

takes! {
    Takes1 TakesAny1 [A];
    Takes2 TakesAny2 [A B];
    Takes3 TakesAny3 [A B C];
    Takes4 TakesAny4 [A B C D];
    Takes5 TakesAny5 [A B C D E];
    Takes6 TakesAny6 [A B C D E G];
    Takes7 TakesAny7 [A B C D E G H];
    Takes8 TakesAny8 [A B C D E G H I];
    Takes9 TakesAny9 [A B C D E G H I J];
    Takes10 TakesAny10 [A B C D E G H I J K];
    Takes11 TakesAny11 [A B C D E G H I J K L];
    Takes12 TakesAny12 [A B C D E G H I J K L M];
    Takes13 TakesAny13 [A B C D E G H I J K L M N];
    Takes14 TakesAny14 [A B C D E G H I J K L M N O];
    Takes15 TakesAny15 [A B C D E G H I J K L M N O P];
    Takes16 TakesAny16 [A B C D E G H I J K L M N O P Q];
}

#[cfg(test)]
mod tests {
    use super::Callee;

    fn fill(buffer: &mut [u8], by: u8) {
        buffer.fill(by);
    }
    extern "C" fn foreign(_: u8) {}

    #[test]
    fn references_are_reborrowed_and_coerced() {
        use super::Takes2 as _;
        let mut bytes = [0u8; 2];
        let buffer = &mut bytes;
        for by in 1..3 {
            let (_, taken, by) = Callee::new(fill).__monkey_arguments()(buffer, by);
            assert_eq!((taken.len(), by), (2, by));
        }
        assert_eq!(buffer.len(), 2);
    }

    #[test]
    #[expect(clippy::redundant_closure_for_method_calls, reason = "it is about closures")]
    fn closures_get_their_parameters_from_the_target() {
        use super::Takes1 as _;
        fn apply(function: impl Fn(&str) -> usize) -> usize {
            function("abc")
        }
        let (target, closure) = Callee::new(apply).__monkey_arguments()(|text| text.len());
        assert_eq!(target(closure), 3);
    }

    #[test]
    fn others_take_what_they_are_given() {
        use super::TakesAny1 as _;
        let (_, argument) = Callee::new(foreign).__monkey_arguments()(7);
        assert_eq!(argument, 7);
    }
}
