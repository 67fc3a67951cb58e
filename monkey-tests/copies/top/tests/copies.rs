//! Each case replaces from here what the libraries call.
use std::collections::HashMap;
use std::path::Path;

#[monkey::test(replace(Path::exists = |_: &Path| true))]
fn path_exists() {
    assert!(deep::path_exists("/no/such/file"));
}

#[monkey::test(replace(String::len = |_: &String| 77))]
fn string_length() {
    assert_eq!(deep::string_length(&"three".to_owned()), 77);
}

#[monkey::test(replace(deep::inline = |_: u32| 77))]
fn inline_function() {
    assert_eq!((deep::calls_inline(1), middle::calls_inline(1)), (77, 77));
}

#[monkey::test(replace(deep::inline = |_: u32| 77))]
fn called_here_too() {
    assert_eq!(deep::inline(1), 77);
    deep::calls_inline(1);
}

#[monkey::test(replace(Vec::<u32>::remove = |_: &mut Vec<u32>, _: usize| 77))]
fn track_caller() {
    assert_eq!((deep::removes(), middle::removes()), (77, 77));
}

#[monkey::test(replace(Option::<u32>::unwrap = |_: Option<u32>| 77))]
fn always_inlined() {
    assert_eq!((deep::unwraps(Some(1)), middle::unwraps(Some(1))), (77, 77));
}

#[monkey::test(replace(HashMap::<u32, u64>::insert = |_: &mut HashMap<u32, u64>, _: u32, _: u64| Some(77)))]
fn method_of_a_generic_type() {
    assert_eq!(deep::inserts(), Some(77));
}

#[monkey::test(replace(deep::generic::<u8> = |_: u8| "77".to_owned()))]
fn generic_called_by_the_library() {
    assert_eq!((deep::calls_generic(), middle::calls_generic()), ("77".to_owned(), "77".to_owned()));
}

#[monkey::test(replace(str::parse::<u32> = |_: &str| Ok(77)))]
fn one_instance_of_two() {
    assert_eq!(deep::parses("5"), (77, 5));
}

#[monkey::test(replace(version1::version = |_: u32| 77))]
fn one_version_of_two() {
    assert_eq!((version1::version(1), version2::version(1)), (77, 3));
}
