//! What is on other threads' stacks.
//!
//! A handler of signals or exceptions returns into the code that was interrupted, by the registers that the kernel put on the
//! stack. Nothing else tells where: a thread in a handler is seen in the handler.
//!
//! Where a stack ends is not known either: the heap may begin right above it, in the same mapping, and has the same addresses in
//! it, in lists of ours. So an address counts only with the interrupted stack pointer beside it.
use super::{Map, read_memory};
use std::slice;

/// How far before the program counter the stack pointer lies among saved registers, in bytes: next to it in Linux's
/// `sigcontext` of x86-64 and of `AArch64` (`rsp`, `rip`; `sp`, `pc`).
#[cfg(not(windows))]
const STACK_POINTER: usize = 8;
/// In a `CONTEXT` of x64 `Rsp` has the offset 0x98 and `Rip` 0xF8.
#[cfg(windows)]
const STACK_POINTER: usize = 0x60;

/// How much of a stack is looked at, in bytes.
const DEEPEST: usize = 8 << 20;
/// How much is read at once, in words.
const PART: usize = 1 << 10;

/// The stacks of the process, by its map.
#[derive(Debug, Default)]
pub struct Stacks {
    map: Option<Map>,
}

impl Stacks {
    /// Whether a handler on the stack that is in use from `pointer` on will return to one of the addresses.
    ///
    /// Asked after its thread was seen elsewhere, while it goes on: should it have come back from a handler meanwhile,
    /// to one of the addresses, then what the kernel put on the stack lies there still. It is below what the
    /// interrupted code may use, and a few instructions do not get that far.
    pub fn hold(&mut self, pointer: usize, addresses: &[usize]) -> bool {
        let (Some(least), Some(most)) = (addresses.iter().min(), addresses.iter().max()) else {
            return false;
        };
        let mut at = pointer.next_multiple_of(8);
        let end = self.end(at).min(at.saturating_add(DEEPEST));
        let mut words = [0_u64; PART];
        while at < end {
            let wanted = PART.min((end - at) / 8);
            let read = read(at, &mut words[..wanted]);
            // Written out: not optimised, iterators take ten times as long, and each process's first patch comes by.
            let mut index = 0;
            while index < read {
                let word = words[index] as usize;
                if *least <= word
                    && word <= *most
                    && addresses.contains(&word)
                    && self.is_saved(at + index * 8)
                {
                    return true;
                }
                index += 1;
            }
            if read < wanted || wanted == 0 {
                return false;
            }
            at += read * 8;
        }
        false
    }

    /// Whether a program counter lies there among saved registers: with a stack pointer at its place before it.
    fn is_saved(&mut self, place: usize) -> bool {
        let mut pointer = [0];
        let read = read(place - STACK_POINTER, &mut pointer);
        let pointer = pointer[0] as usize;
        read == 1 && pointer.is_multiple_of(8) && self.end(pointer) > pointer
    }

    /// Where the memory ends that a stack pointer points to; the pointer itself, if it points to none that can be written.
    fn end(&mut self, pointer: usize) -> usize {
        let find = |map: &Map| map.find(pointer).filter(|region| region.write).map(|region| region.end);
        if let Some(end) = self.map.as_ref().and_then(find) {
            return end;
        }
        // A new thread's, or one that has grown.
        self.map = Map::read().ok();
        self.map.as_ref().and_then(find).unwrap_or(pointer)
    }
}

/// Reads words; how many there were.
fn read(address: usize, words: &mut [u64]) -> usize {
    // SAFETY: the words themselves, lent to nobody else meanwhile, of which each byte may be anything.
    let bytes = unsafe { slice::from_raw_parts_mut(words.as_mut_ptr().cast::<u8>(), size_of_val(words)) };
    read_memory(address, bytes) / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    // Constants: variables would themselves lie on the stack.
    const WANTED: usize = 0x1234_5678_9ABC;
    const OTHER: usize = 0x1234_5678_9ABD;

    #[test]
    fn saved_registers_are_found() {
        let mut words = [0_usize; 64];
        let start = words.as_ptr() as usize;
        words[32] = WANTED;
        words[32 - STACK_POINTER / 8] = start;
        let words = std::hint::black_box(words);
        let start = words.as_ptr() as usize;
        let mut stacks = Stacks::default();
        assert!(stacks.hold(start, &[1, WANTED]));
        assert!(!stacks.hold(start, &[OTHER]) && !stacks.hold(start, &[]));
        assert!(!stacks.hold(8, &[WANTED]), "nothing is mapped there");
    }

    #[test]
    fn a_list_of_addresses_is_none() {
        let mut words = [0_usize; 64];
        words[31..34].copy_from_slice(&[WANTED - 8, WANTED, WANTED + 8]);
        let words = std::hint::black_box(words);
        assert!(!Stacks::default().hold(words.as_ptr() as usize, &[WANTED]));
    }
}
