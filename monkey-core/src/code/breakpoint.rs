//! Breakpoints of a debugger or a coverage tool that stand in memory: the file has the bytes that they cover.
//!
//! Pure: bytes in, bytes out. Every architecture is compiled on every host.

/// How breakpoints look on an instruction set.
#[derive(Debug, Clone, Copy)]
pub struct Breakpoint {
    /// Their length, and what they are aligned to, in bytes.
    size: usize,
    is: fn(&[u8]) -> bool,
}

/// `int3`, `CC`.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "tested on every host"))]
pub const X86_64: Breakpoint = Breakpoint { size: 1, is: |bytes| bytes == [0xCC] };

/// `brk #imm16`, `11010100001 imm16 00000`.
#[cfg_attr(not(target_arch = "aarch64"), allow(dead_code, reason = "tested on every host"))]
pub const AARCH64: Breakpoint = Breakpoint {
    size: 4,
    is: |bytes| {
        let word = bytes.try_into().map(u32::from_le_bytes);
        word.is_ok_and(|word| word & 0xFFE0_001F == 0xD420_0000)
    },
};

/// How far a difference that is no breakpoint makes doubtful what is around it, in bytes: the longest jump.
const AROUND: usize = 16;

impl Breakpoint {
    /// The code at a place where memory has `memory` and the loaded file has `file`, without the breakpoints that somebody
    /// has set there, and their offsets. `None` if there are none. A trap that the file has as well is the code's own.
    ///
    /// Bytes that differ in another way have been rewritten, by a jump for example, which may contain what looks like a
    /// breakpoint: so none is found near such.
    #[must_use]
    pub fn remove_all(self, memory: &[u8], file: &[u8]) -> Option<(Vec<u8>, Vec<usize>)> {
        let length = memory.len().min(file.len());
        // Comparing all at once is fast in a build without optimisation too; nearly always that is the end of it.
        if memory[..length] == file[..length] {
            return None;
        }
        let offsets = (0..length / self.size).map(|index| index * self.size);
        let part = |bytes: &[u8], at: usize| bytes[at..at + self.size].to_vec();
        let (set, rewritten): (Vec<_>, Vec<_>) = offsets
            .filter(|at| part(memory, *at) != part(file, *at))
            .partition(|at| (self.is)(&memory[*at..*at + self.size]));
        let alone = |at: &usize| rewritten.iter().all(|other| other.abs_diff(*at) > AROUND);
        let set: Vec<_> = set.into_iter().filter(alone).collect();
        let mut code = memory.to_vec();
        for at in &set {
            code[*at..*at + self.size].copy_from_slice(&file[*at..*at + self.size]);
        }
        (!set.is_empty()).then_some((code, set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = &[0x55, 0x48, 0x89, 0xE5, 0xCC, 0x41, 0x57, 0xC3];

    #[test]
    fn a_breakpoint_gives_way_to_what_the_file_has() {
        let memory = [0xCC, 0x48, 0x89, 0xE5, 0xCC, 0xCC, 0x57, 0xC3, 1, 2, 3];
        let (code, set) = X86_64.remove_all(&memory, FILE).unwrap();
        assert_eq!((&code[..8], &code[8..], &set[..]), (FILE, &memory[8..], &[0, 5][..]));
        assert_eq!(X86_64.remove_all(FILE, FILE), None, "a trap of its own");
        assert_eq!(X86_64.remove_all(FILE, &[]), None);
    }

    #[test]
    fn a_jump_is_left_as_it_is() {
        let memory = [0xE9, 0x48, 0xCC, 0xE5, 0xCC, 0x41, 0x57, 0xC3];
        assert_eq!(X86_64.remove_all(&memory, FILE), None);
        let mut far = [FILE, &[0x90; 16]].concat();
        let file = far.clone();
        far[0] = 0xE9;
        far[23] = 0xCC;
        let (code, set) = X86_64.remove_all(&far, &file).unwrap();
        assert_eq!((code[0], code[23], set), (0xE9, 0x90, vec![23]));
    }

    #[test]
    fn words_are_compared_as_words() {
        let word = |word: u32| word.to_le_bytes();
        let file = [word(0xA9BF_7BFD), word(0xD65F_03C0), word(0xD420_0020)].concat();
        let memory = [word(0xD420_0000), word(0xD65F_03C0), word(0xD420_0020)].concat();
        assert_eq!(AARCH64.remove_all(&memory, &file), Some((file.clone(), vec![0])));
        let branch = [word(0x1400_0004), word(0xD420_0000), word(0xD420_0020)].concat();
        assert_eq!(AARCH64.remove_all(&branch, &file), None);
    }
}
