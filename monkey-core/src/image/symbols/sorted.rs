//! All functions of a file, in the order of their addresses.
use super::Entry;
use super::table::{NOWHERE, Symbol, Table};
use crate::sorted::sort_by_number;

/// In lists of numbers: without optimisation zeros for numbers come from the system, those for anything else from a loop.
#[derive(Debug, Default)]
pub struct Sorted {
    base: u64,
    addresses: Vec<u32>,
    /// Where each is in `table`.
    places: Vec<u32>,
    table: &'static [Symbol],
}

impl Sorted {
    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    pub fn entry(&self, number: usize) -> Entry {
        self.table[self.places[number] as usize].entry(self.addresses[number])
    }

    /// Where the name of an entry is.
    pub fn name(&self, number: usize) -> u32 {
        self.table[self.places[number] as usize].name
    }

    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        (0..self.len()).map(|number| self.entry(number))
    }

    /// Where the names of all are, in their order.
    pub fn names(&self) -> Vec<u32> {
        let (places, table): (&[u32], &[Symbol]) = (&self.places, self.table);
        let mut names = vec![0; places.len()];
        let (into, mut next): (&mut [u32], usize) = (&mut names, 0);
        while next < places.len() {
            into[next] = table[places[next] as usize].name;
            next += 1;
        }
        names
    }

    /// The number of the first entry at or behind `address`.
    fn position(&self, address: u64) -> usize {
        let addresses: &[u32] = &self.addresses;
        let (mut low, mut high) = (0, addresses.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.base + u64::from(addresses[middle]) < address {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// The entries exactly at `address`.
    pub fn entries_at(&self, address: u64) -> Vec<Entry> {
        let (mut next, mut found) = (self.position(address), Vec::new());
        while next < self.len() && self.base + u64::from(self.addresses[next]) == address {
            found.push(self.entry(next));
            next += 1;
        }
        found
    }

    /// The entries of the last symbol that begins in front of `address`.
    pub fn before(&self, address: u64) -> Vec<Entry> {
        match self.position(address).checked_sub(1) {
            Some(last) => self.entries_at(self.base + u64::from(self.addresses[last])),
            None => Vec::new(),
        }
    }

    /// Where the first symbol behind `address` begins.
    pub fn next(&self, address: u64) -> Option<u64> {
        let address = self.addresses.get(self.position(address.saturating_add(1)))?;
        Some(self.base + u64::from(*address))
    }

    /// Sorts by counting how many begin in each stretch of code, which unoptimised code does in a tenth of the time that
    /// the standard library's sort takes there; what begins in one stretch is put in order afterwards.
    pub fn new(table: &Table) -> Self {
        let (symbols, functions) = (table.symbols, table.functions());
        let (span, mut shift) = (table.span(), 0_u32);
        while span >> shift > symbols.len() {
            shift += 1;
        }
        let mut ends = vec![0_u32; (span >> shift) + 2];
        let (mut found, mut found_at) = (vec![0_u32; symbols.len()], vec![0_u32; symbols.len()]);
        let (starts, all, all_at): (&mut [u32], &mut [u32], &mut [u32]) =
            (&mut ends, &mut found, &mut found_at);
        let (mut at, mut count) = (0, 0);
        while at < symbols.len() {
            let distance = functions.distance(&symbols[at]);
            if distance != NOWHERE {
                starts[(distance >> shift) as usize + 1] += 1;
                all[count] = distance as u32;
                all_at[count] = at as u32;
                count += 1;
            }
            at += 1;
        }
        let (mut stretch, mut before) = (1, 0);
        while stretch < starts.len() {
            before += starts[stretch];
            starts[stretch] = before;
            stretch += 1;
        }
        let (mut addresses, mut places) = (vec![0; count], vec![0; count]);
        let (into, into_places): (&mut [u32], &mut [u32]) = (&mut addresses, &mut places);
        at = 0;
        while at < count {
            let stretch = (all[at] >> shift) as usize;
            let place = starts[stretch] as usize;
            starts[stretch] += 1;
            into[place] = all[at];
            into_places[place] = all_at[at];
            at += 1;
        }
        mend(into, into_places);
        Self { base: table.begin, addresses, places, table: symbols }
    }
}

/// Puts the addresses in order, and the places along with them.
fn mend(addresses: &mut [u32], places: &mut [u32]) {
    let (mut next, mut moves, mut before) = (0, 0, 0);
    while next < addresses.len() {
        let own = addresses[next];
        if own < before {
            let (place, mut at) = (places[next], next);
            while at > 0 && addresses[at - 1] > own {
                addresses[at] = addresses[at - 1];
                places[at] = places[at - 1];
                at -= 1;
                moves += 1;
            }
            addresses[at] = own;
            places[at] = place;
            if moves > 8 * addresses.len() {
                return sort(addresses, places);
            }
        } else {
            before = own;
        }
        next += 1;
    }
}

fn sort(addresses: &mut [u32], places: &mut [u32]) {
    let mut all: Vec<_> = addresses.iter().copied().zip(places.iter().copied()).collect();
    sort_by_number(&mut all, &|(address, _)| u64::from(*address));
    for (at, entry) in all.into_iter().enumerate() {
        (addresses[at], places[at]) = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::elf::Section;

    fn sorted(addresses: &[u32]) -> Vec<u32> {
        let symbol = |address: &u32| Symbol::function(u64::from(*address) + 0x1000, 4);
        let symbols: Vec<Symbol> = addresses.iter().map(symbol).collect();
        let code = [Section { svma: 0x1000, size: u64::MAX, data: &[] }];
        Sorted::new(&Table::new(symbols.leak(), &[0], &code)).addresses
    }

    #[test]
    fn sorts_what_is_spread_and_what_is_not() {
        assert_eq!(sorted(&[]), []);
        let mut seed = 1_u32;
        let mut spread: Vec<u32> = (0..5000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed >> 8
            })
            .collect();
        let mut want = spread.clone();
        want.sort_unstable();
        assert_eq!(sorted(&spread), want);
        // One far away: all others fall into one stretch.
        for address in &mut spread {
            *address %= 4096;
        }
        spread.push(u32::MAX - 1);
        let mut want = spread.clone();
        want.sort_unstable();
        assert_eq!(sorted(&spread), want);
    }
}
