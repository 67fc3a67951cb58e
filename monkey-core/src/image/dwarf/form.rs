//! How attribute values are stored.
use crate::image::bytes::Cursor;

/// The widths that a unit's header fixes.
#[derive(Debug, Clone, Copy)]
pub(in crate::image) struct Sizes {
    pub address: u8,
    /// Of an offset into a section: 4, or 8 in the 64-bit format.
    pub offset: u8,
}

/// A value as it stands there; what the number means depends on the form's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::image) enum Value {
    /// A number, an address or an offset into a section that the attribute implies.
    Number(u64),
    /// An index into the unit's part of `.debug_addr`.
    AddressIndex(u64),
    /// Where in `.debug_info` the text itself stands.
    TextHere(usize),
    /// An offset into `.debug_str`.
    Text(u64),
    /// An offset into `.debug_line_str`.
    LineText(u64),
    /// An index into the unit's part of `.debug_str_offsets`.
    TextIndex(u64),
    /// An entry, from the unit's begin.
    InUnit(u64),
    /// An entry, from the section's begin.
    InSection(u64),
    /// An expression, by its first byte.
    Expression(u8),
    /// Not of use here.
    Other,
}

/// An address as a plain number.
pub(in crate::image) const ADDRESS: u16 = 0x01;
/// The value stands with the shape.
pub(in crate::image) const IMPLICIT: u16 = 0x21;
/// A reference to an entry that may be another unit's.
pub(in crate::image) const OUTSIDE: u16 = 0x10;
const INDIRECT: u16 = 0x16;

/// The size of a form's value, when it is always the same.
pub(in crate::image) fn size(form: u16, sizes: Sizes) -> Option<u32> {
    Some(match form {
        0x19 | IMPLICIT => 0,
        0x0b | 0x0c | 0x11 | 0x25 | 0x29 => 1,
        0x05 | 0x12 | 0x26 | 0x2a => 2,
        0x27 | 0x2b => 3,
        0x06 | 0x13 | 0x1c | 0x28 | 0x2c => 4,
        0x07 | 0x14 | 0x20 | 0x24 => 8,
        0x1e => 16,
        0x01 => u32::from(sizes.address),
        0x0e | 0x10 | 0x17 | 0x1d | 0x1f | 0x1f20 | 0x1f21 => u32::from(sizes.offset),
        _ => return None,
    })
}

/// Reads a value and steps behind it. `None` when the bytes end or the form is not known.
pub(in crate::image) fn read(
    cursor: &mut Cursor<'_>,
    form: u16,
    implicit: i64,
    sizes: Sizes,
) -> Option<Value> {
    if let Some(size) = size(form, sizes) {
        if size > 8 {
            cursor.skip(u64::from(size))?;
            return Some(Value::Other);
        }
        let number = cursor.number(size as usize)?;
        return Some(fixed(form, number, implicit));
    }
    Some(match form {
        0x0d => Value::Number(cursor.sleb()? as u64),
        0x0f => Value::Number(cursor.uleb()?),
        0x15 => Value::InUnit(cursor.uleb()?),
        0x1a | 0x1f02 => Value::TextIndex(cursor.uleb()?),
        0x1b | 0x1f01 => Value::AddressIndex(cursor.uleb()?),
        0x08 => {
            let at = cursor.at;
            while cursor.u8()? != 0 {}
            Value::TextHere(at)
        }
        INDIRECT => {
            let form = cursor.uleb()? as u16;
            if form == INDIRECT {
                return None;
            }
            return read(cursor, form, implicit, sizes);
        }
        0x22 | 0x23 => {
            cursor.uleb()?;
            Value::Other
        }
        _ => block(cursor, form)?,
    })
}

fn fixed(form: u16, number: u64, implicit: i64) -> Value {
    match form {
        0x19 => Value::Number(1),
        IMPLICIT => Value::Number(implicit as u64),
        0x0e => Value::Text(number),
        0x1f => Value::LineText(number),
        0x10 => Value::InSection(number),
        0x11..=0x14 => Value::InUnit(number),
        0x25..=0x28 => Value::TextIndex(number),
        0x29..=0x2c => Value::AddressIndex(number),
        // A list of locations, or something in another file.
        0x1c | 0x1d | 0x20 | 0x24 | 0x1f20 | 0x1f21 => Value::Other,
        _ => Value::Number(number),
    }
}

fn block(cursor: &mut Cursor<'_>, form: u16) -> Option<Value> {
    let length = match form {
        0x0a => cursor.number(1)?,
        0x03 => cursor.number(2)?,
        0x04 => cursor.number(4)?,
        0x09 | 0x18 => cursor.uleb()?,
        _ => return None,
    };
    let first = if length == 0 { 0 } else { cursor.data.get(cursor.at).copied()? };
    cursor.skip(length)?;
    Some(Value::Expression(first))
}
