//! The operands of an instruction of the maps of one and two bytes: registers by their number.
//!
//! Which kind of register a number means, and how much of it, the opcode tells.
use super::{Instruction, Space};

/// Bits of REX: what extends the field `reg` of `ModRM`, the index, and the base or `rm`.
const REX_R: u8 = 4;
const REX_X: u8 = 2;
const REX_B: u8 = 1;

impl Instruction<'_> {
    /// The opcode, if it is in the map of one byte.
    pub(crate) fn one_byte(&self) -> Option<u8> {
        (self.space == Space::One).then_some(self.opcode)
    }

    /// The mandatory prefix (0 if there is none) and the opcode, if it is in the map of two bytes.
    pub(crate) fn two_byte(&self) -> Option<(u8, u8)> {
        let prefix = [0, 0x66, 0xF3, 0xF2][self.prefixes.mandatory()];
        (self.space == Space::Two).then_some((prefix, self.opcode))
    }

    /// The field `reg` of `ModRM`: a register.
    pub(crate) fn reg(&self) -> Option<u8> {
        self.modrm().map(|modrm| self.extended(modrm >> 3, REX_R))
    }

    /// The field `reg` of `ModRM`: which operation of a group it is.
    pub(crate) fn operation(&self) -> Option<u8> {
        self.modrm().map(|modrm| modrm >> 3 & 7)
    }

    /// The field `rm` of `ModRM`, if the operand is a register.
    pub(crate) fn rm(&self) -> Option<u8> {
        let modrm = self.modrm().filter(|modrm| *modrm >= 0xC0)?;
        Some(self.extended(modrm, REX_B))
    }

    /// The register in the opcode itself.
    pub(crate) fn opcode_register(&self) -> u8 {
        self.extended(self.opcode, REX_B)
    }

    /// The register that the operand in memory is relative to; `None` if that is `rip` or nothing.
    pub(crate) fn memory_base(&self) -> Option<u8> {
        let modrm = self.modrm().filter(|modrm| *modrm < 0xC0)?;
        let base = self.sib().unwrap_or(modrm) & 7;
        // Without a displacement of its own, base 5 is none, with REX.B as well.
        (base != 5 || modrm >= 0x40).then(|| self.extended(base, REX_B))
    }

    /// The index register of the operand in memory.
    pub(crate) fn memory_index(&self) -> Option<u8> {
        let index = self.extended(self.sib()? >> 3, REX_X);
        // Without REX.X, index 4 is none.
        (index != 4).then_some(index)
    }

    /// The SIB byte of an operand in memory.
    fn sib(&self) -> Option<u8> {
        let modrm = self.modrm()?;
        (modrm < 0xC0 && modrm & 7 == 4).then(|| self.bytes[self.modrm_at + 1])
    }

    fn extended(&self, field: u8, bit: u8) -> u8 {
        field & 7 | if self.prefixes.rex & bit == 0 { 0 } else { 8 }
    }
}

#[cfg(test)]
mod tests {
    use super::super::decode;

    type Operands = [Option<u8>; 4];

    /// `reg`, `rm`, base, index.
    fn operands(code: &[u8]) -> Operands {
        let decoded = decode(code, 0x1000).unwrap();
        assert_eq!(decoded.bytes, code);
        [decoded.reg(), decoded.rm(), decoded.memory_base(), decoded.memory_index()]
    }

    #[test]
    fn registers_are_told_by_number() {
        let cases: [(&str, &[u8], Operands); 12] = [
            ("mov eax, ecx", &[0x89, 0xC8], [Some(1), Some(0), None, None]),
            ("mov r9, r12", &[0x4D, 0x89, 0xE1], [Some(12), Some(9), None, None]),
            ("mov eax, [rbx]", &[0x8B, 0x03], [Some(0), None, Some(3), None]),
            ("mov r8d, [r11+8]", &[0x45, 0x8B, 0x43, 8], [Some(8), None, Some(11), None]),
            ("mov eax, [rsp]", &[0x8B, 0x04, 0x24], [Some(0), None, Some(4), None]),
            ("mov eax, [r12]", &[0x41, 0x8B, 0x04, 0x24], [Some(0), None, Some(12), None]),
            ("mov eax, [rbx+r9*4]", &[0x42, 0x8B, 0x04, 0x8B], [Some(0), None, Some(3), Some(9)]),
            ("mov eax, [rbx+r12]", &[0x42, 0x8B, 0x04, 0x23], [Some(0), None, Some(3), Some(12)]),
            ("mov eax, [rbp]", &[0x8B, 0x45, 0], [Some(0), None, Some(5), None]),
            ("mov eax, [r13+rcx]", &[0x41, 0x8B, 0x44, 0x0D, 0], [Some(0), None, Some(13), Some(1)]),
            ("mov eax, [rip]", &[0x41, 0x8B, 0x05, 0, 0, 0, 0], [Some(0), None, None, None]),
            ("mov eax, [rcx*2+8]", &[0x41, 0x8B, 0x04, 0x4D, 8, 0, 0, 0], [Some(0), None, None, Some(1)]),
        ];
        for (text, code, told) in cases {
            assert_eq!(operands(code), told, "{text}");
        }
        assert_eq!(operands(&[0xC3]), [None; 4], "ret");
    }

    #[test]
    fn opcodes_are_told_with_their_map() {
        // push r10; group of FF: push [rax]
        let push = decode(&[0x41, 0x52], 0).unwrap();
        assert_eq!((push.one_byte(), push.two_byte(), push.opcode_register()), (Some(0x52), None, 10));
        assert_eq!(decode(&[0xFF, 0x30], 0).unwrap().operation(), Some(6));
        // movaps; movdqa; movdqu, whose prefix beats another; movsd
        for (code, prefix) in [
            (&[0x0F, 0x28, 0xC1][..], 0),
            (&[0x66, 0x0F, 0x6F, 0xC1], 0x66),
            (&[0x66, 0xF3, 0x0F, 0x6F, 0xC1], 0xF3),
            (&[0xF2, 0x0F, 0x10, 0xC1], 0xF2),
        ] {
            let decoded = decode(code, 0).unwrap();
            assert_eq!(decoded.two_byte(), Some((prefix, code[code.len() - 2])), "{code:x?}");
            assert_eq!(decoded.one_byte(), None, "{code:x?}");
        }
        // vmovaps; pshufb
        for code in [&[0xC5, 0xF8, 0x28, 0xC1][..], &[0x0F, 0x38, 0x00, 0xC1]] {
            let decoded = decode(code, 0).unwrap();
            assert_eq!((decoded.one_byte(), decoded.two_byte()), (None, None), "{code:x?}");
        }
    }
}
