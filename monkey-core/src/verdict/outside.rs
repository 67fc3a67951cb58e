//! Calls by threads that do not see the replacement.
use super::OutsideCaller;
use crate::sorted::SortedMap;
use std::fmt::Write as _;

pub fn tell(outside: &[OutsideCaller], text: &mut String) {
    let mut by_test: SortedMap<Option<&str>, Vec<&str>> = SortedMap::new();
    for caller in outside {
        by_test.get_or_insert_with(caller.test.as_deref(), Vec::new).push(&caller.thread);
    }
    for (name, threads) in by_test {
        let threads = threads.join(", ");
        let _ = match name {
            None => write!(
                text,
                "\n  note: it was called by threads outside the test's scope: {threads}\n  help: start these threads \
                 within the test, hand them the scope (`monkey::Scope::current()`, `scope.run(|| ..)`), or write `scope \
                 = process` on the test"
            ),
            Some(name) => write!(
                text,
                "\n  note: it was called by threads of another test, `{name}`: {threads}\n  help: threads that tests \
                 share belong to the test that started them: hand them the scope for the time of the work \
                 (`monkey::Scope::current()`, `scope.run(|| ..)`), or write `scope = process` on the test"
            ),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_another_test_are_told_with_the_test() {
        let caller = |thread: &str, test: Option<&str>| OutsideCaller {
            thread: thread.into(),
            test: test.map(Into::into),
        };
        let mut text = String::new();
        tell(
            &[
                caller("`a` (1)", Some("tests::b")),
                caller("`c` (2)", None),
                caller("`d` (3)", Some("tests::b")),
            ],
            &mut text,
        );
        assert!(text.contains("outside the test's scope: `c` (2)\n"), "{text}");
        assert!(text.contains("of another test, `tests::b`: `a` (1), `d` (3)\n"), "{text}");
        let mut nothing = String::new();
        tell(&[], &mut nothing);
        assert_eq!(nothing, "");
    }
}
