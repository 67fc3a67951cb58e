//! What is on other threads' stacks.
//!
//! A signal handler returns into the code that the signal interrupted, by the address that the kernel put on the stack.
//! Nothing else tells where: a thread in a handler is seen in the handler.
use super::map::Map;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

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

/// Reads words that may change or go away meanwhile; how many there were.
fn read(address: usize, words: &mut [u64]) -> usize {
    let length = size_of_val(words);
    let local = libc::iovec { iov_base: words.as_mut_ptr().cast(), iov_len: length };
    let remote = libc::iovec { iov_base: address as *mut libc::c_void, iov_len: length };
    // SAFETY: the kernel writes into `words`, as many bytes as there are, and looks itself what it can read of `remote`.
    let read = unsafe {
        libc::process_vm_readv(std::process::id().cast_signed(), &raw const local, 1, &raw const remote, 1, 0)
    };
    match usize::try_from(read) {
        Ok(read) => read / 8,
        // The call is not had everywhere: some sandboxes refuse it, and emulators do not know it.
        Err(_) => read_file(address, words).unwrap_or(0),
    }
}

/// The same through `/proc/self/mem`.
fn read_file(address: usize, words: &mut [u64]) -> io::Result<usize> {
    let mut bytes = vec![0; size_of_val(words)];
    let read = File::open("/proc/self/mem")?.read_at(&mut bytes, address as u64)?;
    for (word, bytes) in words.iter_mut().zip(bytes[..read].as_chunks().0) {
        *word = u64::from_ne_bytes(*bytes);
    }
    Ok(read / 8)
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

    #[test]
    fn the_file_gives_what_the_call_gives() {
        let there = std::hint::black_box([1_u64, 2, 3]);
        let address = there.as_ptr() as usize;
        let mut words = [0; 3];
        assert_eq!((read_file(address, &mut words).unwrap(), words), (3, there));
        assert!(read_file(8, &mut words).is_err() && read(8, &mut words) == 0);
    }
}
