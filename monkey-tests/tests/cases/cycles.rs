//! A cycle that comes to be when a patch ends is told, or is none: no call and no patch hangs for it.
use std::panic::{AssertUnwindSafe, catch_unwind};

macro_rules! numbers {
    ($($name:ident = $value:literal),*) => {$(
        #[monkey::patchable]
        fn $name() -> u32 {
            $value
        }
    )*};
}
numbers!(f = 1, g = 2, h = 3, x = 4);

/// A call that ends, or a panic with the reason: either will do, silence for ever will not.
fn told_or_none(what: impl FnOnce() -> u32) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(what)) {
        let text = panic.downcast_ref::<String>().cloned().unwrap_or_default();
        assert!(text.contains("cycle") || text.contains("replaced in turn"), "{text}");
    }
}

limited! {
    made_by_the_drop_of_a_guard in 20 s {
        let _first = monkey::patch!(f = g);
        let second = monkey::patch!(f = h);
        let _third = monkey::try_patch!(g = f);
        told_or_none(|| {
            drop(second);
            0
        });
        assert!(monkey::try_patch!(x = f).is_err() || x() > 0);
        told_or_none(f);
        told_or_none(g);
    }

    of_three_made_by_the_drop_of_a_guard in 20 s {
        let _first = monkey::patch!(f = g, g = h);
        let second = monkey::patch!(g = x);
        let _third = monkey::try_patch!(h = f);
        told_or_none(|| {
            drop(second);
            0
        });
        told_or_none(|| f() + g() + h());
    }

    /// A scope's own patch hides one of the process until its test ends.
    made_by_the_end_of_a_scope in 20 s {
        #[monkey::with(replace(f = h))]
        fn inner() -> Option<monkey::PatchGuard> {
            monkey::try_patch!(g = f).ok()
        }
        let _first = monkey::patch!(f = g);
        let mut kept = None;
        told_or_none(|| {
            kept = inner();
            0
        });
        told_or_none(|| f() + g());
    }

    /// What is no cycle stays allowed: each goes on to the original of the other.
    originals_are_no_cycle in 20 s {
        let _first = monkey::patch!(f = || monkey::original!(g()) + 10);
        let second = monkey::patch!(f = h);
        let _third = monkey::patch!(g = || monkey::original!(f()) + 20);
        drop(second);
        assert_eq!((f(), g()), (12, 21));
    }
}
