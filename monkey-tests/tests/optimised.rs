//! What an optimiser does with functions it knows, and that none of it is seen through a patch: each hazard with the
//! function in another crate and with the function in this one.
#![allow(
    clippy::undocumented_unsafe_blocks,
    reason = "clippy does not see comments within an attribute's arguments"
)]
use std::panic::{self, AssertUnwindSafe};

/// What a panic said.
fn caught<R>(body: impl FnOnce() -> R) -> Option<String> {
    let payload = panic::catch_unwind(AssertUnwindSafe(body)).err()?;
    let text = payload.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| payload.downcast_ref::<String>().cloned())
}

/// The same subjects once more, in this crate.
#[path = "../src/optimised.rs"]
mod subjects;

/// Each set of tests for the subjects at either place.
macro_rules! both {
    ($($module:ident)*) => {
        #[path = "optimised"]
        mod other_crate {
            use monkey_tests::optimised as subject;
            $(mod $module;)*
        }
        #[path = "optimised"]
        #[allow(clippy::duplicate_mod, reason = "that is the point")]
        mod this_crate {
            use super::subjects as subject;
            $(mod $module;)*
        }
    };
}
both!(results arguments endings same);

/// Instances that two crates have of the same functions, where this one has none of its own.
mod instances {
    use monkey_core::image::{self, DebugInfo};
    use monkey_tests::instances::{Holder, Scaled, inline};

    #[monkey::with(replace(
        Holder::<u32>::times = |holder: &Holder<u32>, by| u64::from(holder.0) * 1000 + by,
        Holder::<u32>::plus = |holder: &Holder<u32>, by| u64::from(holder.0) * 1000 + by,
        <u32 as Scaled>::scaled = |value, by| u64::from(value) * 1000 + by,
        inline::generic::<u32> = |value, by| u64::from(value) * 1000 + by
    ))]
    fn replaced() {
        let expected = [3, 5, 4, 6].map(|by| 2 * (7000 + by));
        assert_eq!(monkey_tests_first::calls(), expected);
        assert_eq!(monkey_tests_second::calls(), expected);
    }

    #[test]
    fn arguments_that_all_callers_of_a_body_agree_on() {
        let instance = inline::generic::<u32> as fn(u32, u64) -> u64;
        if image::debug_info(instance as usize) == DebugInfo::None {
            return println!("skipped: without debug information nothing tells whose instances these are");
        }
        replaced();
    }
}

/// Functions whose symbols are names of C.
mod exported {
    use monkey::Cause;
    use std::ffi::{c_int, c_void};
    use std::hint::black_box;

    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn monkey_tests_first_of_two(key: u32) -> u32 {
        (0..key).fold(key, |sum, next| (sum * 3) ^ black_box(next))
    }

    #[unsafe(no_mangle)]
    #[inline(never)]
    extern "C" fn monkey_tests_second_of_two(key: u32) -> u32 {
        (0..key).fold(key, |sum, next| (sum * 3) ^ black_box(next))
    }

    extern "C" fn seven(_: u32) -> u32 {
        7
    }

    #[test]
    fn of_one_body() {
        let addresses =
            [monkey_tests_first_of_two, monkey_tests_second_of_two].map(|function| function as usize);
        let is_one = black_box(addresses[0]) == black_box(addresses[1]);
        let first = monkey::try_patch!(monkey_tests_first_of_two = seven).map(drop);
        let second = monkey::try_patch!(monkey_tests_second_of_two = seven).map(drop);
        assert_eq!([&first, &second].map(Result::is_err).contains(&true), is_one, "{first:?} {second:?}");
        for error in [first, second].into_iter().filter_map(Result::err) {
            assert!(matches!(error.cause(), Cause::SharedAddress { .. }), "{error}");
        }
    }

    unsafe extern "C" fn copy(to: *mut c_void, from: *const c_void, size: usize) -> *mut c_void {
        // SAFETY: the caller's promise.
        unsafe { monkey::original!(libc::memmove(to, from, size)) }
    }

    unsafe extern "C" fn compare(one: *const c_void, other: *const c_void, size: usize) -> c_int {
        // SAFETY: the caller's promise.
        unsafe { monkey::original!(libc::memcmp(one, other, size)) }
    }

    /// The C library has one body for some of its functions, and both names may be replaced.
    #[test]
    fn of_the_c_library_are_one_by_right() {
        drop(monkey::patch!(libc::memcpy = copy));
        drop(monkey::patch!(libc::memmove = copy));
        drop(monkey::patch!(libc::memcmp = compare));
    }
}
