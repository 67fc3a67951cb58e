//! A second library between the test and the first.
pub fn calls_inline(x: u32) -> u32 {
    deep::inline(x)
}

pub fn calls_generic() -> String {
    deep::calls_generic()
}

pub fn unwraps(x: Option<u32>) -> u32 {
    std::hint::black_box(x).unwrap()
}

pub fn removes() -> u32 {
    let mut numbers = vec![1, 2, 3];
    std::hint::black_box(&mut numbers).remove(1)
}

pub fn second_tag(x: u64) -> u64 {
    <deep::Second as deep::Tagged>::tag(x)
}
