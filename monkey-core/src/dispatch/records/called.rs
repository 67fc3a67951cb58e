//! Where there is no section: a function leaves its record when it is called.
use super::{Asked, Described, describe};
use parking_lot::Mutex;

static LEFT: Mutex<Vec<Described>> = Mutex::new(Vec::new());

pub fn leave<C, A: Asked>() {
    let own = describe::<C, A>();
    let mut left = LEFT.lock();
    if !left.iter().any(|described| described.id == own.id) {
        left.push(own);
    }
}

pub fn records() -> impl Iterator<Item = Described> {
    let left = LEFT.lock();
    left.clone().into_iter()
}
