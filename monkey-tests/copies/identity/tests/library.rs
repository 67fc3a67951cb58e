//! A macro of a library has written a function for each of two types, and each of two crates that use the library has a body
//! of one of them: of one path, file, line and signature.
use deep::Tagged;

fn fake(_: u64) -> u64 {
    77
}

#[test]
fn the_other_crates_function_is_another() {
    let target = deep::First::pointer() as *const ();
    // SAFETY: `fake` has the type of the function that `pointer` gives.
    let guard = unsafe { monkey::patch_at(target, fake as fn(u64) -> u64 as *const ()) };
    assert_eq!((deep::First::tag(1), middle::second_tag(1)), (77, 3));
    drop(guard);
}
