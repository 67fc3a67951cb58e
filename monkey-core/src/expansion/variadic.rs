//! Functions of C with `...`: no function of Rust's can have their type, so a replacement has the arguments that it may read.
//!
//! Callers pass those behind the fixed ones in the same places as if they were fixed, on x86-64 and `AArch64` Linux.

macro_rules! variadic {
    ($($(#[$documentation:meta])* $name:ident($($fixed:ident)*; $($further:ident)*))*) => {$(
        $(#[$documentation])*
        #[must_use]
        pub fn $name<$($fixed,)* $($further,)* R>(
            _target: unsafe extern "C" fn($($fixed,)* ...) -> R,
            replacement: unsafe extern "C" fn($($fixed,)* $($further,)*) -> R,
        ) -> *const () {
            replacement as *const ()
        }
    )*};
}

variadic! {
    /// One fixed argument and no further one, as of `printf`.
    variadic_1_0(A;)
    /// One further argument, as of `ulimit`.
    variadic_1_1(A; U)
    /// As of `ptrace`.
    variadic_1_3(A; U V W)
    /// As of `prctl`.
    variadic_1_4(A; U V W X)
    /// As of `syscall`.
    variadic_1_6(A; U V W X Y Z)
    /// Two fixed arguments and no further one, as of `fprintf`.
    variadic_2_0(A B;)
    /// One further argument, as of `open`.
    variadic_2_1(A B; U)
    /// As of `sem_open`.
    variadic_2_2(A B; U V)
    /// Three fixed arguments and no further one, as of `snprintf`.
    variadic_3_0(A B C;)
    /// One further argument, as of `openat`.
    variadic_3_1(A B C; U)
    /// Four fixed arguments and a further one, as of `mremap`.
    variadic_4_1(A B C D; U)
}
