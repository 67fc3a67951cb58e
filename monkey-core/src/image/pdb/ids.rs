//! What the numbers of functions and types stand for, as far as names need it.
use super::records::{four, two};
use crate::image::bytes::{number, text};

const LF_CLASS: usize = 0x1504;
const LF_STRUCTURE: usize = 0x1505;
const LF_UNION: usize = 0x1506;
const LF_ENUM: usize = 0x1507;
const LF_FUNC_ID: usize = 0x1601;
const LF_MFUNC_ID: usize = 0x1602;
const LF_BUILDINFO: usize = 0x1603;
const LF_STRING_ID: usize = 0x1605;

/// The records of one stream, by their numbers.
#[derive(Debug, Default)]
struct Records {
    data: &'static [u8],
    first: usize,
    places: Vec<usize>,
}

impl Records {
    fn parse(stream: &'static [u8]) -> Option<Self> {
        let (mut at, first, size) = (four(stream, 4)?, four(stream, 8)?, four(stream, 16)?);
        let data = stream.get(..at.checked_add(size)?)?;
        let mut places = Vec::with_capacity(four(stream, 12)?.saturating_sub(first).min(size / 4));
        while let Some(length) = two(data, at) {
            places.push(at);
            at += 2 + length;
        }
        Some(Self { data, first, places })
    }

    /// The kind of a record, and what it says.
    fn get(&self, index: usize) -> Option<(usize, &'static [u8])> {
        let at = *self.places.get(index.checked_sub(self.first)?)?;
        let end = at + 2 + two(self.data, at)?;
        Some((two(self.data, at + 2)?, self.data.get(at + 4..end)?))
    }
}

/// Functions and types.
#[derive(Debug, Default)]
pub(super) struct Ids {
    ids: Records,
    types: Records,
}

/// What a function is called and what its type is.
#[derive(Debug)]
pub(super) struct FunctionId {
    /// With its path, as that of a function with code is spelled.
    pub name: Vec<u8>,
    pub kind_of_type: usize,
}

impl Ids {
    pub fn parse(ids: &'static [u8], types: &'static [u8]) -> Self {
        Self {
            ids: Records::parse(ids).unwrap_or_default(),
            types: Records::parse(types).unwrap_or_default(),
        }
    }

    pub fn function(&self, id: usize) -> Option<FunctionId> {
        let (kind, data) = self.ids.get(id)?;
        let (scope, own) = (four(data, 0)?, text(data, 8)?);
        let around = match kind {
            LF_FUNC_ID if scope == 0 => &[][..],
            LF_FUNC_ID => self.string(scope)?,
            LF_MFUNC_ID => self.type_name(scope)?,
            _ => return None,
        };
        let mut name = around.to_vec();
        if !around.is_empty() {
            name.extend_from_slice(b"::");
        }
        name.extend_from_slice(own);
        Some(FunctionId { name, kind_of_type: four(data, 4)? })
    }

    /// The folder that the compiler ran in, and the file that it was given.
    pub fn build(&self, id: usize) -> Option<[&'static [u8]; 2]> {
        let (kind, data) = self.ids.get(id)?;
        let argument = |index: usize| self.string(four(data, 2 + 4 * index)?);
        (kind == LF_BUILDINFO).then_some([argument(0)?, argument(2)?])
    }

    fn string(&self, id: usize) -> Option<&'static [u8]> {
        let (kind, data) = self.ids.get(id)?;
        (kind == LF_STRING_ID).then(|| text(data, 4))?
    }

    fn type_name(&self, index: usize) -> Option<&'static [u8]> {
        let (kind, data) = self.types.get(index)?;
        match kind {
            LF_CLASS | LF_STRUCTURE => text(data, behind_number(data, 16)?),
            LF_UNION => text(data, behind_number(data, 8)?),
            LF_ENUM => text(data, 12),
            _ => None,
        }
    }

    /// Whether values of a type take no room.
    pub fn is_empty(&self, index: usize) -> bool {
        /// A record that only says that there is such a type.
        const FORWARD: usize = 0x80;
        let size = || {
            let (kind, data) = self.types.get(index)?;
            let whole = two(data, 2)? & FORWARD == 0;
            match kind {
                LF_CLASS | LF_STRUCTURE if whole => two(data, 16),
                LF_UNION if whole => two(data, 8),
                _ => None,
            }
        };
        size() == Some(0)
    }
}

/// What is behind a number that is two bytes, or those that these say.
fn behind_number(data: &[u8], at: usize) -> Option<usize> {
    let size = match number(data, at, 2)? {
        0..0x8000 => 0,
        0x8000 => 1,
        0x8001 | 0x8002 => 2,
        0x8003 | 0x8004 => 4,
        0x8009 | 0x800A => 8,
        _ => return None,
    };
    Some(at + 2 + size)
}
