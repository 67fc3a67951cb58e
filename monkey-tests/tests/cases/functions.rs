//! Functions that no path of the test's leads to are found by their names, in both manglings.
//!
//! Optimised, those that nothing keeps from being merged, or from losing their parameters, are marked `#[monkey::patchable]`.
#![allow(
    clippy::items_after_statements,
    clippy::unused_self,
    reason = "what stands in reads best where it is used"
)]
use monkey::{FunctionError, function, patch_at};

mod shop {
    pub(super) mod tax {
        #[inline(never)]
        fn rate() -> u32 {
            std::hint::black_box(19)
        }

        pub(in super::super) fn of(price: u32) -> u32 {
            price * rate() / 100
        }
    }

    pub(super) struct Disk;

    trait Store {
        fn put(&self, number: u32) -> u32;
    }

    impl Store for Disk {
        #[cfg_attr(not(debug_assertions), monkey::patchable)]
        #[inline(never)]
        fn put(&self, number: u32) -> u32 {
            std::hint::black_box(number)
        }
    }

    impl Disk {
        #[cfg_attr(not(debug_assertions), monkey::patchable)]
        #[inline(never)]
        fn size(&self) -> u32 {
            std::hint::black_box(1)
        }

        pub(super) fn total(&self) -> u32 {
            self.put(1) + self.size()
        }
    }

    pub(super) struct Pair<T>(pub(super) T, pub(super) T);

    impl<T: Into<u64> + Copy> Pair<T> {
        #[cfg_attr(not(debug_assertions), monkey::patchable)]
        #[inline(never)]
        fn sum(&self) -> u64 {
            std::hint::black_box(self.0.into() + self.1.into())
        }

        pub(super) fn twice(&self) -> u64 {
            self.sum() * 2
        }
    }

    #[cfg_attr(not(debug_assertions), monkey::patchable)]
    #[inline(never)]
    fn wide<T: Into<u64>>(number: T) -> u64 {
        std::hint::black_box(number.into())
    }

    pub(super) fn instances() -> [u64; 2] {
        [wide(1_u8), wide(2_u16)]
    }

    pub(super) fn calls_a_closure() -> u32 {
        let closure = || std::hint::black_box(1);
        closure()
    }
}

fn path(behind: &str) -> String {
    // The crate, and what this file is there.
    format!("{}::shop::{behind}", module_path!())
}

fn refused(path: &str) -> (FunctionError, String) {
    let error = function(path).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("functions.rs:"), "{text}");
    (error, text)
}

/// Whether it was said that neither debug information nor the mangling tells instances apart, as in a release build as cargo has it.
fn names_lack_arguments(text: &str) -> bool {
    let help = "build with debug information, or with `-C symbol-mangling-version=v0`";
    !cfg!(debug_assertions) && text.contains(help)
}

fn none() -> u32 {
    0
}

#[test]
fn a_private_function_is_replaced_by_its_path() {
    assert_eq!(shop::tax::of(200), 38);
    let rate = function(&path("tax::rate")).unwrap();
    // SAFETY: both take nothing and give a number.
    let guard = unsafe { patch_at(rate, none as *const ()) }.unwrap();
    assert_eq!(shop::tax::of(200), 0);
    drop(guard);
    assert_eq!(shop::tax::of(200), 38);
}

fn hundred(_: &shop::Disk) -> u32 {
    100
}

#[test]
fn methods_of_types_and_of_traits_have_paths() {
    let disk = shop::Disk;
    assert_eq!(disk.total(), 2);
    let size = function(&path("Disk::size")).unwrap();
    assert_eq!(function(&format!("<{}>::size", path("Disk"))).unwrap(), size);
    // SAFETY: both take the disk and give a number.
    let _size = unsafe { patch_at(size, hundred as *const ()) }.unwrap();
    assert_eq!(disk.total(), 101);
    let put = function(&format!("<{} as {}>::put", path("Disk"), path("Store"))).unwrap();
    fn put_nothing(_: &shop::Disk, _: u32) -> u32 {
        0
    }
    // SAFETY: both take the disk and a number, and give one.
    let _put = unsafe { patch_at(put, put_nothing as *const ()) }.unwrap();
    assert_eq!(disk.total(), 100);
}

#[test]
fn instances_are_chosen_by_their_arguments() {
    assert_eq!(shop::instances(), [1, 2]);
    let (error, text) = refused(&path("wide"));
    assert!(text.contains("is the path of 2 functions"), "{text}");
    if names_lack_arguments(&text) {
        return;
    }
    assert!(
        error.others().len() == 2 && text.contains("help: write the generic arguments as well, such as `"),
        "{text}"
    );
    fn seven(_: u8) -> u64 {
        7
    }
    let wide = function(&path("wide::<u8>")).unwrap();
    // SAFETY: both take a byte and give a number.
    let _wide = unsafe { patch_at(wide, seven as *const ()) }.unwrap();
    assert_eq!(shop::instances(), [7, 2]);
    let (_, text) = refused(&path("wide::<u32>"));
    assert!(text.contains("the program has no instance `") && text.contains("wide::<u16>`"), "{text}");
}

#[test]
fn methods_of_generic_types_are_chosen_by_the_types_arguments() {
    assert_eq!((shop::Pair(1_u8, 2).twice(), shop::Pair(3_u16, 4).twice()), (6, 14));
    fn ten(_: &shop::Pair<u16>) -> u64 {
        10
    }
    let sum = match function(&path("Pair::<u16>::sum")) {
        Ok(sum) => sum,
        Err(error) if names_lack_arguments(&error.to_string()) => return,
        Err(error) => panic!("{error}"),
    };
    // SAFETY: both take the pair and give a number.
    let _sum = unsafe { patch_at(sum, ten as *const ()) }.unwrap();
    assert_eq!((shop::Pair(1_u8, 2).twice(), shop::Pair(3_u16, 4).twice()), (6, 20));
}

#[test]
fn what_is_close_is_named() {
    assert_eq!(shop::calls_a_closure(), 1);
    assert_eq!(shop::tax::of(100), 19);
    let (error, text) = refused(&path("rate"));
    assert!(text.contains("the program has no function `"), "{text}");
    assert_eq!(error.others(), [path("tax::rate")], "{text}");
    let (_, text) = refused(&path("tax::rates"));
    assert!(text.contains(&format!("help: close to it are `{}`", path("tax::rate"))), "{text}");
    let (_, text) = refused("crate::shop::tax::rate");
    assert!(text.ends_with("help: begin with the crate's name in place of `crate`"), "{text}");
    let (_, text) = refused(&path("calls_a_closure::{{closure}}"));
    assert!(text.contains("help: closures have no path"), "{text}");
    let (_, text) = refused("my-shop::tax::rate");
    assert!(text.ends_with("`my_shop`"), "{text}");
    let (error, text) = refused("a_crate::that::nobody::has_written");
    assert!(
        text.contains("help: write the path where the function is written") && error.others().is_empty(),
        "{text}"
    );
}

#[test]
fn functions_of_std_and_of_c_have_paths_too() {
    let now: fn() -> std::time::SystemTime = std::time::SystemTime::now;
    assert_eq!(function("std::time::SystemTime::now").unwrap(), now as *const ());
    assert!(function("getppid").is_ok());
    assert!(function("no_such_function_of_c").is_err());
}
