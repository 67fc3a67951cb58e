//! A crate that calls the dependency by another name, and has no std for the macros' output to name.
#![no_std]

#[mimic::patchable(crate = mimic)]
pub fn answer() -> u32 {
    42
}

#[mimic::patchable(crate = ::mimic)]
pub mod inside {
    pub fn question() -> u32 {
        6
    }
}

#[cfg(test)]
mod tests {
    use super::{answer, inside::question};

    #[mimic::test(crate = mimic, replace(answer = || 1), expect(answer = 2))]
    fn in_a_test() {
        assert_eq!(answer() + mimic::original!(crate = mimic, answer()), 43);
        assert_eq!(answer(), mimic::calls!(crate = mimic, answer) as u32 - 1);
    }

    #[mimic::with(replace(question = || 2), crate = ::mimic)]
    fn framed() -> u32 {
        question()
    }

    #[test]
    fn in_a_frame() {
        assert_eq!(framed() + question(), 8);
    }

    #[test]
    fn with_guards() {
        let guard = mimic::patch!(crate = mimic, replace(question = || 3));
        assert_eq!(question(), 3);
        drop(guard);
        let _guard = mimic::try_patch!(replace(question = || 4), crate = mimic).unwrap();
        assert_eq!(question(), 4);
    }
}
