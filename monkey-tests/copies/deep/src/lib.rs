//! A library that calls what tests replace.
use std::collections::HashMap;
use std::fmt::Display;
use std::hint::black_box;
use std::path::Path;

pub fn path_exists(path: &str) -> bool {
    Path::new(path).exists()
}

#[allow(clippy::ptr_arg)]
pub fn string_length(text: &String) -> usize {
    black_box(text).len()
}

#[inline]
pub fn inline(x: u32) -> u32 {
    black_box(x) + 1
}

pub fn calls_inline(x: u32) -> u32 {
    inline(x)
}

pub fn unwraps(x: Option<u32>) -> u32 {
    black_box(x).unwrap()
}

pub fn inserts() -> Option<u64> {
    let mut map = HashMap::<u32, u64>::new();
    map.insert(black_box(1), 2)
}

pub fn generic<T: Display>(x: T) -> String {
    format!("{}", black_box(x))
}

pub fn calls_generic() -> String {
    generic(5_u8)
}

pub fn parses(text: &str) -> (u32, u64) {
    (text.parse::<u32>().unwrap_or(0), text.parse::<u64>().unwrap_or(0))
}

pub fn removes() -> u32 {
    let mut numbers = vec![1, 2, 3];
    std::hint::black_box(&mut numbers).remove(1)
}

pub fn width<T>(of: &T) -> u64 {
    size_of_val(of) as u64
}

pub struct First;
pub struct Second;

pub trait Tagged {
    fn pointer() -> fn(u64) -> u64;
    fn tag(x: u64) -> u64;
}

macro_rules! tagged {
    ($($name:ident $number:literal),*) => { $( const _: () = {
        #[inline]
        fn convert(x: u64) -> u64 { black_box(x) + $number }
        impl Tagged for $name {
            #[inline]
            fn pointer() -> fn(u64) -> u64 { convert }
            #[inline]
            fn tag(x: u64) -> u64 { convert(x) }
        }
    }; )* };
}
tagged!(First 1, Second 2);
