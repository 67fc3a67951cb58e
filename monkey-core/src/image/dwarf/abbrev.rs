//! The shapes of debug information entries, with the sizes that let a walk step over most of them.
use super::form;
use super::unit::{LOW, SUBPROGRAM};
use crate::image::bytes::Cursor;

/// One attribute of a shape.
#[derive(Debug, Clone, Copy)]
pub(in crate::image) struct Attribute {
    pub name: u16,
    pub form: u16,
    /// The value itself, for the form that has it here.
    pub implicit: i64,
}

/// The shape of an entry.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::image) struct Abbrev {
    /// Zero where the table has a gap.
    pub tag: u16,
    pub children: bool,
    first: u32,
    count: u32,
    /// The entry's size behind its code, when it is always the same.
    pub fixed: Option<u32>,
}

/// All shapes of a unit, by code.
#[derive(Debug, Default)]
pub(in crate::image) struct Abbrevs {
    shapes: Vec<Abbrev>,
    attributes: Vec<Attribute>,
}

/// rustc numbers the shapes from 1. A table that does not is not worth the memory.
const MOST: u64 = 1 << 16;

impl Abbrevs {
    pub fn parse(section: &[u8], at: usize, sizes: form::Sizes) -> Option<Self> {
        let mut cursor = Cursor { data: section, at };
        let mut all = Self::default();
        loop {
            let code = cursor.uleb()?;
            if code == 0 {
                return Some(all);
            }
            if code > MOST {
                return None;
            }
            let code = code as usize;
            if all.shapes.len() <= code {
                all.shapes.resize(code + 1, Abbrev::default());
            }
            all.shapes[code] = all.shape(&mut cursor, sizes)?;
        }
    }

    fn shape(&mut self, cursor: &mut Cursor<'_>, sizes: form::Sizes) -> Option<Abbrev> {
        let tag = cursor.uleb()? as u16;
        let children = cursor.u8()? != 0;
        let first = self.attributes.len() as u32;
        let mut fixed = Some(0);
        loop {
            let (data, at) = (cursor.data, cursor.at);
            // Nearly all of these are one byte each.
            let (name, form) = if at + 1 < data.len() && data[at] < 0x80 && data[at + 1] < 0x80 {
                cursor.at += 2;
                (u16::from(data[at]), u16::from(data[at + 1]))
            } else {
                (cursor.uleb()? as u16, cursor.uleb()? as u16)
            };
            let implicit = if form == form::IMPLICIT { cursor.sleb()? } else { 0 };
            if name == 0 && form == 0 {
                break;
            }
            self.attributes.push(Attribute { name, form, implicit });
            fixed = match (fixed, form::size(form, sizes)) {
                (Some(all), Some(one)) => Some(all + one),
                _ => None,
            };
        }
        Some(Abbrev { tag, children, first, count: self.attributes.len() as u32 - first, fixed })
    }

    pub fn get(&self, code: u64) -> Option<&Abbrev> {
        let shapes: &[Abbrev] = &self.shapes;
        let code = code as usize;
        if code >= shapes.len() || shapes[code].tag == 0 {
            return None;
        }
        Some(&shapes[code])
    }

    /// Whether an entry may complete one of another unit.
    pub fn refers_outside(&self) -> bool {
        self.attributes
            .iter()
            .any(|attribute| matches!(attribute.name, 0x31 | 0x47) && attribute.form == form::OUTSIDE)
    }

    /// Whether every function that has an address has it as its first attribute, as a plain number.
    pub fn functions_begin_with_address(&self) -> bool {
        let functions = self.shapes.iter().filter(|shape| shape.tag == SUBPROGRAM);
        functions.map(|shape| self.attributes(shape)).all(|attributes| {
            let at = attributes.iter().position(|attribute| attribute.name == LOW);
            at.is_none_or(|at| at == 0 && attributes[0].form == form::ADDRESS)
        })
    }

    pub fn attributes(&self, shape: &Abbrev) -> &[Attribute] {
        &self.attributes[shape.first as usize..(shape.first + shape.count) as usize]
    }
}
