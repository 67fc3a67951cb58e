//! A list that only grows and that anybody reads at any time: nobody waits, so a fork at any moment leaves a child that
//! can read on.
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Values that stay for the life of the process, the latest first.
#[derive(Debug)]
pub struct AppendOnly<T: 'static>(AtomicPtr<Node<T>>);

#[derive(Debug)]
struct Node<T: 'static> {
    value: T,
    next: Option<&'static Self>,
}

impl<T: Sync + 'static> AppendOnly<T> {
    pub const fn new() -> Self {
        Self(AtomicPtr::new(null_mut()))
    }

    /// The value that `is_it` knows.
    #[inline]
    pub fn find(&self, is_it: impl Fn(&T) -> bool) -> Option<&'static T> {
        find(self.first(), &is_it)
    }

    #[inline]
    fn first(&self) -> Option<&'static Node<T>> {
        let first = self.0.load(Ordering::Acquire);
        // SAFETY: the pointer is null or what `publish` has: a leaked node, complete before it was published
        // and only shared since then.
        unsafe { first.as_ref() }
    }

    /// The value that `is_it` knows, which `new` becomes if there is none. There is never a second one.
    pub fn find_or_add(&self, is_it: impl Fn(&T) -> bool, new: impl FnOnce() -> T) -> &'static T {
        let first = self.first();
        match find(first, &is_it) {
            Some(value) => value,
            None => self.publish(first, new(), is_it),
        }
    }

    /// Adds a value, whatever there is.
    pub fn add(&self, value: T) -> &'static T {
        self.publish(self.first(), value, |_| false)
    }

    /// Adds a value that none of the nodes from `first` on has, or finds the one that another thread has added meanwhile.
    fn publish(
        &self,
        mut first: Option<&'static Node<T>>,
        value: T,
        is_it: impl Fn(&T) -> bool,
    ) -> &'static T {
        let mut node = Box::new(Node { value, next: first });
        loop {
            let expected = first.map_or(null_mut(), |first| std::ptr::from_ref(first).cast_mut());
            let pointer = Box::into_raw(node);
            if self.0.compare_exchange(expected, pointer, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                // SAFETY: it was leaked just now, and what is published is never freed or changed.
                return unsafe { &(*pointer).value };
            }
            // SAFETY: it was not published, so this pointer from the box is the only one.
            node = unsafe { Box::from_raw(pointer) };
            first = self.first();
            if let Some(value) = find(first, &is_it) {
                return value;
            }
            node.next = first;
        }
    }
}

#[inline]
fn find<T>(first: Option<&'static Node<T>>, is_it: &impl Fn(&T) -> bool) -> Option<&'static T> {
    let nodes = std::iter::successors(first, |node| node.next);
    nodes.map(|node| &node.value).find(|value| is_it(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_that_add_the_same_get_the_same() {
        static LIST: AppendOnly<usize> = AppendOnly::new();
        let add =
            || (0..100).map(|number| LIST.find_or_add(|own| *own == number, || number)).collect::<Vec<_>>();
        let all: Vec<Vec<&usize>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(add)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for one in &all {
            assert!(one.iter().zip(&all[0]).all(|(one, same)| std::ptr::eq(*one, *same)));
        }
        assert_eq!(std::iter::successors(LIST.first(), |node| node.next).count(), 100);
    }
}
