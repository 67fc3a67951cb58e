//! Three decoders at one instruction: they agree, or why not is written here.
use super::readings::{Reading, by_iced, by_monkey, by_yaxpeax, iced};
use iced_x86::{Instruction, Mnemonic};
use monkey_core::relocate::x86_64::decode::{Fault, flow::Flow};

/// What came of it.
#[derive(Debug, Clone, Copy)]
pub enum Verdict {
    Agreed {
        length: usize,
    },
    /// The bytes are no instruction, or are cut off.
    AgreedUndefined,
    /// Ours refuses what iced takes.
    Less(&'static str),
    /// Ours takes what iced refuses.
    More(&'static str),
}

impl Verdict {
    pub fn title(self) -> &'static str {
        match self {
            Self::Agreed { .. } => "agreed",
            Self::AgreedUndefined => "agreed that undefined",
            Self::Less(why) | Self::More(why) => why,
        }
    }
}

/// Never is another length explained, nor another operand or target.
pub fn compare(code: &[u8], at: u64) -> Result<Verdict, String> {
    let (ours, theirs) = (by_monkey(code, at), iced(code, at));
    if let Ok(ours) = &ours
        && let Some(other) = by_yaxpeax(code, at)
    {
        same_as_yaxpeax(ours, &other, code)?;
    }
    match (ours, theirs) {
        (Ok(ours), Some(theirs)) if ours == by_iced(&theirs) => Ok(Verdict::Agreed { length: ours.length }),
        (Ok(ours), Some(theirs)) => Err(format!("{ours:x?}, iced {:x?}", by_iced(&theirs))),
        (Err(_), None) => Ok(Verdict::AgreedUndefined),
        (Err(fault), Some(theirs)) => why_less(fault, &theirs, code)
            .map(Verdict::Less)
            .ok_or(format!("refused as {fault:?}: {theirs:?}")),
        (Ok(ours), None) => {
            why_more(&ours, code).map(Verdict::More).ok_or(format!("taken as {ours:x?}, iced refuses"))
        }
    }
}

fn same_as_yaxpeax(ours: &Reading, other: &Reading, code: &[u8]) -> Result<(), String> {
    let mut ours = *ours;
    if ours.flow == Flow::Breakpoint {
        ours.flow = Flow::Next;
    }
    // It takes the prefixes of erets and eretu for nothing.
    let event_return = code.windows(3).any(|three| three == [0x0F, 0x01, 0xCA]);
    if ours == *other || event_return && ours.length == other.length {
        return Ok(());
    }
    Err(format!("{ours:x?}, yaxpeax {other:x?}"))
}

fn why_less(fault: Fault, theirs: &Instruction, code: &[u8]) -> Option<&'static str> {
    let prefixes = prefixes(code);
    if prefixes.contains(&0xF2) && prefixes.contains(&0xF3) {
        return Some("less: both F2 and F3");
    }
    match (fault, theirs.mnemonic()) {
        (Fault::Ambiguous(_), Mnemonic::Ud0) => Some("less: ud0, whose length differs"),
        (Fault::Ambiguous(_), _) if prefixes.contains(&0x66) && by_iced(theirs).flow.is_near_branch() => {
            Some("less: 66 before a near branch, whose length differs")
        }
        // 0F 20 .. 0F 23: processors ignore the mode, and no assembler writes another than 3.
        (Fault::Undefined, Mnemonic::Mov) if (0x20..0x24).contains(&code[prefixes.len() + 1]) => {
            Some("less: mov of control registers with a mode")
        }
        (Fault::Undefined, Mnemonic::Montmul) => Some("less: montmul with an address size"),
        _ => None,
    }
}

fn prefixes(code: &[u8]) -> &[u8] {
    let is_prefix = |byte: &&u8| matches!(**byte, 0x26 | 0x2E | 0x36 | 0x3E | 0x40..=0x4F | 0x64..=0x67 | 0xF0 | 0xF2 | 0xF3);
    &code[..code.iter().take_while(is_prefix).count()]
}

/// A vector instruction that exists, of this length, and is undefined for values of fields that do not change it: W,
/// the vector length, rounding, an operand that is not used, the mask, two equal registers of a gather or a tile
/// operation.
fn why_more(ours: &Reading, code: &[u8]) -> Option<&'static str> {
    let start = prefixes(code).len();
    let mut code = code[start..].to_vec();
    let mut length = ours.length - start;
    // The two-byte form is the three-byte form of map 1 with X, B and W at rest.
    if code[0] == 0xC5 {
        code.splice(..2, [0xC4, code[1] & 0x80 | 0x61, code[1] & 0x7F]);
        length += 1;
    }
    match code[0] {
        // W vvvv L pp
        0xC4 | 0x8F => {
            with_fields(&code, length, 2, [0x80, 0x04]).then_some("more: VEX, XOP with other fields")
        }
        // W vvvv 1 pp, z L'L b V' aaa
        0x62 => {
            let any = [0x01, 0x21, 0x41, 0x11].into_iter().any(|last| {
                code[3] = code[3] & 0x08 | last;
                with_fields(&code, length, 2, [0x80, 0])
            });
            any.then_some("more: EVEX with other fields")
        }
        _ => None,
    }
}

/// Whether the instruction is known, and of this length, with some value of two bits in the byte at `at`.
fn with_fields(code: &[u8], length: usize, at: usize, bits: [u8; 2]) -> bool {
    let [one, two] = bits;
    [0, one, two, one | two].into_iter().any(|set| {
        let mut code = code.to_vec();
        code[at] = code[at] & !(one | two) | set;
        let unchecked = iced_x86::DecoderOptions::NO_INVALID_CHECK;
        let decoded = iced_x86::Decoder::new(64, &code, unchecked).decode();
        !decoded.is_invalid() && decoded.len() == length
    })
}
