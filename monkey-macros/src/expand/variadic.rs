//! Variadic functions of the C library, which are told by their names: no type that a macro can ask has `...`.
use crate::function::last_segment;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::ExprPath;

/// How many arguments there are before the `...`, and behind it at most. Of those that print, what they print is not counted.
const KNOWN: [(&str, usize, usize); 24] = [
    ("dprintf", 2, 0),
    ("fcntl", 2, 1),
    ("fcntl64", 2, 1),
    ("fprintf", 2, 0),
    ("fscanf", 2, 0),
    ("ioctl", 2, 1),
    ("mq_open", 2, 2),
    ("mremap", 4, 1),
    ("open", 2, 1),
    ("open64", 2, 1),
    ("openat", 3, 1),
    ("openat64", 3, 1),
    ("prctl", 1, 4),
    ("printf", 1, 0),
    ("ptrace", 1, 3),
    ("scanf", 1, 0),
    ("sem_open", 2, 2),
    ("semctl", 3, 1),
    ("snprintf", 3, 0),
    ("sprintf", 2, 0),
    ("sscanf", 2, 0),
    ("syscall", 1, 6),
    ("syslog", 2, 0),
    ("ulimit", 1, 1),
];

/// The numbers of its arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arguments {
    fixed: usize,
    further: usize,
}

/// What is known of the target, if it is a variadic function of the crate `libc`.
pub fn arguments(target: &ExprPath) -> Option<Arguments> {
    let name = last_segment(&target.path);
    let known = KNOWN.iter().find(|(known, ..)| *known == name).filter(|_| is_of_libc(target));
    known.map(|(_, fixed, further)| Arguments { fixed: *fixed, further: *further })
}

/// Whether it is a function of the crate `libc`, whose functions are all of one ABI.
pub fn is_of_libc(target: &ExprPath) -> bool {
    target.path.segments.iter().nth_back(1).is_some_and(|of| of.ident == "libc")
}

/// The replacement's address, its type checked against the target's fixed arguments and its result.
pub fn address(
    Arguments { fixed, further }: Arguments,
    alone: &Ident,
    given: &impl ToTokens,
    private: &TokenStream,
) -> TokenStream {
    let function = format_ident!("variadic_{fixed}_{further}", span = Span::mixed_site());
    quote_spanned!(Span::mixed_site()=> #private::#function(#alone, #given))
}

#[cfg(test)]
mod tests {
    use super::{Arguments, arguments};

    fn counts(path: &str) -> Option<(usize, usize)> {
        arguments(&syn::parse_str(path).unwrap()).map(|Arguments { fixed, further }| (fixed, further))
    }

    #[test]
    fn those_of_libc_are_known() {
        assert_eq!((counts("libc::open"), counts("nix::libc::syscall")), (Some((2, 1)), Some((1, 6))));
        for path in ["open", "shop::open", "libc::read", "libc::shop::open"] {
            assert_eq!(counts(path), None);
        }
    }
}
