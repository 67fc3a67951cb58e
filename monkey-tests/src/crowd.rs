//! The five functions that a crowd of tests replaces.

macro_rules! functions {
    ($($name:ident = $value:expr),*) => {$(
        #[doc = concat!("Gives ", stringify!($value), ".")]
        #[must_use]
        #[monkey::patchable]
        pub fn $name() -> u64 {
            $value
        }
    )*};
}

functions!(one = 1, two = 2, three = 3, four = 4, five = 5);
