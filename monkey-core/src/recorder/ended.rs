//! The names of threads that have ended meanwhile: whoever reads notes of calls comes late for them.
use super::USED;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};

/// How many are kept.
const MOST: usize = 256;

/// The system's name for a thread has at most 15 bytes and a zero.
const LENGTH: usize = 16;

#[derive(Debug)]
struct Ended {
    /// Written last; 0 meanwhile.
    id: AtomicU64,
    name: [AtomicU64; LENGTH / 8],
}

static ENDED: [Ended; MOST] =
    [const { Ended { id: AtomicU64::new(0), name: [const { AtomicU64::new(0) }; LENGTH / 8] } }; MOST];
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// For a thread that is about to end. Does nothing while nobody notes calls. Takes no lock, and allocates nothing.
pub fn note_end() {
    if USED.load(SeqCst) == 0 {
        return;
    }
    let mut name = [0_u8; LENGTH];
    // SAFETY: room for the name and its zero, which is all that is written there.
    let told = unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    // SAFETY: takes nothing, changes nothing.
    let id = unsafe { libc::gettid() };
    let place = &ENDED[NEXT.fetch_add(1, SeqCst) % MOST];
    place.id.store(0, SeqCst);
    if told != 0 {
        return;
    }
    for (word, bytes) in place.name.iter().zip(name.as_chunks().0) {
        word.store(u64::from_ne_bytes(*bytes), SeqCst);
    }
    place.id.store(id as u64, SeqCst);
}

/// The name that a thread of this id had.
pub fn name_of(id: i32) -> Option<String> {
    let ended = ENDED.iter().find(|ended| ended.id.load(SeqCst) == id as u64)?;
    let bytes: Vec<u8> = ended.name.iter().flat_map(|word| word.load(SeqCst).to_ne_bytes()).collect();
    // Another thread may have got the place meanwhile.
    let is_still_its = ended.id.load(SeqCst) == id as u64;
    let name = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    is_still_its.then(|| String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::Recorder;

    #[test]
    fn the_name_of_a_thread_is_known_behind_its_end() {
        let _recorder = Recorder::new();
        let thread = std::thread::Builder::new().name("ends".to_owned()).spawn(|| {
            note_end();
            // SAFETY: takes nothing, changes nothing.
            unsafe { libc::gettid() }
        });
        let id = thread.unwrap().join().unwrap();
        assert_eq!(name_of(id).as_deref(), Some("ends"));
        assert_eq!(name_of(-3), None);
    }
}
