//! Opcodes of every encoding: legacy, VEX, EVEX, XOP.
use super::{Fault, Prefixes, Reader, Space, layout, maps};
use maps::Map;

/// An opcode, its map, and the column of that map: the mandatory prefix.
pub(super) struct Opcode {
    pub(super) space: Space,
    pub byte: u8,
    pub map: &'static Map,
    pub column: usize,
    pub evex: Option<Evex>,
}

/// What the last byte of an EVEX prefix says that makes instructions undefined.
#[derive(Clone, Copy)]
pub(super) struct Evex {
    /// The vector length that does not exist.
    length: bool,
    /// Broadcast, rounding or suppressed exceptions.
    broadcast: bool,
    masked: bool,
}

impl Opcode {
    pub(super) fn read(reader: &mut Reader, prefixes: &Prefixes) -> Result<Self, Fault> {
        let column = prefixes.mandatory();
        let legacy = |space, byte, map| Ok(Self { space, byte, map, column, evex: None });
        match reader.byte()? {
            0x0F => match reader.byte()? {
                0x38 => legacy(Space::Other, reader.byte()?, &maps::THREE_38),
                0x3A => legacy(Space::Other, reader.byte()?, &maps::THREE_3A),
                byte => legacy(Space::Two, byte, &maps::TWO),
            },
            byte @ (0xC4 | 0xC5 | 0x62) => Self::vector(reader, prefixes, byte),
            // The map numbers that XOP has would be another operation of the group, of which there is only one.
            0x8F if reader.peek()? & 0x1F >= 8 => Self::vector(reader, prefixes, 0x8F),
            byte => legacy(Space::One, byte, &maps::ONE),
        }
    }

    // C5 R.vvvv.L.pp           C4 R.X.B.mmmmm W.vvvv.L.pp           8F: as C4
    // 62 R.X.B.R'.0.mmm W.vvvv.1.pp z.L'L.b.V'.aaa
    fn vector(reader: &mut Reader, prefixes: &Prefixes, kind: u8) -> Result<Self, Fault> {
        let first = reader.byte()?;
        let second = if kind == 0xC5 { first } else { reader.byte()? };
        let map = match (kind, first & 0x1F) {
            (0xC5, _) | (0xC4, 1) => &maps::VEX_1,
            (0xC4, 2) => &maps::VEX_2,
            (0xC4, 3) => &maps::VEX_3,
            (0x8F, 8) => &maps::XOP_8,
            (0x8F, 9) => &maps::XOP_9,
            (0x8F, 10) => &maps::XOP_A,
            (0x62, _) => evex_map(first, second)?,
            _ => return Err(Fault::Undefined),
        };
        if prefixes.any_before_vector() {
            return Err(Fault::Undefined);
        }
        let evex = if kind == 0x62 { Some(Evex::read(reader.byte()?)?) } else { None };
        Ok(Self { space: Space::Other, byte: reader.byte()?, map, column: usize::from(second & 3), evex })
    }
}

/// The bits that are fixed here are what APX extends: refused, as are its maps.
fn evex_map(first: u8, second: u8) -> Result<&'static Map, Fault> {
    match (first & 0x0F, second & 4) {
        (1, 4) => Ok(&maps::EVEX_1),
        (2, 4) => Ok(&maps::EVEX_2),
        (3, 4) => Ok(&maps::EVEX_3),
        (5, 4) => Ok(&maps::EVEX_5),
        (6, 4) => Ok(&maps::EVEX_6),
        _ => Err(Fault::Undefined),
    }
}

impl Evex {
    fn read(byte: u8) -> Result<Self, Fault> {
        let masked = byte & 7 != 0;
        // Zeroing what no mask selects.
        if byte & 0x80 != 0 && !masked {
            return Err(Fault::Undefined);
        }
        Ok(Self { length: byte & 0x60 == 0x60, broadcast: byte & 0x10 != 0, masked })
    }

    pub(super) fn defines(self, modrm: u8, gathers: bool) -> bool {
        // In a register operation the length may be the way of rounding. A gather needs its mask.
        let rounds = modrm >= 0xC0 && self.broadcast;
        (!self.length || rounds) && (self.masked || !gathers)
    }
}

impl layout::Allowed {
    pub(super) fn has(&self, modrm: u8) -> bool {
        if modrm >= 0xC0 {
            return self.register >> (modrm & 63) & 1 != 0;
        }
        self.memory >> (modrm >> 3 & 7) & 1 != 0 && (!self.sib || modrm & 7 == 4)
    }
}
