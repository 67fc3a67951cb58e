//! The writes of a jump in several steps: a trap over the first byte, the rest, the first byte.
use super::system::{synchronize, write as write_code};
use super::{Redirect, arch};
use crate::error::Cause;

/// Writes the jump behind a trap. `drain` sees every other thread outside the bytes in question, once.
pub fn write(
    redirect: &Redirect<'_>,
    drain: &dyn Fn(&Redirect<'_>) -> Result<(), Cause>,
) -> Result<(), Cause> {
    let trap = arch::TRAP;
    // SAFETY: the target is readable code, longer than the trap: its first instructions were decoded.
    let before = unsafe { std::slice::from_raw_parts(redirect.target as *const u8, trap.len()) }.to_vec();
    write_code(redirect.target, trap)?;
    synchronize();
    let result =
        drain(redirect).and_then(|()| write_code(redirect.target + trap.len(), &redirect.jump[trap.len()..]));
    synchronize();
    let first = if result.is_ok() { &redirect.jump[..trap.len()] } else { &before[..] };
    write_code(redirect.target, first).and(result)?;
    synchronize();
    Ok(())
}
