//! What is on other threads' stacks.
//!
//! A handler of signals or exceptions returns into the code that was interrupted, by the address that the kernel put on the
//! stack. Nothing else tells where: a thread in a handler is seen in the handler.
use super::{Map, read_memory};

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
    /// Whether one of the addresses lies on the stack that is in use from `pointer` on.
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
            let found = |word: &u64| {
                let word = *word as usize;
                *least <= word && word <= *most && addresses.contains(&word)
            };
            if words[..read].iter().any(found) {
                return true;
            }
            if read < wanted || wanted == 0 {
                return false;
            }
            at += read * 8;
        }
        false
    }

    /// Where the memory ends that a stack pointer points to.
    fn end(&mut self, pointer: usize) -> usize {
        let find = |map: &Map| map.find(pointer).map(|region| region.end);
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
    let mut bytes = [0; PART * 8];
    let read = read_memory(address, &mut bytes[..words.len().min(PART) * 8]);
    for (word, bytes) in words.iter_mut().zip(bytes[..read].as_chunks().0) {
        *word = u64::from_ne_bytes(*bytes);
    }
    read / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_on_a_stack_is_found() {
        // Constants: a variable would itself lie on the stack.
        const WANTED: usize = 0x1234_5678_9ABC;
        const OTHER: usize = 0x1234_5678_9ABD;
        let words = std::hint::black_box([0_usize, WANTED, 0]);
        let start = words.as_ptr() as usize;
        let mut stacks = Stacks::default();
        assert!(stacks.hold(start, &[1, WANTED]));
        assert!(!stacks.hold(start, &[OTHER]) && !stacks.hold(start, &[]));
        assert!(!stacks.hold(8, &[WANTED]), "nothing is mapped there");
    }
}
