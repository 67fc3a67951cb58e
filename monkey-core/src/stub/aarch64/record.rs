//! The thunk that notes a call, on `AArch64`. `x16`, `x17` and the flags are free, as in the stub in front of it.
use super::{Assembler, Branch, X0, X1, X2, X3, X17, X30};
use crate::stub::{Noting, noted, noting, record};

/// Bytes that the four saved registers take from the stack.
const SAVED: u64 = 32;

/// Code that notes a call and goes on to where its data says.
///
/// # Panics
/// When the data is further than 1 MiB away.
#[must_use]
pub fn note(layout: &Noting) -> Vec<u8> {
    let mut asm = Assembler::new(layout.code);
    let (again, full) = (asm.label(), asm.label());
    asm.push((X0, X1), SAVED);
    asm.store_pair((X2, X3), 16);
    asm.load_at(X1, layout.data + noting::RECORDER);
    asm.bind(again);
    asm.load_exclusive(X0, X1);
    asm.add_number(X2, X0, 1);
    asm.store_exclusive(X3, X2, X1);
    asm.branch(Branch::NotZero(X3), again);
    asm.number(X2, record::CALLS as u16);
    asm.compare(X0, X2);
    asm.branch(Branch::NotBelow, full);
    asm.add_number(X1, X1, record::FIRST);
    asm.add_shifted(X1, X1, X0, noted::SIZE.trailing_zeros());
    asm.store(X30, X1, noted::RETURN);
    match layout.thread_id {
        Some(offset) => {
            asm.thread_pointer(X2);
            asm.constant(X3, offset.cast_unsigned());
            asm.add(X2, X2, X3);
            asm.load_word(X2, X2);
        }
        None => asm.number(X2, 0),
    }
    asm.store(X2, X1, noted::THREAD);
    asm.address(X2, layout.data);
    asm.store_release(X2, X1);
    asm.bind(full);
    asm.load_pair((X2, X3), 16);
    asm.pop((X0, X1), SAVED);
    asm.load_at(X17, layout.data + noting::TARGET);
    asm.branch_register(X17);
    asm.finish()
}
