//! Vectors that grow without their lock: memory is taken before, and given back after.

use std::slice;

/// A vector with room made beforehand.
#[derive(Debug)]
pub struct Reserved<T> {
    items: Vec<T>,
}

impl<T> Reserved<T> {
    pub const fn new() -> Self {
        Self { items: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn iter(&self) -> slice::Iter<'_, T> {
        self.items.iter()
    }

    pub fn iter_mut(&mut self) -> slice::IterMut<'_, T> {
        self.items.iter_mut()
    }

    pub fn get(&self, index: usize) -> Option<&T> {
        self.items.get(index)
    }

    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.items.get_mut(index)
    }

    /// Whether so many more fit in.
    pub fn has(&self, more: usize) -> bool {
        self.items.capacity() - self.items.len() >= more
    }

    /// How large a vector would have to be for so many more.
    pub fn wanted(&self, more: usize) -> usize {
        (self.items.len() + more).max(self.items.capacity() * 2).max(16)
    }

    /// Moves into a larger vector; the one before is left in its place, for the caller to drop.
    pub fn move_into(&mut self, larger: &mut Vec<T>) {
        if larger.capacity() > self.items.capacity() {
            larger.append(&mut self.items);
            std::mem::swap(larger, &mut self.items);
        }
    }

    /// Adds an item. There has to be room for it.
    pub fn push(&mut self, item: T) {
        debug_assert!(self.has(1), "room was made beforehand");
        self.items.push(item);
    }

    /// Takes the first item out that is wanted.
    pub fn take(&mut self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        let mut index = 0;
        while index < self.items.len() {
            if wanted(&self.items[index]) {
                return Some(self.items.swap_remove(index));
            }
            index += 1;
        }
        None
    }
}
