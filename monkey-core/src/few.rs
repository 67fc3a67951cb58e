//! Lists that mostly have one item, which then needs no memory of its own.

/// A list whose first item lies in it.
#[derive(Debug)]
pub struct Few<T> {
    first: Option<T>,
    others: Vec<T>,
}

impl<T> Few<T> {
    pub const fn new() -> Self {
        Self { first: None, others: Vec::new() }
    }

    pub fn one(item: T) -> Self {
        Self { first: Some(item), others: Vec::new() }
    }

    pub fn push(&mut self, item: T) {
        if self.first.is_none() {
            self.first = Some(item);
        } else {
            self.others.push(item);
        }
    }

    pub fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }

    /// The only item.
    pub fn only(&self) -> Option<&T> {
        self.first.as_ref().filter(|_| self.others.is_empty())
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.first.iter().chain(&self.others)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.first.iter_mut().chain(&mut self.others)
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        items.into_iter().for_each(|item| self.push(item));
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut all = Self::new();
        all.extend(items);
        all
    }
}

impl<T> IntoIterator for Few<T> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.others)
    }
}

#[cfg(test)]
mod tests {
    use super::Few;

    #[test]
    fn items_come_in_the_order_in_which_they_went() {
        for count in 0..5_usize {
            let mut all: Few<usize> = (0..count).collect();
            assert_eq!((all.len(), all.only().copied()), (count, (count == 1).then_some(0)));
            all.iter_mut().for_each(|item| *item += 1);
            assert!(all.iter().copied().eq(1..=count));
            assert!(all.into_iter().eq(1..=count));
        }
    }
}
