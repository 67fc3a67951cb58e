//! Sections of DWARF on their way.
use crate::image::bytes::text;

/// Bytes that grow.
#[derive(Debug, Default)]
pub(super) struct Bytes(pub Vec<u8>);

impl Bytes {
    pub fn one(&mut self, value: u8) {
        self.0.push(value);
    }

    pub fn two(&mut self, value: usize) {
        self.0.extend_from_slice(&(value as u16).to_le_bytes());
    }

    pub fn four(&mut self, value: usize) {
        self.0.extend_from_slice(&(value as u32).to_le_bytes());
    }

    pub fn eight(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub fn text(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
        self.0.push(0);
    }

    pub fn unsigned(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub fn signed(&mut self, mut value: i64) {
        while !(-0x40..0x40).contains(&value) {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8 & 0x7F);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Leaves room for a length of four bytes, and says where.
    pub fn begin(&mut self) -> usize {
        self.four(0);
        self.len()
    }

    /// Writes the length of all since `begin`.
    pub fn end(&mut self, begin: usize) {
        let length = (self.len() - begin) as u32;
        self.0[begin - 4..begin].copy_from_slice(&length.to_le_bytes());
    }
}

/// `.debug_str`: each text once, so that its place says which text it is.
#[derive(Debug)]
pub(super) struct Texts {
    pub bytes: Bytes,
    /// The places of texts, each at the first free place behind that which its hash says; 0 is free.
    places: Vec<u32>,
    count: usize,
}

impl Texts {
    pub fn new() -> Self {
        let mut bytes = Bytes::default();
        bytes.text(b"");
        Self { bytes, places: vec![0; 1 << 12], count: 0 }
    }

    /// The place of a text.
    pub fn place(&mut self, text: &[u8]) -> usize {
        if text.is_empty() {
            return 0;
        }
        if self.count * 2 > self.places.len() {
            self.grow();
        }
        let at = self.slot(text);
        if self.places[at] == 0 {
            self.places[at] = self.bytes.len() as u32;
            self.count += 1;
            self.bytes.text(text);
        }
        self.places[at] as usize
    }

    fn slot(&self, text: &[u8]) -> usize {
        let mask = self.places.len() - 1;
        let mut at = hash(text) as usize & mask;
        while self.places[at] != 0 && !self.is_at(text, self.places[at] as usize) {
            at = (at + 1) & mask;
        }
        at
    }

    fn is_at(&self, text: &[u8], place: usize) -> bool {
        let bytes = &self.bytes.0[place..];
        bytes.starts_with(text) && bytes.get(text.len()) == Some(&0)
    }

    fn grow(&mut self) {
        let before = std::mem::take(&mut self.places);
        self.places = vec![0; before.len() * 2];
        for place in before.into_iter().filter(|place| *place != 0) {
            let own = text(&self.bytes.0, place as usize).unwrap_or_default();
            let at = self.slot(own);
            self.places[at] = place;
        }
    }
}

/// Eight bytes at a time: names are long. Mixed so that all bits depend on all of the text.
pub(super) fn hash(text: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let (words, rest) = text.as_chunks::<8>();
    let (mut hash, mut at) = (text.len() as u64, 0);
    while at < words.len() {
        hash = (hash ^ u64::from_le_bytes(words[at])).wrapping_mul(FACTOR).rotate_left(29);
        at += 1;
    }
    at = 0;
    while at < rest.len() {
        hash = (hash ^ u64::from(rest[at])).wrapping_mul(FACTOR).rotate_left(29);
        at += 1;
    }
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use gimli::Reader as _;

    #[test]
    fn numbers_are_as_gimli_reads_them() {
        let mut bytes = Bytes::default();
        let (unsigned, signed) = ([0, 0x7F, 0x80, 1 << 40], [0_i64, -1, 63, 64, -64, -65, 1 << 30]);
        for value in unsigned {
            bytes.unsigned(value);
        }
        for value in signed {
            bytes.signed(value);
        }
        let mut read = gimli::EndianSlice::new(&bytes.0, gimli::LittleEndian);
        assert_eq!(unsigned.map(|_| read.read_uleb128().unwrap()), unsigned);
        assert_eq!(signed.map(|_| read.read_sleb128().unwrap()), signed);
    }

    #[test]
    fn a_text_is_there_once() {
        let mut texts = Texts::new();
        let names: Vec<String> = (0..10_000).map(|number| format!("name{number}")).collect();
        let places: Vec<usize> = names.iter().map(|name| texts.place(name.as_bytes())).collect();
        for (name, place) in names.iter().zip(places) {
            assert_eq!(texts.place(name.as_bytes()), place);
            assert_eq!(text(&texts.bytes.0, place), Some(name.as_bytes()));
        }
    }
}
