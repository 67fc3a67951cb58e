//! Lists that mostly have one item, which then needs no memory of its own.
use std::ops::{Deref, DerefMut};
use std::slice;

/// A list whose only item lies in it.
#[derive(Debug)]
pub enum Few<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> Few<T> {
    pub const fn new() -> Self {
        Self::Many(Vec::new())
    }

    /// What each item of an array becomes.
    pub fn from_array<S, const N: usize>(items: [S; N], mut make: impl FnMut(S) -> T) -> Self {
        let mut items = items.into_iter();
        if N == 1
            && let Some(item) = items.next()
        {
            return Self::One(make(item));
        }
        Self::Many(items.map(make).collect())
    }

    /// The only item.
    pub fn only(&self) -> Option<&T> {
        match self {
            Self::One(item) => Some(item),
            Self::Many(items) => {
                if items.len() == 1 {
                    items.first()
                } else {
                    None
                }
            }
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::One(item) => slice::from_ref(item),
            Self::Many(items) => items,
        }
    }
}

impl<T> DerefMut for Few<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::One(item) => slice::from_mut(item),
            Self::Many(items) => items,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    fn check<const N: usize>() {
        let mut all = Few::from_array([7; N], |item| item);
        assert_eq!((all.len(), all.only().copied()), (N, (N == 1).then_some(7)));
        all.iter_mut().enumerate().for_each(|(index, item)| *item += index);
        assert!(all.iter().copied().eq(7..7 + N));
    }

    #[test]
    fn items_come_in_the_order_in_which_they_went() {
        check::<0>();
        check::<1>();
        check::<2>();
        check::<3>();
        check::<5>();
    }
}
