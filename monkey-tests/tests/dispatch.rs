//! Dispatch in source, in processes where `MONKEY_DISPATCH=source` is set: every kind of patchable function, and what is refused.
//! (`.ci/run` has the tests of scopes, attributes, guards and verdicts run so as well.)
use monkey_tests::child;

#[path = "dispatch/kinds.rs"]
mod kinds;

macro_rules! in_source {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            if child::case().is_some() {
                return kinds::$name();
            }
            let mut command = child::command(stringify!($name), "source");
            let output = command.env("MONKEY_DISPATCH", "source").output().unwrap();
            assert!(child::passed(&output), "{}", child::describe(output.status, &output));
        }
    )*};
}
in_source!(functions arguments_of_every_kind lifetimes instances methods traits opaque_types never_returning
    foreign_and_unsafe conditional_parameters threads_and_process originals_and_counts
    values_and_captures refusals same_name code_is_left_alone);
