//! `AArch64`: any instruction gives way to one of the same size.
use super::{Entry, Target};
use crate::error::Cause;
use crate::relocate::arch::relocate;
use crate::stub::arch;

/// The forms of the jump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `b imm26`, over the first instruction.
    B,
    /// `ldr x17, #8; br x17; address`, where that does not reach.
    LdrBr,
}

/// Finds the form for a target.
pub fn plan(target: &Target<'_>) -> Result<Entry, Cause> {
    let (form, length) = if target.near { (Form::B, arch::NEAR) } else { (Form::LdrBr, arch::FAR) };
    let (from, to) = (target.from as u64, target.displaced_at as u64);
    let relocated = relocate(target.body, from, to, length, target.extent).map_err(Cause::Instructions)?;
    let jump = arch::jump(from, target.stub as u64, length);
    Ok(Entry { form, relocated, first: Vec::new(), jump })
}
