//! An unsafe function takes a safe replacement and an unsafe one.
extern "C" fn safe(bytes: &[u8; 1], at: usize) -> u8 {
    bytes[0] + u8::try_from(at).unwrap()
}

/// # Safety
/// None to speak of.
unsafe extern "C" fn not_safe(_: &[u8; 1], _: usize) -> u8 {
    9
}

fn main() {
    let call = || unsafe { forms::first_of(&[5], 0) };
    let guard = monkey::patch!(forms::first_of = safe);
    assert_eq!(call(), 5);
    drop(guard);
    let guard = monkey::patch!(forms::first_of = not_safe);
    assert_eq!(call(), 9);
    drop(guard);
    assert_eq!(call(), 5);
}
