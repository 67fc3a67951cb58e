//! Lists in order, and maps and sets that are such lists.
//!
//! Every type that is sorted, or lies in a tree, has a body of all their algorithms of its own, which every cold build of a
//! program compiles: they were a third of this crate's code. Here the order is found among numbers, by one body for all types.
use std::cmp::Ordering;
use std::{mem, slice, vec};

/// Sorts by an order; equal items stay as they were to each other.
pub fn sort_by<T>(items: &mut [T], compare: &dyn Fn(&T, &T) -> Ordering) {
    let order = order_by(items.len(), &|one, other| compare(&items[one], &items[other]));
    permute(order, &mut |one, other| items.swap(one, other));
}

/// Sorts by a number; equal items stay as they were to each other. The faster one, for long lists.
pub fn sort_by_number<T>(items: &mut [T], number: &dyn Fn(&T) -> u64) {
    let number_at = |index: usize| number(&items[index]);
    // What files and the system tell mostly is.
    if is_in_order(items.len(), &number_at) {
        return;
    }
    let order = order_of(items.len(), &number_at);
    permute(order, &mut |one, other| items.swap(one, other));
}

/// Sorts, and leaves out what is there already.
pub fn sort_and_dedup<T: Ord>(items: &mut Vec<T>) {
    sort_by(items, &T::cmp);
    items.dedup();
}

/// Puts an item where it belongs, unless it is there; whether it was not.
pub fn insert<T: Ord>(items: &mut Vec<T>, item: T) -> bool {
    let at = lower_bound(items.len(), &|index| items[index] < item);
    let is_new = items.get(at) != Some(&item);
    if is_new {
        items.insert(at, item);
    }
    is_new
}

fn order_by(length: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..length).collect();
    order.sort_by(|one, other| compare(*one, *other));
    order
}

fn is_in_order(length: usize, number: &dyn Fn(usize) -> u64) -> bool {
    let (mut last, mut index) = (0, 0);
    while index < length {
        let own = number(index);
        if own < last {
            return false;
        }
        (last, index) = (own, index + 1);
    }
    true
}

fn order_of(length: usize, number: &dyn Fn(usize) -> u64) -> Vec<usize> {
    let index_of = |entry: u128| entry as u64 as usize;
    let mut order: Vec<u128> =
        (0..length).map(|index| u128::from(number(index)) << 64 | index as u128).collect();
    order.sort_unstable();
    order.into_iter().map(index_of).collect()
}

/// Brings what is at `order[index]` to each index, cycle by cycle.
fn permute(mut order: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..order.len() {
        let mut at = start;
        loop {
            let from = mem::replace(&mut order[at], at);
            if from == start || from == at {
                break;
            }
            swap(at, from);
            at = from;
        }
    }
}

/// The first index that is not before what is searched.
fn lower_bound(length: usize, is_before: &dyn Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, length);
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_before(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

/// A map in the order of its keys, for few of them: a new one moves those behind it.
#[derive(Debug)]
pub struct SortedMap<K, V>(Vec<(K, V)>);

impl<K: Ord, V> SortedMap<K, V> {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// The value of a key, which is made if it has none.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let at = lower_bound(self.0.len(), &|index| self.0[index].0 < key);
        if self.0.get(at).is_none_or(|(own, _)| *own != key) {
            self.0.insert(at, (key, make()));
        }
        &mut self.0[at].1
    }

    /// The one with the least key, taken out.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    pub fn iter(&self) -> slice::Iter<'_, (K, V)> {
        self.0.iter()
    }
}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers without visible order, some of them equal; each with its place.
    fn spread(length: u64) -> Vec<(u64, u64)> {
        (0..length).map(|index| (index.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56, index)).collect()
    }

    #[test]
    fn sorts_as_the_standard_library_does() {
        for length in [0, 1, 2, 3, 20, 1000] {
            let mut wanted = spread(length);
            wanted.sort_by_key(|item| item.0);
            let (mut by_order, mut by_number) = (spread(length), spread(length));
            sort_by(&mut by_order, &|one, other| one.0.cmp(&other.0));
            sort_by_number(&mut by_number, &|item| item.0);
            assert_eq!((&by_order, &by_number), (&wanted, &wanted));
        }
    }

    #[test]
    fn a_set_has_each_item_once() {
        let (mut set, mut all) = (Vec::new(), vec!["b", "a", "c", "a", "b"]);
        let new: Vec<bool> = all.iter().map(|item| insert(&mut set, *item)).collect();
        assert_eq!((set, new), (vec!["a", "b", "c"], vec![true, true, true, false, false]));
        sort_and_dedup(&mut all);
        assert_eq!(all, ["a", "b", "c"]);
    }

    #[test]
    fn a_map_is_in_the_order_of_its_keys() {
        let mut map = SortedMap::new();
        for (key, value) in [(3, "c"), (1, "a"), (2, "b"), (1, "z")] {
            map.get_or_insert_with(key, Vec::new).push(value);
        }
        assert_eq!(map.pop_first(), Some((1, vec!["a", "z"])));
        assert!(map.iter().map(|(key, _)| *key).eq([2, 3]));
        assert!(map.into_iter().eq([(2, vec!["b"]), (3, vec!["c"])]));
        assert_eq!(SortedMap::<u8, u8>::new().pop_first(), None);
    }
}
