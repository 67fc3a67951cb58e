//! Opcode maps: what follows each opcode, one [symbol](super::layout::form) each.
//!
//! As the opcode maps in the Intel SDM, volume 2, appendix A, and the AMD APM, volume 3, appendix A: a line is one
//! high digit of the opcode, a column one low digit. Each line stands four times, for the mandatory prefixes: none,
//! `66`, `F3`, `F2`. Opcodes to which the prefix means nothing stand in all four.

/// Symbols by high digit of the opcode, mandatory prefix, low digit.
pub type Map = [[&'static [u8; 16]; 4]; 16];

type Line = (usize, [&'static [u8; 16]; 4]);

/// None of the sixteen is defined.
const N: &[u8; 16] = b"................";

const fn map(lines: &[Line]) -> Map {
    let mut map = [[N; 4]; 16];
    let mut index = 0;
    while index < lines.len() {
        map[lines[index].0 >> 4] = lines[index].1;
        index += 1;
    }
    map
}

const fn any(line: &'static [u8; 16]) -> [&'static [u8; 16]; 4] {
    [line; 4]
}

/// One byte: SDM table A-2. Prefixes, escapes to other maps and what 64-bit mode took away are no opcodes.
pub static ONE: Map = map(&[
    (0x00, any(b"mmmm1z..mmmm1z..")),
    (0x10, any(b"mmmm1z..mmmm1z..")),
    (0x20, any(b"mmmm1z..mmmm1z..")),
    (0x30, any(b"mmmm1z..mmmm1z..")),
    (0x50, any(b"----------------")),
    (0x60, any(b"...m....zZ1i----")),
    (0x70, any(b"jjjjjjjjjjjjjjjj")),
    (0x80, any(b"iZ.immmmmmmmAM80")),
    (0x90, any(b"----------.-----")),
    (0xA0, any(b"oooo----1z------")),
    (0xB0, any(b"11111111wwwwwwww")),
    (0xC0, any(b"ii2-..vy3-2--1.-")),
    (0xD0, any(b"mmmm...-m456m79%")),
    (0xE0, any(b"jjjj1111JJ.j----")),
    (0xF0, any(b".-..--=+------<>")),
]);

/// `0F`: SDM table A-3.
pub static TWO: Map = map(&[
    (0x00, [b"ADmm.-----.-.m-i", b"AEmm.-----.-.m-i", b"AFmm.-----.-.m-i", b"BGmm.-----.-.m-i"]),
    (0x10, [b"mmmMmmmMmmmmmmmm", b"mmMMmmMMmmmmmmmm", b"mmm...m.mmmmmmmm", b"mmm.....mmmmmmmm"]),
    (0x20, [b"CRCR....mmmMmmmm", b"CRCR....mmmMmmmm", b"CRCR......mMmm..", b"CRCR......mMmm.."]),
    (0x30, [b"------.-........", b"------..........", b"------..........", b"------.........."]),
    (0x40, [b"mmmmmmmmmmmmmmmm", b"mmmmmmmmmmmmmmmm", b"mmmmmmmmmmmmmmmm", b"mmmmmmmmmmmmmmmm"]),
    (0x50, [b"Rmmmmmmmmmmmmmmm", b"Rm..mmmmmmmmmmmm", b".mmm....mmmmmmmm", b".m......mmm.mmmm"]),
    (0x60, [b"mmmmmmmmmmmm..mm", b"mmmmmmmmmmmmmmmm", b"...............m", N]),
    (0x70, [b"iHHImmm-mm....mm", b"iHHKmmm.XR..mmmm", b"i.............mm", b"i.......xR..mm.."]),
    (0x80, [b"JJJJJJJJJJJJJJJJ", b"JJJJJJJJJJJJJJJJ", b"JJJJJJJJJJJJJJJJ", b"JJJJJJJJJJJJJJJJ"]),
    (0x90, [b"mmmmmmmmmmmmmmmm", b"mmmmmmmmmmmmmmmm", b"mmmmmmmmmmmmmmmm", b"mmmmmmmmmmmmmmmm"]),
    (0xA0, [b"---mim.L---mimPm", b"---mim.L---mimQm", b"---mimNR---mimTm", b"---mim.L---mimUm"]),
    (0xB0, [b"mmMmMMmm.mVmmmmm", b"mmMmMMmm.mVmmmmm", b"mmMmMMmmmmVmmmmm", b"mmMmMMmm.mVmmmmm"]),
    (0xC0, [b"mmiMiriW--------", b"mmi.iriY--------", b"mmi....Y--------", b"mmi....O--------"]),
    (0xD0, [b".mmmmm.Rmmmmmmmm", b"mmmmmmmRmmmmmmmm", b"......R.........", b"m.....R........."]),
    (0xE0, [b"mmmmmm.Mmmmmmmmm", b"mmmmmmmMmmmmmmmm", b"......m.........", b"......m........."]),
    (0xF0, [b".mmmmmmRmmmmmmm!", b".mmmmmmRmmmmmmm!", b"...............!", b"M..............!"]),
]);

/// `0F 38`: SDM table A-4.
pub static THREE_38: Map = map(&[
    (0x00, [b"mmmmmmmmmmmm....", b"mmmmmmmmmmmm....", N, N]),
    (0x10, [b"............mmm.", b"m...mm.m....mmm.", N, N]),
    (0x20, [N, b"mmmmmm..mmMm....", N, N]),
    (0x30, [N, b"mmmmmm.mmmmmmmmm", N, N]),
    (0x40, [N, b"mm..............", N, N]),
    (0x80, [N, b"MMM.............", N, N]),
    (0xC0, [b"........mmmmmm..", b"...............m", N, N]),
    (0xD0, [N, b"...........mmmmm", b"........k...mMMM", N]),
    (0xF0, [b"MM....M..M..M...", b"MM...Mm.M...M...", b"......m.M.RRM...", b"mm......M...M..."]),
]);

/// `0F 3A`: SDM table A-5.
pub static THREE_3A: Map = map(&[
    (0x00, [b"...............i", b"........iiiiiiii", N, N]),
    (0x10, [N, b"....iiii........", N, N]),
    (0x20, [N, b"iii.............", N, N]),
    (0x40, [N, b"iii.i...........", N, N]),
    (0x60, [N, b"iiii............", N, N]),
    (0xC0, [b"............i...", b"..............ii", N, N]),
    (0xD0, [N, b"...............i", N, N]),
    (0xF0, [N, N, b"h...............", N]),
]);

/// VEX, map 1.
pub static VEX_1: Map = map(&[
    (0x10, [b"mmmMmmmM........", b"mmMMmmMM........", b"mmm...m.........", b"mmm............."]),
    (0x20, [b"........mm.M..mm", b"........mm.M..mm", b"..........m.mm..", b"..........m.mm.."]),
    (0x40, [b".RR.RRRR..RR....", b".RR.RRRR..RR....", N, N]),
    (0x50, [b"Rmmmmmmmmmmmmmmm", b"Rm..mmmmmmmmmmmm", b".mmm....mmmmmmmm", b".m......mmm.mmmm"]),
    (0x60, [N, b"mmmmmmmmmmmmmmmm", b"...............m", N]),
    (0x70, [b".......-........", b"iHHKmmm.....mmmm", b"i.............mm", b"i...........mm.."]),
    (0x90, [b"mMRR....RR......", b"mMRR....RR......", N, b"..RR............"]),
    (0xA0, [b"..............a.", N, N, N]),
    (0xC0, [b"..i...i.........", b"..i.iri.........", b"..i.............", b"..i............."]),
    (0xD0, [N, b"mmmmmmmRmmmmmmmm", N, b"m..............."]),
    (0xE0, [N, b"mmmmmmmMmmmmmmmm", b"......m.........", b"......m........."]),
    (0xF0, [N, b".mmmmmmRmmmmmmm.", N, b"M..............."]),
]);

/// VEX, map 2.
pub static VEX_2: Map = map(&[
    (0x00, [N, b"mmmmmmmmmmmmmmmm", N, N]),
    (0x10, [N, b"...m..mmmmM.mmm.", N, N]),
    (0x20, [N, b"mmmmmm..mmMmMMMM", N, N]),
    (0x30, [N, b"mmmmmmmmmmmmmmmm", N, N]),
    (0x40, [b".........b......", b"mm...mmm.c.S....", b"...........S....", b".........e.S...."]),
    (0x50, [b"mm............R.", b"mmmm....mmM...R.", b"mm..........R.R.", b"mm..........R.R."]),
    (0x60, [b"............R...", b"............R...", N, N]),
    (0x70, [N, b"........mm......", b"..m.............", N]),
    (0x80, [N, b"............M.M.", N, N]),
    (0x90, [N, b"SSSS..mmmmmmmmmm", N, N]),
    (0xA0, [N, b"......mmmmmmmmmm", N, N]),
    (0xB0, [b"M...............", b"MM..mmmmmmmmmmmm", b"MM..............", b"M..............."]),
    (0xC0, [N, b"...............m", N, b"...........RRR.."]),
    (0xD0, [b"..mm......m.....", b"..mm......mmmmmm", b"..mm......m.....", b"..........m....."]),
    (0xE0, [N, b"MMMMMMMMMMMMMMMM", N, N]),
    (0xF0, [b"..mf.m.m........", b".......m........", b".....m.m........", b".....mmm........"]),
]);

/// VEX, map 3.
pub static VEX_3: Map = map(&[
    (0x00, [N, b"iii.iii.iiiiiiii", N, N]),
    (0x10, [N, b"....iiiiii...i..", N, N]),
    (0x20, [N, b"iii.............", N, N]),
    (0x30, [N, b"rrrr....ii......", N, N]),
    (0x40, [N, b"iii.i.i.iiiii...", N, N]),
    (0x50, [N, b"............iiii", N, N]),
    (0x60, [N, b"iiii....iiiiiiii", N, N]),
    (0x70, [N, b"........iiiiiiii", N, N]),
    (0xC0, [N, b"..............ii", N, N]),
    (0xD0, [N, b"..............ii", N, N]),
    (0xF0, [N, N, N, b"i..............."]),
]);

/// EVEX, map 1.
pub static EVEX_1: Map = map(&[
    (0x10, [b"mmmMmmmM........", b"mmMMmmMM........", b"mmm...m.........", b"mmm............."]),
    (0x20, [b"........mm.M..mm", b"........mm.M..mm", b"..........m.mm..", b"..........m.mm.."]),
    (0x50, [b".m..mmmmmmmmmmmm", b".m..mmmmmmmmmmmm", b".m......mmmmmmmm", b".m......mmm.mmmm"]),
    (0x60, [N, b"mmmmmmmmmmmmmmmm", b"...............m", b"...............m"]),
    (0x70, [b"........mm......", b"iglnmmm.mmmm..mm", b"i.......mmmm..mm", b"i.......mmmm...m"]),
    (0xC0, [b"..i...i.........", b"..i.iri.........", b"..i.............", b"..i............."]),
    (0xD0, [N, b".mmmmmm.mmmmmmmm", N, N]),
    (0xE0, [N, b"mmmmmmmMmmmmmmmm", b"......m.........", b"......m........."]),
    (0xF0, [N, b".mmmmmm.mmmmmmm.", N, N]),
]);

/// EVEX, map 2.
pub static EVEX_2: Map = map(&[
    (0x00, [N, b"m...m......mmm..", N, N]),
    (0x10, [N, b"mmmmmmm.mmMMmmmm", b"mmmmmm..........", N]),
    (0x20, [N, b"mmmmmmmmmmMmmm..", b"mmmmmmmmRRR.....", N]),
    (0x30, [N, b"mmmmmmmmmmmmmmmm", b"mmmmmm..RRR.....", N]),
    (0x40, [N, b"m.mmmmmm....mmmm", N, N]),
    (0x50, [N, b"mmmmmm..mmMM....", b"..m.............", b"..MM............"]),
    (0x60, [N, b"..mmmmm.........", N, b"........m......."]),
    (0x70, [N, b"mmmm.mmmmmRRRmmm", b"..m.............", b"..m............."]),
    (0x80, [N, b"...m....mmmm.m.m", N, N]),
    (0x90, [N, b"SSSS..mmmmmmmmmm", N, b"..........MM...."]),
    (0xA0, [N, b"SSSS..mmmmmmmmmm", N, b"..........MM...."]),
    (0xB0, [N, b"....mmmmmmmmmmmm", N, N]),
    (0xC0, [N, b"....m.ssm.mmmm.m", N, N]),
    (0xD0, [N, b"............mmmm", N, N]),
]);

/// EVEX, map 3.
pub static EVEX_3: Map = map(&[
    (0x00, [b"........i.i.....", b"ii.iii..iiii...i", N, N]),
    (0x10, [N, b"....iiiiiiii.iii", N, N]),
    (0x20, [b"......ii........", b"iiii.iii........", N, N]),
    (0x30, [N, b"........iiii..ii", N, N]),
    (0x40, [N, b"..iii...........", N, N]),
    (0x50, [b"......ii........", b"ii..iiii........", N, N]),
    (0x60, [b"......ii........", b"......ii........", N, N]),
    (0x70, [N, b"iiii............", N, N]),
    (0xC0, [b"..i.............", b"..............ii", b"..i.............", N]),
]);

/// EVEX, map 5 (half precision).
pub static EVEX_5: Map = map(&[
    (0x10, [b".............m..", b".............m..", b"mm..............", N]),
    (0x20, [b"..............mm", N, b"..........m.mm..", N]),
    (0x50, [b".m......mmmmmmmm", b"..........mm....", b".m......mmmmmmmm", b"..........m....."]),
    (0x60, [N, b"..............m.", N, N]),
    (0x70, [b"........mm..mm..", b"........mmmmmmm.", b"........mm.m.m..", b"..........m..m.."]),
]);

/// EVEX, map 6 (half precision).
pub static EVEX_6: Map = map(&[
    (0x10, [b"...m............", b"...m............", N, N]),
    (0x20, [N, b"............mm..", N, N]),
    (0x40, [N, b"..mm........mmmm", N, N]),
    (0x50, [N, N, b"......mm........", b"......mm........"]),
    (0x90, [N, b"......mmmmmmmmmm", N, N]),
    (0xA0, [N, b"......mmmmmmmmmm", N, N]),
    (0xB0, [N, b"......mmmmmmmmmm", N, N]),
    (0xD0, [N, N, b"......mm........", b"......mm........"]),
]);

/// XOP, map 8: APM volume 3, appendix A.
pub static XOP_8: Map = map(&[
    (0x80, [b".....iii......ii", N, N, N]),
    (0x90, [b".....iii......ii", N, N, N]),
    (0xA0, [b"..ii..i.........", N, N, N]),
    (0xB0, [b"......i.........", N, N, N]),
    (0xC0, [b"iiii........iiii", N, N, N]),
    (0xE0, [b"............iiii", N, N, N]),
]);

/// XOP, map 9.
pub static XOP_9: Map = map(&[
    (0x00, [b".pq.............", N, N, N]),
    (0x10, [b"..t.............", N, N, N]),
    (0x80, [b"mmmm............", N, N, N]),
    (0x90, [b"mmmmmmmmmmmm....", N, N, N]),
    (0xC0, [b".mmm..mm...m....", N, N, N]),
    (0xD0, [b".mmm..mm...m....", N, N, N]),
    (0xE0, [b".mmm............", N, N, N]),
]);

/// XOP, map 10.
pub static XOP_A: Map = map(&[(0x10, [b"d.u.............", N, N, N])]);
