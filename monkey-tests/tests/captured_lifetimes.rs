//! Closures that capture and borrow: which lifetimes they take, and how these are written.
use std::borrow::Cow;

#[monkey::patchable]
fn longer<'a>(one: &'a str, other: &'a str) -> &'a str {
    if one.len() > other.len() { one } else { other }
}

#[monkey::patchable]
fn second<'a>(_: &str, other: &'a str, _times: usize) -> &'a str {
    other
}

#[monkey::patchable]
fn lines<'a>(text: &'a str, into: &mut Vec<&'a str>) {
    into.extend(text.lines());
}

#[monkey::patchable]
fn bytes<'a>(of: &'a [u8]) -> Box<dyn Iterator<Item = &'a u8> + 'a> {
    Box::new(of.iter())
}

#[monkey::patchable]
fn trimmed(text: &str) -> Cow<'_, str> {
    text.trim().into()
}

#[monkey::patchable]
fn cut(all: &[String]) -> Cow<'_, [String]> {
    all.into()
}

struct Words<'a> {
    left: &'a str,
}

#[monkey::patchable]
impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (word, left) = self.left.split_once(' ')?;
        self.left = left;
        Some(word)
    }
}

#[test]
fn one_lifetime_of_two_parameters() {
    let _guard = monkey::patch!(longer = move |one: &str, _: &str| -> &str { one });
    assert_eq!(longer("a", "bcd"), "a");
    let end = 1;
    let _guard = monkey::patch!(longer = move |_: &'a str, other: &'a str| -> &'a str { &other[..end] });
    assert_eq!(longer("a", "bcd"), "b");
}

#[test]
fn a_result_of_another_parameter_than_the_first() {
    let start = 1;
    let _guard =
        monkey::patch!(second = move |_: &str, other: &'b str, times| -> &'b str { &other[start * times..] });
    assert_eq!(second("abc", "def", 2), "f");
}

#[test]
fn what_stays_behind_another_reference() {
    let start = 1;
    let _guard =
        monkey::patch!(lines = move |text: &'a str, into: &mut Vec<&'a str>| into.push(&text[start..]));
    let mut all = Vec::new();
    lines("abc", &mut all);
    assert_eq!(all, ["bc"]);
}

#[test]
fn an_object_that_borrows() {
    let start = 1;
    let _guard = monkey::patch!(
        bytes = move |of: &'a [u8]| -> Box<dyn Iterator<Item = &'a u8> + 'a> { Box::new(of[start..].iter()) }
    );
    assert_eq!(bytes(&[1, 2]).collect::<Vec<_>>(), [&2]);
}

#[test]
fn a_lifetime_of_the_block() {
    let start = 1;
    let guard = monkey::patch!(
        Words::next = move |words: &mut Words<'a>| -> Option<&'a str> { Some(&words.left[start..]) }
    );
    assert_eq!(Words { left: "a b" }.next(), Some(" b"));
    drop(guard);
    let _guard =
        monkey::patch!(Words::next = |words: &mut Words<'a>| -> Option<&'a str> { Some(words.left) });
    assert_eq!(Words { left: "a b" }.next(), Some("a b"));
}

#[test]
fn a_cow() {
    let end = 1;
    let _guard = monkey::patch!(
        trimmed = move |text: &str| -> Cow<'_, str> { text[..end].into() },
        cut = move |all: &[String]| -> Cow<'_, [String]> { Cow::Owned(all[end..].to_vec()) },
    );
    assert_eq!(trimmed("abc"), "a");
    assert_eq!(*cut(&["a".to_owned(), "b".to_owned()]), ["b"]);
}

#[test]
fn a_block_lends_to_them() {
    let mut seen = Vec::new();
    let times = monkey::during!(
        second = |_: &str, other: &'b str, times| -> &'b str { seen.push(times); other };
        { second("a", "b", 3).len() }
    );
    assert_eq!((times, seen), (1, vec![3]));
}

/// An instance for a reference has one lifetime, a closure with a type takes all.
#[cfg_attr(not(debug_assertions), ignore = "optimised, the standard library's functions are inlined here")]
#[test]
fn instances_for_a_reference() {
    let value = "here".to_owned();
    let guard = monkey::patch!(std::env::var = move |name: &str| Ok(format!("{name} {value}")));
    assert_eq!(std::env::var("HOME").unwrap(), "HOME here");
    drop(guard);
    let end = "!".to_owned();
    let _guard = monkey::patch!(std::fs::read_to_string = move |path: &str| Ok(format!("{path}{end}")));
    assert_eq!(std::fs::read_to_string("/not/there").unwrap(), "/not/there!");
}
