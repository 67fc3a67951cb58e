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
