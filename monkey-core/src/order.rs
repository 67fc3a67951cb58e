//! The order in which functions are to be called: `expect(order[A, B, .., C])`.

/// One place of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A call of the list's target of this number.
    Call(usize),
    /// Any number of calls of any of them: `..`.
    Others,
}

/// Where calls leave the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The first call that does not fit; `None` if the calls end too early.
    pub call: Option<usize>,
    /// The targets that would have fitted there.
    pub wanted: Vec<usize>,
}

/// Compares calls, each by its target's number, with an order.
pub fn compare(steps: &[Step], calls: &[usize]) -> Result<(), Mismatch> {
    let mut places = open(steps, [0]);
    for (index, call) in calls.iter().enumerate() {
        let next = open(steps, places.iter().filter_map(|place| after(steps, *place, *call)));
        if next.is_empty() {
            return Err(Mismatch { call: Some(index), wanted: wanted(steps, &places) });
        }
        places = next;
    }
    let ended = places.contains(&steps.len());
    if ended { Ok(()) } else { Err(Mismatch { call: None, wanted: wanted(steps, &places) }) }
}

/// The places that calls may have come to, those behind a `..` included.
fn open(steps: &[Step], places: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut all: Vec<usize> = Vec::new();
    for mut place in places {
        while !all.contains(&place) {
            all.push(place);
            place += usize::from(steps.get(place) == Some(&Step::Others));
        }
    }
    all
}

/// Where a call leads from a place.
fn after(steps: &[Step], place: usize, call: usize) -> Option<usize> {
    match steps.get(place)? {
        Step::Others => Some(place),
        Step::Call(target) => (*target == call).then_some(place + 1),
    }
}

fn wanted(steps: &[Step], places: &[usize]) -> Vec<usize> {
    let mut wanted = Vec::new();
    for place in places {
        if let Some(Step::Call(target)) = steps.get(*place)
            && !wanted.contains(target)
        {
            wanted.push(*target);
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::{Mismatch, Step, compare};
    use Step::{Call, Others};

    fn mismatch(call: impl Into<Option<usize>>, wanted: &[usize]) -> Result<(), Mismatch> {
        Err(Mismatch { call: call.into(), wanted: wanted.to_vec() })
    }

    #[test]
    fn an_order_is_whole() {
        let steps = [Call(0), Call(1), Call(1), Call(2)];
        assert_eq!(compare(&steps, &[0, 1, 1, 2]), Ok(()));
        assert_eq!(compare(&steps, &[]), mismatch(None, &[0]));
        assert_eq!(compare(&steps, &[0, 1]), mismatch(None, &[1]));
        assert_eq!(compare(&steps, &[0, 1, 2]), mismatch(2, &[1]));
        assert_eq!(compare(&steps, &[0, 1, 1, 2, 0]), mismatch(4, &[]));
        assert_eq!(compare(&[], &[]), Ok(()));
        assert_eq!(compare(&[], &[0]), mismatch(0, &[]));
    }

    #[test]
    fn dots_are_any_number_of_others() {
        let steps = [Call(0), Others, Call(2)];
        for calls in [&[0, 2][..], &[0, 1, 1, 2], &[0, 2, 0, 2]] {
            assert_eq!(compare(&steps, calls), Ok(()));
        }
        assert_eq!(compare(&steps, &[0, 1, 2, 1]), mismatch(None, &[2]));
        assert_eq!(compare(&steps, &[1]), mismatch(0, &[0]));
        assert_eq!(compare(&[Others], &[]), Ok(()));
        assert_eq!(compare(&[Others, Others, Call(1), Others], &[0, 1, 0]), Ok(()));
        assert_eq!(compare(&[Call(0), Others], &[0, 1, 1]), Ok(()));
    }
}
