//! Notes of calls that are dispatched in source: what a thunk does in machine code is done here.
use super::{MOST, Record, Way};
use crate::append_only::AppendOnly;
use crate::code;
use crate::thread::BypassAll;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Notes calls in a record, and says where they go on to. Never freed: a thread may be in one that was taken away.
#[derive(Debug)]
pub struct Note {
    record: &'static Record,
    target: AtomicU64,
}

impl Note {
    /// A new one. Where it leads has to be said before its first call.
    pub fn new(record: &'static Record) -> &'static Self {
        static ALL: AppendOnly<Note> = AppendOnly::new();
        ALL.add(Self { record, target: AtomicU64::new(0) })
    }

    /// What its notes call it.
    pub fn id(&'static self) -> usize {
        ptr::from_ref(self) as usize
    }

    pub fn target(&self) -> Way {
        Way(self.target.load(SeqCst))
    }

    pub fn lead_to(&self, target: Way) {
        self.target.store(target.0, SeqCst);
    }

    /// Notes a call of this thread, with what it returns to, or 0.
    pub fn take(&'static self, return_address: u64) {
        let _bypass = BypassAll::begin();
        let index = self.record.count.fetch_add(1, SeqCst);
        if index < MOST {
            let call = &self.record.calls[index as usize];
            call.return_address.store(return_address, SeqCst);
            call.thread.store(code::own_thread() as u64, SeqCst);
            call.thunk.store(self.id() as u64, SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_noted_by_all_who_want_to_know_and_go_on() {
        let records = [Record::allocate(), Record::allocate()];
        let [first, second] = records.map(Note::new);
        first.lead_to(Way::by(second));
        second.lead_to(Way::to(77));
        assert_eq!((Way::by(first).end(), records[0].count.load(SeqCst)), (77, 0));
        assert_eq!((Way::by(first).go(5), Way::by(second).go(6), Way::to(0).go(7)), (77, 77, 0));
        let seen = records.map(|record| record.calls.each_ref().map(|call| call.thunk.load(SeqCst) as usize));
        assert_eq!(
            (seen[0][..2].to_vec(), seen[1][..3].to_vec()),
            (vec![first.id(), 0], vec![second.id(), second.id(), 0])
        );
        let returns = records[1].calls.each_ref().map(|call| call.return_address.load(SeqCst));
        assert_eq!(returns[..3], [5, 6, 0]);
        assert_eq!(records[0].calls[0].thread.load(SeqCst), code::own_thread() as u64);
    }
}
