//! An index of the entries of functions by name, and of those that refer to a function's: made when so many functions have been
//! searched that it costs no more than the searches have. All loops are written out: unoptimised, they read some million entries.
use super::abbreviations::{Form, Shape, Shapes, Step, Taken};
use super::root::Header;
use super::unit::Sections;
use crate::image::bytes::{bring, four};
use crate::memchr::find_byte;
use gimli::Section as _;

/// What is known of the units in which something was inlined.
#[derive(Debug, Default)]
pub(super) struct References {
    /// Entries of functions, by a hash of the identifier, with the place of the whole name.
    named: Pairs,
    names: Vec<u32>,
    /// Entries by the place of the one that they refer to.
    referring: Pairs,
}

/// Values in the order of their keys.
#[derive(Debug, Default)]
struct Pairs {
    keys: Vec<u32>,
    values: Vec<u32>,
}

/// An entry of a function with a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    /// Where the entry is in `.debug_info`, and its name in `.debug_str`.
    pub entry: usize,
    pub name: usize,
}

impl References {
    /// `None` where something is written in a form that is not known here. `everywhere`: whether units refer to each other, so that
    /// those count as well in which nothing was inlined.
    pub fn build(sections: &Sections, units: &[usize], everywhere: bool) -> Option<Self> {
        let (info, texts) = (sections.debug_info.reader().slice(), sections.debug_str.reader().slice());
        u32::try_from(info.len()).ok()?;
        bring(info);
        bring(texts);
        let mut reading = Reading { info, texts, ..Reading::default() };
        for start in units {
            let header = Header::read(info, *start).filter(Header::is_plain)?;
            let shapes = Shapes::read(sections.debug_abbrev.reader().slice(), header.abbreviations)?;
            if everywhere || shapes.has_inlined {
                reading.unit(*start, &header, &shapes)?;
            }
        }
        let order = order(&reading.identifiers);
        Some(Self {
            named: Pairs {
                keys: taken(&reading.identifiers, &order),
                values: taken(&reading.entries, &order),
            },
            names: taken(&reading.names, &order),
            referring: Pairs::sorted(&reading.targets, &reading.sources),
        })
    }

    /// The functions whose name has this identifier, and perhaps some others.
    pub fn named(&self, identifier: &[u8]) -> impl Iterator<Item = Named> {
        let (key, _) = hash(identifier, 0);
        let found = self.named.with(key);
        found.map(|at| Named { entry: self.named.values[at] as usize, name: self.names[at] as usize })
    }

    /// The entries that refer to the one at this place.
    pub fn referring(&self, to: usize) -> impl Iterator<Item = usize> {
        self.referring.with(to as u32).map(|at| self.referring.values[at] as usize)
    }
}

impl Pairs {
    fn sorted(keys: &[u32], values: &[u32]) -> Self {
        let order = order(keys);
        Self { keys: taken(keys, &order), values: taken(values, &order) }
    }

    /// The numbers of those with this key.
    fn with(&self, key: u32) -> std::ops::Range<usize> {
        let begin = self.keys.partition_point(|own| *own < key);
        let count = self.keys[begin..].iter().take_while(|own| **own == key).count();
        begin..begin + count
    }
}

/// The numbers of the keys in the keys' order: by two bytes, then by the other two.
fn order(keys: &[u32]) -> Vec<u32> {
    let mut order: Vec<u32> = vec![0; keys.len()];
    let mut next = 0;
    while next < keys.len() {
        order[next] = next as u32;
        next += 1;
    }
    for shift in [0, 16] {
        let (mut ends, mut sorted) = (vec![0_u32; (1 << 16) + 1], vec![0_u32; keys.len()]);
        let (starts, from, into): (&mut [u32], &[u32], &mut [u32]) = (&mut ends, &order, &mut sorted);
        next = 0;
        while next < keys.len() {
            starts[(keys[next] >> shift & 0xFFFF) as usize + 1] += 1;
            next += 1;
        }
        next = 1;
        while next < starts.len() {
            starts[next] += starts[next - 1];
            next += 1;
        }
        next = 0;
        while next < from.len() {
            let place = (keys[from[next] as usize] >> shift & 0xFFFF) as usize;
            into[starts[place] as usize] = from[next];
            starts[place] += 1;
            next += 1;
        }
        order = sorted;
    }
    order
}

fn taken(values: &[u32], order: &[u32]) -> Vec<u32> {
    let mut all = vec![0; order.len()];
    let (into, mut next): (&mut [u32], usize) = (&mut all, 0);
    while next < order.len() {
        into[next] = values[order[next] as usize];
        next += 1;
    }
    all
}

/// The hash of the identifier at `at`, which generic arguments may follow, and where it ends.
#[expect(clippy::cast_lossless, reason = "`from` is a call without optimisation")]
fn hash(text: &[u8], mut at: usize) -> (u32, usize) {
    let mut hash = 0_u32;
    while at < text.len() && text[at] != 0 && text[at] != b'<' {
        hash = hash.wrapping_mul(0x0100_0193) ^ text[at] as u32;
        at += 1;
    }
    (hash, at)
}

/// What has been found so far.
#[derive(Debug, Default)]
struct Reading {
    info: &'static [u8],
    texts: &'static [u8],
    identifiers: Vec<u32>,
    entries: Vec<u32>,
    names: Vec<u32>,
    targets: Vec<u32>,
    sources: Vec<u32>,
}

impl Reading {
    fn unit(&mut self, start: usize, header: &Header, shapes: &Shapes) -> Option<()> {
        let info: &'static [u8] = self.info.get(..header.end)?;
        let (all, steps): (&[Shape], &[Step]) = (&shapes.all, &shapes.steps);
        let mut at = header.entry;
        while at < info.len() {
            let entry = at;
            let mut code = info[at] as usize;
            at += 1;
            if code == 0 {
                continue;
            }
            if code >= 0x80 {
                let (value, behind) = leb(info, entry)?;
                (code, at) = (value, behind);
            }
            if code > all.len() {
                return None;
            }
            let shape = &all[code - 1];
            let (mut step, end) = (shape.first as usize, shape.end as usize);
            while step < end {
                let next = &steps[step];
                at += next.before as usize;
                if next.is_taken {
                    self.take(start, entry, at, next.taken)?;
                }
                if next.is_short_block && at < info.len() && info[at] < 0x80 {
                    at += 1 + info[at] as usize;
                } else {
                    at = behind(info, at, next.form)?;
                }
                step += 1;
            }
            at += shape.rest as usize;
        }
        Some(())
    }

    fn take(&mut self, start: usize, entry: usize, at: usize, taken: Taken) -> Option<()> {
        let value = four(self.info, at)? as u32;
        match taken {
            Taken::Name => {
                let (identifier, _) = hash(self.texts, value as usize);
                self.identifiers.push(identifier);
                self.entries.push(entry as u32);
                self.names.push(value);
            }
            Taken::InUnit | Taken::Anywhere => {
                let base = if taken == Taken::InUnit { start as u32 } else { 0 };
                self.targets.push(value.checked_add(base)?);
                self.sources.push(entry as u32);
            }
            Taken::Nothing => {}
        }
        Some(())
    }
}

/// A number in LEB128, and what is behind it.
pub(super) fn leb(data: &[u8], mut at: usize) -> Option<(usize, usize)> {
    let (mut value, mut shift) = (0, 0);
    loop {
        if at >= data.len() || shift > 56 {
            return None;
        }
        let byte = data[at] as usize;
        at += 1;
        value |= (byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some((value, at));
        }
        shift += 7;
    }
}

/// What is behind an attribute of no fixed size; of a fixed one, if `form` is that size.
fn behind(info: &[u8], at: usize, form: Form) -> Option<usize> {
    match form {
        Form::Fixed(size) => Some(at + size as usize),
        Form::Leb => {
            let mut at = at;
            while at < info.len() && info[at] >= 0x80 {
                at += 1;
            }
            Some(at + 1)
        }
        Form::Block => {
            let (size, at) = leb(info, at)?;
            at.checked_add(size)
        }
        Form::Block1 => Some(at + 1 + *info.get(at)? as usize),
        Form::Block2 => Some(at + 2 + (*info.get(at)? as usize | (*info.get(at + 1)? as usize) << 8)),
        Form::Block4 => (at + 4).checked_add(four(info, at)?),
        Form::Text => Some(at + 1 + find_byte(info.get(at..)?, 0)?),
    }
}
