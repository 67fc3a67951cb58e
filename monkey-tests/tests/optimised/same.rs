//! Functions whose bodies are the same as others', and bodies too short for a jump.
use super::subject::same::{self, Disk, Left, Numbered as _, Right, Store, Tape};
use monkey::{Cause, PatchError, PatchGuard};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

#[monkey::test(replace(same::two_of_three = |_| 50))]
fn functions_of_one_body() {
    assert_eq!([same::one_of_three(1), same::two_of_three(1), same::three_of_three(1)], [2, 50, 2]);
    let pointers = [same::one_of_three, same::two_of_three, same::three_of_three];
    assert_eq!(pointers.map(|function| function(1)), [2, 50, 2]);
}

#[monkey::test(replace(same::typed::<u32> = |_: &u32| 50, same::sized::<2> = || 60))]
fn generic_instances_of_one_body() {
    assert_eq!(same::calls_generics(), [50, 4, 4, 60]);
    assert_eq!(
        [same::typed(&1u32), same::typed(&1i32), same::sized::<1>(), same::sized::<2>()],
        [50, 4, 4, 60]
    );
}

#[monkey::test(replace(
    Left::get = |_: &Left| 53,
    Left::make = || 56,
    <Left as same::Numbered>::number = |_: &Left| 54,
    <Left as same::Numbered>::name = |_: &Left| 55
))]
fn methods_of_one_body() {
    assert_eq!(same::calls_methods(), [53, 3, 56, 6, 54, 4, 55, 5]);
    assert_eq!([Right(1).get(), Right::make(), Right(1).number(), Right(1).name()], [1, 6, 4, 5]);
}

#[test]
fn functions_in_sibling_blocks() {
    let (first, second) = {
        let first = {
            #[monkey::patchable]
            fn inner() -> u32 {
                1
            }
            inner
        };
        let second = {
            #[monkey::patchable]
            fn inner() -> u32 {
                1
            }
            inner
        };
        (first, second)
    };
    let _guard = monkey::patch!(first = || 5);
    assert_eq!((first(), second()), (5, 1));
}

#[monkey::test(replace(
    same::empty = || { EMPTY.fetch_add(1, SeqCst); },
    same::empty_c = in_c,
    same::zero = || 9
))]
fn short_bodies() {
    assert_eq!(same::calls_short(), 9);
    assert_eq!(EMPTY.load(SeqCst), 101);
    same::empty();
    same::empty_too();
    assert_eq!(EMPTY.load(SeqCst), 102);
    monkey::original!(same::empty());
    monkey::original!(same::empty_c());
    assert_eq!((EMPTY.load(SeqCst), monkey::original!(same::zero())), (102, 0));
}

static EMPTY: AtomicU32 = AtomicU32::new(0);

extern "C" fn in_c() {
    EMPTY.fetch_add(100, SeqCst);
}

/// Of two functions one is replaced after the other: where one body was made of both the second is refused, whichever of them its
/// symbol names.
fn refused_if_one(addresses: [usize; 2], one: Result<PatchGuard, PatchError>, other: impl Fn() -> Result<PatchGuard, PatchError>) {
    let is_one = black_box(addresses[0]) == black_box(addresses[1]);
    let one = one.map(drop);
    let results = [one, other().map(drop)];
    assert_eq!(results.iter().any(Result::is_err), is_one, "{results:?}");
    for error in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(matches!(error.cause(), Cause::SharedAddress { .. }), "{error}");
    }
}

#[test]
fn unmarked_functions_of_one_body() {
    refused_if_one(
        [<Disk as Store>::put as fn(&Disk, u32) -> u32 as usize, <Tape as Store>::put as fn(&Tape, u32) -> u32 as usize],
        monkey::try_patch!(<Disk as Store>::put = |_: &Disk, _| 1),
        || monkey::try_patch!(<Tape as Store>::put = |_: &Tape, _| 1),
    );
    refused_if_one(
        [Tape::get as fn(&Tape, u32) -> u32 as usize, Disk::get as fn(&Disk, u32) -> u32 as usize],
        monkey::try_patch!(Tape::get = |_: &Tape, _| 1),
        || monkey::try_patch!(Disk::get = |_: &Disk, _| 1),
    );
    refused_if_one(
        [same::thrice::<u32> as fn(u32) -> [u32; 3] as usize, same::thrice::<i32> as fn(i32) -> [i32; 3] as usize],
        monkey::try_patch!(same::thrice::<u32> = |_| [1; 3]),
        || monkey::try_patch!(same::thrice::<i32> = |_| [1; 3]),
    );
}
