//! What threads of a scope have to say that are in no frame: the run that has opened the scope asks for it.
use std::mem;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many scopes' complaints are kept: of a scope that no run has opened nobody asks for them.
const MOST: usize = 256;

static LEFT: Mutex<Vec<(u64, String)>> = Mutex::new(Vec::new());
/// How many there are.
static COUNT: AtomicUsize = AtomicUsize::new(0);

fn hold() -> MutexGuard<'static, Vec<(u64, String)>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leaves a complaint to a scope's run.
pub fn leave(scope: u64, text: String) {
    let mut left = hold();
    if left.len() < MOST {
        left.push((scope, text));
    }
    COUNT.store(left.len(), SeqCst);
}

/// Takes those of a scope.
pub fn take(scope: u64) -> Vec<String> {
    if COUNT.load(SeqCst) == 0 {
        return Vec::new();
    }
    let mut left = hold();
    let (own, others) = mem::take(&mut *left).into_iter().partition(|(of, _)| *of == scope);
    *left = others;
    COUNT.store(left.len(), SeqCst);
    own.into_iter().map(|(_, text)| text).collect()
}

#[cfg(test)]
mod tests {
    use super::{leave, take};

    #[test]
    fn each_scope_has_its_own() {
        let (one, other) = (u64::MAX - 1, u64::MAX - 2);
        leave(one, "a".into());
        leave(other, "b".into());
        leave(one, "c".into());
        assert_eq!(take(one), ["a", "c"]);
        assert!(take(one).is_empty());
        assert_eq!(take(other), ["b"]);
    }
}
