//! What is hooked, by address: written by one thread at a time, read by all without a lock.
//!
//! A table of open addressing. An entry's address is written last, so who finds it finds the rest. A table that has become
//! too small stays for those who are reading it, and its entries are those of the next one.
use crate::address;
use crate::group::Group;
use crate::hook::Hook;
use crate::plt;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::SeqCst};

/// What is known of an address.
#[derive(Debug, Clone, Copy)]
pub struct Known {
    /// The function that is there, or that what is there leads to.
    pub group: &'static Group,
    /// The hook, if the address itself is hooked.
    pub hook: Option<&'static Hook>,
}

#[derive(Debug)]
struct Entry {
    /// 0: free.
    address: AtomicUsize,
    known: AtomicPtr<Known>,
}

#[derive(Debug)]
struct Table {
    /// A power of two of them, at least a third of them free.
    entries: Box<[Entry]>,
    used: AtomicUsize,
    /// Kept reachable: somebody may be reading it.
    _before: Option<&'static Table>,
}

static TABLE: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());

const FIRST_SIZE: usize = 64;

/// What is known of an address. Takes no lock, and waits for nobody.
pub fn find(address: usize) -> Option<Known> {
    table()?.find(address)
}

/// The id of the group that a function is of, by a pointer to it, which may lead to it through another file's PLT; 0 if it is
/// not hooked.
///
/// For `original!`, in whose place `memcpy` itself may be asked for: nothing here is copied that is more than a word.
#[inline]
pub fn group_id(address: usize) -> u64 {
    let Some(table) = table() else { return 0 };
    let id = table.group_id(address);
    if id != 0 {
        return id;
    }
    match plt::followed(address) {
        Some(address) => table.group_id(address),
        None => 0,
    }
}

/// What is known of a function by a pointer to it, which may lead to it through another file's PLT.
pub fn function(address: usize) -> Option<Known> {
    let known = find(address);
    // Nothing is hooked: no need to look.
    if known.is_some() || table().is_none() {
        return known;
    }
    find(plt::followed(address)?)
}

/// All groups, one of several copies several times. Takes no lock, and waits for nobody.
pub fn groups() -> impl Iterator<Item = &'static Group> {
    let entries = table().into_iter().flat_map(|table| &table.entries);
    entries.filter_map(|entry| {
        // SAFETY: null, or written by `insert`, and never freed.
        let known = unsafe { entry.known.load(SeqCst).as_ref() };
        known.map(|known| known.group)
    })
}

/// Notes what an address is. One thread at a time: the one that has the lock of the program's text.
pub fn insert(address: usize, known: Known) {
    let table = match table() {
        Some(table) if table.used.load(SeqCst) * 3 < table.entries.len() * 2 => table,
        before => grown(before),
    };
    table.insert(address, Box::into_raw(Box::new(known)));
}

fn table() -> Option<&'static Table> {
    // SAFETY: null, or what `grown` made, which is never freed.
    unsafe { TABLE.load(SeqCst).as_ref() }
}

fn grown(before: Option<&'static Table>) -> &'static Table {
    let size = before.map_or(FIRST_SIZE, |before| before.entries.len() * 2);
    let free = || Entry { address: AtomicUsize::new(0), known: AtomicPtr::new(ptr::null_mut()) };
    let entries = std::iter::repeat_with(free).take(size).collect();
    let table: &'static Table =
        Box::leak(Box::new(Table { entries, used: AtomicUsize::new(0), _before: before }));
    for entry in before.iter().flat_map(|before| &before.entries) {
        let address = entry.address.load(SeqCst);
        if address != 0 {
            table.insert(address, entry.known.load(SeqCst));
        }
    }
    TABLE.store(ptr::from_ref(table).cast_mut(), SeqCst);
    table
}

impl Table {
    /// The entry of an address, or the free one that is to be its. Some are always free.
    ///
    /// Written out: nothing here is copied that is more than a word, for `original!` of `memcpy` comes this way.
    #[inline]
    fn entry(&self, address: usize) -> &Entry {
        let (entries, mask) = (&*self.entries, self.entries.len() - 1);
        let mut at = address::hash(address) as usize;
        loop {
            let entry = &entries[at & mask];
            let found = entry.address.load(SeqCst);
            if found == address || found == 0 {
                return entry;
            }
            at += 1;
        }
    }

    #[inline]
    fn known(&self, address: usize) -> Option<&'static Known> {
        let entry = self.entry(address);
        if entry.address.load(SeqCst) != address {
            return None;
        }
        // SAFETY: written before the address was, by `insert`, and never freed.
        unsafe { entry.known.load(SeqCst).as_ref() }
    }

    fn group_id(&self, address: usize) -> u64 {
        match self.known(address) {
            Some(known) => known.group.id,
            None => 0,
        }
    }

    fn find(&self, address: usize) -> Option<Known> {
        self.known(address).copied()
    }

    fn insert(&self, address: usize, known: *mut Known) {
        let entry = self.entry(address);
        entry.known.store(known, SeqCst);
        if entry.address.swap(address, SeqCst) == 0 {
            self.used.fetch_add(1, SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_found_while_the_table_grows() {
        // Addresses that no function of this program has.
        let addresses: Vec<usize> = (1..2000).map(|number| 0x7000_0000_0000_0000 + number * 16).collect();
        let group = Group::new();
        for (index, address) in addresses.iter().enumerate() {
            insert(*address, Known { group, hook: None });
            assert_eq!(table().unwrap().group_id(addresses[index / 2]), group.id);
            assert!(find(addresses[index / 2]).is_some() && find(address + 8).is_none());
        }
        let other = Group::new();
        insert(addresses[7], Known { group: other, hook: None });
        assert!(find(addresses[7]).is_some_and(|known| known.group.id == other.id));
        assert!(find(addresses[8]).is_some_and(|known| known.group.id == group.id));
    }
}
