//! The symbols around one address, found by one look at all of them: many processes patch one function, and putting all in order
//! takes as long as twenty such looks.
use super::Entry;
use super::table::{NOWHERE, Table};

#[derive(Debug)]
pub struct Around {
    pub address: u64,
    /// Those that begin last in front of it.
    pub before: Vec<Entry>,
    /// Those that begin there.
    pub own: Vec<Entry>,
    /// Where the first behind it begins.
    pub next: Option<u64>,
}

impl Around {
    /// `likely`: where the functions before and behind begin, as far as is known. Most symbols are beyond and looked at no further.
    pub fn find(table: &Table, address: u64, likely: Option<(u64, u64)>) -> Self {
        let all = (table.begin, u64::MAX);
        let found = Self::within(table, address, likely.unwrap_or(all));
        // Not every function has a symbol.
        if likely.is_some() && (found.before.is_empty() || found.next.is_none()) {
            return Self::within(table, address, all);
        }
        found
    }

    fn within(table: &Table, wanted: u64, (mut low, mut high): (u64, u64)) -> Self {
        let (symbols, functions) = (table.symbols, table.functions());
        let mut found = Self { address: wanted, before: Vec::new(), own: Vec::new(), next: None };
        let mut at = 0;
        while at < symbols.len() {
            let address = symbols[at].address;
            if address >= low && address <= high {
                let distance = functions.distance(&symbols[at]);
                if distance == NOWHERE {
                } else if address == wanted {
                    found.own.push(symbols[at].entry(distance as u32));
                } else if address > wanted {
                    (found.next, high) = (Some(address), address);
                } else {
                    if address > low {
                        (low, found.before) = (address, Vec::new());
                    }
                    found.before.push(symbols[at].entry(distance as u32));
                }
            }
            at += 1;
        }
        found
    }

    /// The entries with the nearest begin at or before it.
    pub fn last(&self) -> &[Entry] {
        if self.own.is_empty() { &self.before } else { &self.own }
    }
}
