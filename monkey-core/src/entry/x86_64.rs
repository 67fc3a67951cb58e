//! x86-64: instructions have any length, so that the form decides how many of them give way.
use super::padding::is_padding;
use super::{Entry, Target};
use crate::code;
use crate::error::Cause;
use crate::relocate::arch::relocate;
use crate::relocate::{Refusal, Relocated};
use crate::stub::arch::{self, FAR, NEAR};
use std::ops::Range;

/// The forms of the jump, by what they encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `E9 rel32`, over the first five bytes.
    E9,
    /// `EB F9`, over the first two bytes, to `E9 rel32` in five bytes of padding in front of the target.
    EbPadding,
    /// `E9`, over the first byte. The four bytes behind it stay, and are the distance to a page of ours from where
    /// `FF 25` goes on to the stub. Whatever the first instruction is, it alone gives way, and by a store of one byte.
    E9Byte,
    /// `FF 25 00000000 address`, over the first fourteen bytes: reaches everything.
    FF25,
}

impl Form {
    /// How many of the target's first bytes it changes.
    const fn length(self) -> usize {
        match self {
            Self::E9 => NEAR,
            Self::EbPadding => 2,
            Self::E9Byte => 1,
            Self::FF25 => FAR,
        }
    }
}

/// Finds the form for a target.
pub fn plan(target: &Target<'_>) -> Result<Entry, Cause> {
    if is_covered(target)
        && let Some(entry) = e9_byte(target)
    {
        return Ok(entry);
    }
    let forms = if target.near { &[Form::E9, Form::EbPadding][..] } else { &[Form::FF25] };
    let mut refusal = None;
    let mut possible = Vec::new();
    for form in forms.iter().filter(|form| **form != Form::EbPadding || has_padding(target)) {
        match displace(target, *form) {
            Ok(relocated) if is_one_store(target, *form, &relocated) => {
                return Ok(entry(target, *form, relocated));
            }
            Ok(relocated) => possible.push((*form, relocated)),
            Err(reason) => refusal = refusal.or(Some(reason)),
        }
    }
    let trap_needed = possible.into_iter().next().map(|(form, relocated)| entry(target, form, relocated));
    let without_trap = || e9_byte(target);
    match (trap_needed, refusal) {
        (Some(entry), _) if !(target.avoids_trap)() => Ok(entry),
        (Some(entry), _) => Ok(without_trap().unwrap_or(entry)),
        (None, Some(refusal)) => without_trap().ok_or(Cause::Instructions(refusal)),
        (None, None) => unreachable!("one form is always tried"),
    }
}

/// Whether somebody's breakpoint lies on the first byte. A thread may have reached it just now: then the byte that it covers
/// is put back, over that of the jump, which must mean the function as it was and not one of another beginning.
fn is_covered(target: &Target<'_>) -> bool {
    // CC      int3
    target.body.first() != Some(&0xCC) && target.first == 0xCC
}

fn displace(target: &Target<'_>, form: Form) -> Result<Relocated, Refusal> {
    let (from, to) = (target.from as u64, target.displaced_at as u64);
    relocate(target.body, from, to, form.length(), target.extent)
}

/// Whether one instruction gives way, by one store.
fn is_one_store(target: &Target<'_>, form: Form, relocated: &Relocated) -> bool {
    let between = relocated.boundaries.iter().any(|(offset, _)| (1..form.length()).contains(offset));
    target.from % 8 + form.length() <= 8 && !between
}

fn entry(target: &Target<'_>, form: Form, relocated: Relocated) -> Entry {
    let (from, stub) = (target.from as u64, target.stub as u64);
    let (first, jump) = match form {
        Form::EbPadding => {
            let padding = target.from - NEAR;
            // EB F9                    jmp -7
            (vec![(padding, arch::jump(padding as u64, stub, NEAR))], vec![0xEB, 0xF9])
        }
        form => (Vec::new(), arch::jump(from, stub, form.length())),
    };
    Entry { form, relocated, first, jump }
}

/// Whether there are five bytes of padding in front of the target, and nothing but padding up to the function before.
fn has_padding(target: &Target<'_>) -> bool {
    let gap = target.gap.min(MOST_PADDING);
    let mut bytes = vec![0; gap];
    gap >= NEAR && code::read_memory(target.from - gap, &mut bytes) == gap && is_padding(&bytes)
}

/// Functions are aligned to 16 bytes, some to 64. More is something else.
const MOST_PADDING: usize = 64;

/// The form that needs a page at one certain place: `None` where it is not to be had, or where the bytes behind the first
/// one are not the target's own.
fn e9_byte(target: &Target<'_>) -> Option<Entry> {
    let form = Form::E9Byte;
    let distance = target.body.get(1..NEAR)?;
    if target.extent.is_none_or(|extent| extent < NEAR) {
        return None;
    }
    let relocated = displace(target, form).ok()?;
    let distance = i32::from_le_bytes(distance.try_into().ok()?);
    let landing = target.from.checked_add(NEAR)?.checked_add_signed(distance as isize)?;
    let onwards = arch::jump(landing as u64, target.stub as u64, FAR);
    code::place(landing, &onwards).ok()?;
    // Where somebody has a breakpoint the file's byte has to stand.
    let is_own = |range: Range<usize>| code::holds(target.from + range.start, &target.body[range]);
    let covered = (1..NEAR).filter(|offset| !is_own(*offset..offset + 1));
    let covered = covered.map(|offset| (target.from + offset, vec![target.body[offset]]));
    let first = if is_own(1..NEAR) { Vec::new() } else { covered.collect() };
    Some(Entry { form, relocated, first, jump: vec![0xE9] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(body: &[u8], from: usize, gap: usize) -> Target<'_> {
        let stub = from + 0x10_0000;
        let extent = Some(body.len());
        let (first, displaced_at) = (body[0], stub + 64);
        Target { from, body, first, extent, gap, stub, displaced_at, near: true, avoids_trap: &|| false }
    }

    /// A function behind sixteen bytes of padding, at the offset 16 of what is returned.
    fn padded(filler: u8, body: &[u8]) -> [u64; 8] {
        let mut bytes = [filler; 64];
        bytes[16..16 + body.len()].copy_from_slice(body);
        let words = bytes.as_chunks().0.iter().map(|bytes| u64::from_ne_bytes(*bytes));
        words.collect::<Vec<_>>().try_into().unwrap()
    }

    fn form(filler: u8, body: &[u8], gap: usize, room: usize) -> Result<Form, Cause> {
        let memory = padded(filler, body);
        let from = memory.as_ptr() as usize + 16;
        let mut all = body.to_vec();
        all.resize(room, 0xC3);
        let mut target = target(&all, from, gap);
        target.extent = Some(body.len());
        plan(&target).map(|entry| entry.form)
    }

    #[test]
    fn one_instruction_and_one_store_come_first() {
        // mov eax, 1; ret
        assert_eq!(form(0xCC, &[0xB8, 1, 0, 0, 0, 0xC3], 16, 6), Ok(Form::E9));
        // xor eax, eax; nop; nop; nop; ret
        assert_eq!(form(0xCC, &[0x31, 0xC0, 0x90, 0x90, 0x90, 0xC3], 16, 6), Ok(Form::EbPadding));
        assert_eq!(form(0xCC, &[0x31, 0xC0, 0x90, 0x90, 0x90, 0xC3], 4, 6), Ok(Form::E9));
        assert_eq!(form(0x00, &[0x31, 0xC0, 0x90, 0x90, 0x90, 0xC3], 16, 6), Ok(Form::E9));
        // push rbp; mov rbp, rsp; pop rbp; ret
        assert_eq!(form(0xCC, &[0x55, 0x48, 0x89, 0xE5, 0x5D, 0xC3], 16, 6), Ok(Form::E9));
    }

    #[test]
    fn a_short_body_takes_the_padding_in_front() {
        for body in [&[0x31, 0xC0, 0xC3][..], &[0x90, 0xC3], &[0x89, 0xF8, 0xC3], &[0x6A, 0x01, 0x58, 0xC3]] {
            assert_eq!(form(0xCC, body, 16, body.len()), Ok(Form::EbPadding), "{body:x?}");
            assert_eq!(form(0x90, body, 5, body.len()), Ok(Form::EbPadding), "{body:x?}");
            let refused = form(0xCC, body, 4, body.len());
            assert!(matches!(refused, Err(Cause::Instructions(Refusal::TooShort { .. }))), "{refused:?}");
            form(0xC3, body, 16, body.len()).unwrap_err();
        }
        // xor eax, eax; inc eax; jmp back to the inc: into the five bytes, behind the two.
        assert_eq!(form(0xCC, &[0x31, 0xC0, 0xFF, 0xC0, 0xEB, 0xFC], 16, 6), Ok(Form::EbPadding));
        // A single byte is less than any jump.
        form(0xCC, &[0xC3], 16, 1).unwrap_err();
    }

    #[test]
    fn the_jump_in_the_padding_leads_to_the_stub() {
        let memory = padded(0xCC, &[0x31, 0xC0, 0xC3]);
        let from = memory.as_ptr() as usize + 16;
        let entry = plan(&target(&[0x31, 0xC0, 0xC3], from, 16)).unwrap();
        assert_eq!(entry.jump, [0xEB, 0xF9]);
        assert_eq!(entry.first, [(from - 5, arch::jump(from as u64 - 5, from as u64 + 0x10_0000, NEAR))]);
    }
}
