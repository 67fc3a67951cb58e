//! Calls in another order than `expect(order[..])` says.
use super::NotedCall;
use super::noted::LINES;
use crate::order::{Mismatch, Step};
use crate::record;
use std::fmt::Write as _;
use std::panic::Location;

/// Calls that are told before the one that does not fit.
const BEFORE: usize = 8;

/// What is known of calls that did not come in their order.
#[derive(Debug, Clone)]
pub struct Disorder {
    /// Where the list stands.
    pub location: &'static Location<'static>,
    /// The list's targets, as the user wrote them.
    pub names: Vec<&'static str>,
    pub order: &'static [Step],
    /// The calls, each with its target's number.
    pub calls: Vec<(usize, NotedCall)>,
    /// `None`: there were too many to tell.
    pub mismatch: Option<Mismatch>,
    /// How many there were.
    pub made: u64,
}

impl Disorder {
    /// What came, beside what was expected.
    pub fn complaint(&self) -> String {
        let order: Vec<String> = self.order.iter().map(|step| self.step(*step)).collect();
        let mut text = match &self.mismatch {
            Some(_) => "the calls were not in the order that was expected".to_owned(),
            None => format!(
                "there were {} calls, of which {} are known: whether they were in their order cannot be told",
                self.made,
                record::MOST
            ),
        };
        let _ = write!(text, "\n  at {}\n  expected: {}", self.location, order.join(", "));
        let misfit = self.mismatch.as_ref().and_then(|mismatch| mismatch.call);
        self.tell_calls(misfit, &mut text);
        if let Some(Mismatch { call: None, wanted }) = &self.mismatch {
            let _ = write!(text, "\n  then was expected: {}, and nothing more came", self.any_of(wanted));
        }
        text
    }

    fn tell_calls(&self, misfit: Option<usize>, text: &mut String) {
        if self.calls.is_empty() {
            text.push_str("\n  none of them was called");
            return;
        }
        text.push_str("\n  the calls that came:");
        // Around the one that does not fit, where there are many.
        let first = misfit.map_or(0, |misfit| misfit.saturating_sub(BEFORE));
        if first != 0 {
            let _ = write!(text, "\n    {first} before, which fit");
        }
        for (index, (number, call)) in self.calls.iter().enumerate().skip(first).take(LINES) {
            let _ = write!(text, "\n    {}. `{}` {}", index + 1, self.name(*number), call.describe());
            if Some(index) == misfit {
                let wanted = self.mismatch.as_ref().map_or(&[][..], |mismatch| &mismatch.wanted);
                let _ = write!(text, "  <- expected: {}", self.any_of(wanted));
            }
        }
        let further = self.made.saturating_sub((first + LINES) as u64);
        if further != 0 {
            let _ = write!(text, "\n    and {further} further ones");
        }
    }

    fn any_of(&self, wanted: &[usize]) -> String {
        if wanted.is_empty() {
            return "no further call".to_owned();
        }
        let names: Vec<String> = wanted.iter().map(|number| format!("`{}`", self.name(*number))).collect();
        names.join(" or ")
    }

    fn step(&self, step: Step) -> String {
        match step {
            Step::Call(number) => format!("`{}`", self.name(number)),
            Step::Others => "..".to_owned(),
        }
    }

    fn name(&self, number: usize) -> &'static str {
        self.names.get(number).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Step::{Call, Others};

    fn disorder(calls: &[usize], mismatch: Option<Mismatch>) -> Disorder {
        let call =
            |number: &usize| (*number, NotedCall { return_address: 8, thread: "on thread `t`".to_owned() });
        Disorder {
            location: Location::caller(),
            names: vec!["connect", "query"],
            order: &[Call(0), Call(1), Others],
            calls: calls.iter().map(call).collect(),
            mismatch,
            made: calls.len() as u64,
        }
    }

    #[test]
    fn the_call_that_does_not_fit_is_pointed_at() {
        let text = disorder(&[0, 0], Some(Mismatch { call: Some(1), wanted: vec![1] })).complaint();
        assert!(text.starts_with("the calls were not in the order that was expected\n  at "), "{text}");
        assert!(
            text.ends_with(
                "\n  expected: `connect`, `query`, ..\n  the calls that came:\n    1. `connect` on thread `t`\n    \
                 2. `connect` on thread `t`  <- expected: `query`"
            ),
            "{text}"
        );
    }

    #[test]
    fn calls_that_end_too_early_are_told_so() {
        let text = disorder(&[0], Some(Mismatch { call: None, wanted: vec![1] })).complaint();
        assert!(text.ends_with("\n  then was expected: `query`, and nothing more came"), "{text}");
        let text = disorder(&[], Some(Mismatch { call: None, wanted: vec![0] })).complaint();
        assert!(text.contains("\n  none of them was called\n"), "{text}");
    }

    #[test]
    fn of_many_calls_those_around_it_are_told() {
        let text = disorder(&[1; 100], Some(Mismatch { call: Some(50), wanted: vec![] })).complaint();
        assert!(text.contains("\n    42 before, which fit\n    43. `query`"), "{text}");
        assert!(text.contains("\n    51. `query` on thread `t`  <- expected: no further call\n"), "{text}");
        assert!(text.ends_with("\n    and 42 further ones"), "{text}");
        let text = Disorder { made: 5000, ..disorder(&[1], None) }.complaint();
        assert!(text.starts_with("there were 5000 calls, of which 4096 are known: "), "{text}");
    }
}
