//! What a test is told of a replacement that was not called as expected, and why.
//!
//! Data in, text out: what is known is collected beforehand, and nothing here asks the engine. Debug information is read,
//! so this takes its time and is not for the lock.
mod callers;
mod closed;
mod disorder;
mod inlined;
mod instances;
mod noted;
mod optimised;
mod outside;
mod past;
mod target_kind;
mod uncalled;

use crate::count::Count;
use crate::group::WayPast;
use crate::image;
use std::fmt::Write as _;
use std::panic::Location;

pub use disorder::Disorder;
pub use noted::NotedCall;

/// What is known of a replacement at the end of its test.
#[derive(Debug, Clone)]
pub struct Evidence {
    pub target: usize,
    /// As the user wrote it.
    pub target_name: &'static str,
    /// What `std::any::type_name` calls the target's own type.
    pub target_type: Option<&'static str>,
    pub replacement_name: &'static str,
    /// Where the list stands.
    pub location: &'static Location<'static>,
    /// Whether the crate that the list is in is optimised.
    pub optimised: bool,
    pub calls: u64,
    pub expected: Count,
    /// Who called the target while it was replaced, but not for them.
    pub outside: Vec<OutsideCaller>,
    /// Bodies that may be copies and were left alone.
    pub doubt: Option<String>,
    /// Where the last of the counted calls return to, at most [`callers::MOST`] of them.
    pub return_addresses: Vec<usize>,
    /// Calls of functions that contain a copy of the target, or may be one.
    pub past: Vec<Past>,
    /// The values of its sequence, and the calls for which there was none, if there were any.
    pub past_the_end: Option<(usize, usize)>,
    /// The target's library, if it was closed while the target was replaced.
    pub closed: Option<Closed>,
    /// Nothing stands in for it: its own calls were counted.
    pub watched: bool,
    /// The calls one by one, where the list asked for more than whether there were any.
    pub noted: Vec<NotedCall>,
}

/// A library that was closed, and the hook with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    pub library: String,
    /// Whether it was opened again: then calls may have been missed.
    pub again: bool,
}

/// A thread that called the target and does not see the replacement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideCaller {
    /// Its name and number, as they are told.
    pub thread: String,
    /// The test that it belongs to, if that is another one.
    pub test: Option<String>,
}

/// Calls of a function that contains a copy of the target, or may be one, which the replacement did not see.
#[derive(Debug, Clone)]
pub struct Past {
    pub way: &'static WayPast,
    /// Where the calls return to.
    pub return_addresses: Vec<usize>,
}

impl Evidence {
    /// The complaint with its reasons and what to do about it; `None` when all is as expected.
    pub fn complaint(&self) -> Option<String> {
        let wrong = !self.expected.allows(self.calls);
        let opened_again = self.closed.as_ref().is_some_and(|closed| closed.again);
        if !wrong && self.past.is_empty() && !opened_again && self.past_the_end.is_none() {
            return None;
        }
        let Self { expected, .. } = self;
        let mut text = self.head(&if wrong {
            let which = if self.watched { " and" } else { ", which was" };
            format!("{which} {}; expected: {expected}", self.times())
        } else if let Some((length, past)) = self.past_the_end {
            format!(", but called {} times, where its sequence has {length} values", length + past)
        } else if opened_again {
            ", but not any more in the end".to_owned()
        } else {
            past::head(&self.past).to_owned()
        });
        if wrong && !noted::tell(&self.noted, self.calls, &mut text) {
            callers::tell(&self.return_addresses, self.calls, &mut text);
        }
        past::tell_places(self, &mut text);
        let too_few = wrong && !self.expected.is_below(self.calls) || opened_again;
        // A package that is not optimised any more has no such copies.
        if !too_few || optimised::dependency(self).is_none() {
            past::tell_remedy(self, &mut text);
        }
        if self.past_the_end.is_some() {
            text.push_str("\n  help: add a value to the sequence, or `..` at its end for the original");
        }
        if too_few {
            self.tell_why_too_few(&mut text);
        }
        Some(text)
    }

    /// What a test that fails of its own is told of a replacement that was not called, though nothing is expected of it.
    pub fn uncalled(&self) -> String {
        let mut text = self.head(", which was never called");
        self.tell_why_too_few(&mut text);
        text
    }

    fn times(&self) -> String {
        match self.calls {
            0 => "never called".to_owned(),
            1 => "called once".to_owned(),
            calls => format!("called {calls} times"),
        }
    }

    fn head(&self, what: &str) -> String {
        let Self { target_name, replacement_name, location, .. } = self;
        let target = image::describe(self.target);
        let done = if self.watched {
            format!("`{target_name}` was watched")
        } else {
            format!("`{target_name}` was replaced by `{replacement_name}`")
        };
        format!("{done}{what}\n  at {location}\n  target: {target}")
    }

    /// In the order of their worth; the first that is found out decides what to do.
    fn tell_why_too_few(&self, text: &mut String) {
        if closed::tell(self, text) || target_kind::tell(self.target_type, text) {
            return;
        }
        let mut calls = inlined::find(self.target, self.target_type);
        // Those that went past are said, with who called.
        calls.retain(|call| !self.past.iter().any(|past| past.is_of(call)));
        let surely = calls.iter().any(|call| call.certain && !inlined::is_foreign(call));
        let dependency = optimised::dependency(self);
        if surely && dependency.is_some() {
            inlined::tell_places(&calls, text);
        } else if surely {
            inlined::tell(self, &calls, text);
        }
        outside::tell(&self.outside, text);
        let dependency =
            dependency.inspect(|package| optimised::tell_dependency(self, package, text)).is_some();
        if !surely && self.outside.is_empty() && self.past.is_empty() && !dependency {
            if self.optimised && !inlined::tells(&calls) {
                optimised::tell_program(self.target, text);
            } else if !calls.is_empty() {
                inlined::tell(self, &calls, text);
            }
        }
        let other_instances = instances::tell(self, text);
        if let Some(doubt) = self.doubt.as_ref().filter(|_| !past::tells_doubt(&self.past)) {
            let _ = write!(text, "\n  note: there may be more copies of it, which were left alone: {doubt}");
        }
        let explained = !calls.is_empty()
            || !self.outside.is_empty()
            || !self.past.is_empty()
            || self.doubt.is_some()
            || dependency
            || other_instances;
        if !explained && self.calls == 0 && !self.optimised {
            uncalled::tell(self, text);
        }
    }

    /// For a test that fails of its own although the replacement was called: calls that were inlined did not see it.
    pub fn perhaps_partial(&self) -> Option<String> {
        if !self.optimised {
            return None;
        }
        let mut text = format!("`{}` was replaced by `{}`", self.target_name, self.replacement_name);
        let _ = write!(text, ", but perhaps not for all of its calls\n  at {}", self.location);
        let mut calls = inlined::find(self.target, self.target_type);
        calls.retain(|call| !inlined::is_foreign(call));
        if !calls.is_empty() {
            inlined::tell(self, &calls, &mut text);
        } else if image::debug_info(self.target) != image::DebugInfo::Full {
            optimised::tell_program(self.target, &mut text);
        } else {
            return None;
        }
        Some(text)
    }

    /// Whether the target is the user's own to write an attribute on.
    fn can_be_marked(&self) -> bool {
        image::can_be_marked(self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Container;

    fn target() -> u32 {
        std::hint::black_box(1)
    }

    fn evidence(calls: u64, expected: Count) -> Evidence {
        Evidence {
            target: target as fn() -> u32 as usize,
            target_name: "clock::now",
            target_type: Some("clock::now"),
            replacement_name: "|| 42",
            location: Location::caller(),
            optimised: false,
            calls,
            expected,
            outside: Vec::new(),
            doubt: None,
            return_addresses: Vec::new(),
            past: Vec::new(),
            past_the_end: None,
            closed: None,
            watched: false,
            noted: Vec::new(),
        }
    }

    #[test]
    fn what_is_as_expected_is_not_told() {
        assert_eq!(evidence(1, Count::SOME).complaint(), None);
        assert_eq!(evidence(0, Count::ANY).complaint(), None);
    }

    #[test]
    fn a_wrong_count_names_the_places_that_called() {
        let here = target as fn() -> u32 as usize + 1;
        let told = Evidence { return_addresses: vec![here; 3], ..evidence(3, Count::exactly(1)) };
        let text = told.complaint().unwrap();
        assert!(text.contains("which was called 3 times; expected: exactly 1\n"), "{text}");
        assert!(text.contains("note: it was called from monkey_core::verdict::tests::target"), "{text}");
        assert!(text.contains(" 3 times") && !text.contains("help"), "{text}");
    }

    #[test]
    fn what_is_only_watched_is_told_so_with_its_calls_in_order() {
        let here = target as fn() -> u32 as usize + 1;
        let call = |thread: &str| NotedCall { return_address: here, thread: thread.to_owned() };
        let text = Evidence {
            watched: true,
            noted: vec![call("on thread `a`"), call("on thread `b` (7)")],
            ..evidence(2, Count::exactly(1))
        }
        .complaint()
        .unwrap();
        assert!(
            text.contains("`clock::now` was watched and called 2 times; expected: exactly 1\n"),
            "{text}"
        );
        for line in [
            "\n  the calls that came, in their order:\n    1. from monkey_core::verdict::tests::target (",
            "), on thread `a`\n    2. from ",
            "), on thread `b` (7)",
        ] {
            assert!(text.contains(line), "{line} is not in: {text}");
        }
    }

    #[test]
    fn a_call_that_went_past_is_told_though_the_count_is_right() {
        let elapsed = Container {
            address: 0,
            name: "std::time::Instant::elapsed".to_owned(),
            file: "library/std/src/time.rs".to_owned(),
            line: 358,
        };
        let way = Box::leak(Box::new(WayPast::Inlined(elapsed)));
        let past = Past { way, return_addresses: vec![target as fn() -> u32 as usize + 1] };
        let text = Evidence {
            target_name: "Instant::now",
            target_type: Some("std::time::Instant::now"),
            past: vec![past],
            ..evidence(1, Count::SOME)
        }
        .complaint()
        .unwrap();
        for part in [
            "`Instant::now` was replaced by `|| 42`, but a call went past it\n",
            "note: `std::time::Instant::elapsed` was called from monkey_core::verdict::tests::target",
            "once, and contains a copy of it (inlined at library/std/src/time.rs:358)",
            "replace that function as well, or below both (`libc::clock_gettime`)",
            "`partly(Instant::now)`",
        ] {
            assert!(text.contains(part), "{part:?} is not in: {text}");
        }
    }

    #[test]
    fn a_call_that_may_have_gone_past_is_told_with_what_helps() {
        let past =
            Past { way: &WayPast::PerhapsCopy, return_addresses: vec![target as fn() -> u32 as usize + 1] };
        let doubt = Some("nothing tells: build the tests with more".to_owned());
        let text = Evidence { past: vec![past], doubt, ..evidence(1, Count::SOME) }.complaint().unwrap();
        for part in [
            "`clock::now` was replaced by `|| 42`, but a call may have gone past it\n",
            "note: another body with its path was called from monkey_core::verdict::tests::target",
            "once, and may be a copy of it: nothing tells: build the tests with more\n",
            "help: mark the target #[monkey::patchable]; if such calls need not see the replacement, write `partly(clock::now)`",
        ] {
            assert!(text.contains(part), "{part:?} is not in: {text}");
        }
    }

    #[test]
    fn a_sequence_that_was_too_short_is_told_though_the_count_is_right() {
        let text = Evidence { past_the_end: Some((2, 1)), ..evidence(3, Count::SOME) }.complaint().unwrap();
        assert!(text.contains(", but called 3 times, where its sequence has 2 values\n  at "), "{text}");
        assert!(text.contains("help: add a value to the sequence"), "{text}");
    }

    #[test]
    fn a_library_that_was_closed_is_the_reason_and_opened_again_an_error() {
        let closed = |again| Some(Closed { library: "/lib/libzip.so".to_owned(), again });
        let for_good = |calls| Evidence { closed: closed(false), ..evidence(calls, Count::SOME) };
        assert_eq!(for_good(1).complaint(), None);
        let text = for_good(0).complaint().unwrap();
        assert!(text.contains("never called; expected: at least 1\n"), "{text}");
        assert!(
            text.contains("its library was closed while it was replaced") && !text.contains("0..)"),
            "{text}"
        );
        let text = Evidence { closed: closed(true), ..evidence(1, Count::SOME) }.complaint().unwrap();
        assert!(text.contains("was replaced by `|| 42`, but not any more in the end\n"), "{text}");
        assert!(text.contains("closed and opened again") && text.contains("/lib/libzip.so"), "{text}");
    }

    #[test]
    fn a_guard_that_nobody_called_for_is_told_without_demanding_it() {
        let text = evidence(0, Count::ANY).uncalled();
        assert!(text.contains("was replaced by `|| 42`, which was never called\n"), "{text}");
        assert!(text.contains("nobody called it") && !text.contains("expect"), "{text}");
    }

    #[test]
    fn targets_of_odd_kinds_get_no_help_to_expect_nothing() {
        for (path, part) in [
            ("<dyn clock::Clock as clock::Clock>::now", "`<Type as clock::Clock>::now`"),
            ("clock::Time", "constructor"),
        ] {
            let text = Evidence { target_type: Some(path), ..evidence(0, Count::SOME) }.complaint().unwrap();
            assert!(text.contains(part) && !text.contains("0..)"), "{text}");
        }
    }

    #[test]
    fn a_function_of_std_is_not_to_be_marked() {
        let now: fn() -> std::time::SystemTime = std::time::SystemTime::now;
        for optimised in [false, true] {
            let told =
                Evidence { target: now as usize, target_type: None, optimised, ..evidence(0, Count::SOME) };
            let text = told.complaint().unwrap();
            assert!(!text.contains("patchable"), "{text}");
        }
    }
}
