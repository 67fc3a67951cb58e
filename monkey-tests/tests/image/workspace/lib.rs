//! The library under test: what it offers, and its own calls (`c_..`).
use std::collections::HashMap;
pub struct S<T>(pub T);
impl<T: Clone> S<T> { #[inline(never)] pub fn get(&self) -> T { std::hint::black_box(self.0.clone()) } }
#[inline] pub fn half(x: u32) -> u32 { if std::hint::black_box(x) == 1 { many(x) } else { x / 2 } }
#[inline(never)] fn many(x: u32) -> u32 { std::hint::black_box(x) }
#[track_caller] pub fn tracked(x: u32) -> u32 { if x == 99 { panic!("no") }; many(x) }
#[inline] #[track_caller] pub fn inline_tracked(x: u32) -> u32 { if x == 99 { panic!("no") }; many(x) }
pub fn only_here<T: std::fmt::Display>(t: T) -> String { std::hint::black_box(t.to_string()) }
#[inline(never)] pub fn c_exists(p: &std::path::Path) -> bool { p.exists() }
#[inline(never)] pub fn c_len(s: &String) -> usize { s.len() }
#[inline(never)] pub fn c_trim(s: &str) -> &str { s.trim() }
#[inline(never)] pub fn c_next<'a>(s: &mut std::str::Chars<'a>) -> Option<char> { s.next() }
#[inline(never)] pub fn c_from_str(s: &str) -> String { String::from(s) }
#[inline(never)] pub fn c_from_box(s: Box<str>) -> String { String::from(s) }
#[inline(never)] pub fn c_half(x: u32) -> u32 { half(x) }
#[inline(never)] pub fn c_tracked(x: u32) -> u32 { tracked(x) }
#[inline(never)] pub fn c_inline_tracked(x: u32) -> u32 { inline_tracked(x) }
#[inline(never)] pub fn c_unwrap32(x: Option<u32>) -> u32 {
    x.unwrap()
}
#[inline(never)] pub fn c_unwrap64(x: Option<u64>) -> u64 { x.unwrap() }
#[inline(never)] pub fn c_insert(m: &mut HashMap<String, u32>) { m.insert(String::new(), 1); }
#[inline(never)] pub fn c_parse32(s: &str) -> Result<u32, std::num::ParseIntError> { s.parse::<u32>() }
#[inline(never)] pub fn c_parse64(s: &str) -> Result<u64, std::num::ParseIntError> { s.parse::<u64>() }
#[inline(never)] pub fn c_only_here() -> String { only_here(3_u32) }
#[inline(never)] pub fn c_get(s: &S<u32>) -> u32 { s.get() }
#[inline(never)] pub fn c_inl1(x: u32) -> u32 { dup::inl(x) }
#[inline(never)] pub fn c_inl2(x: u32) -> u32 { dup2::inl(x) }
#[inline(never)] pub fn c_plain1(x: u32) -> u32 { dup::plain(x) }
#[inline(never)] pub fn c_plain2(x: u32) -> u32 { dup2::plain(x) }
#[inline(never)] pub fn c_instance1(x: &str) -> Option<u32> { dup::instance::<u32>(x) }
#[inline(never)] pub fn c_instance2(x: &str) -> Option<u32> { dup2::instance::<u32>(x) }
#[unsafe(no_mangle)] pub extern "C" fn unmangled(x: u32) -> u32 { std::hint::black_box(x) + 9 }
#[inline(never)] pub fn c_unmangled(x: u32) -> u32 { unmangled(x) }
#[inline(never)] pub fn c_now() -> std::time::SystemTime { std::time::SystemTime::now() }
// Bodies that an optimiser merges.
#[inline(never)] pub fn merged<T>(t: T) -> u32 { std::hint::black_box(&t); 12 }
#[inline(never)] pub fn twin(x: u32) -> u32 { std::hint::black_box(x) ^ 1001 }
#[unsafe(no_mangle)] #[inline(never)] pub extern "C" fn twin_of_c(x: u32) -> u32 { std::hint::black_box(x) ^ 1001 }
#[inline(never)] pub fn c_merged32() -> u32 { merged(1_u32) }
#[inline(never)] pub fn c_merged_signed() -> u32 { merged(1_i32) }
#[inline(never)] pub fn c_twin(x: u32) -> u32 { twin(x) ^ twin_of_c(x) }
