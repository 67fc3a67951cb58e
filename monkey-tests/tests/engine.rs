//! What a patch leaves as it was: arguments, results, unwinding, page protections, other patches.
#![allow(
    clippy::multiple_unsafe_ops_per_block,
    clippy::float_cmp,
    clippy::items_after_statements,
    clippy::many_single_char_names,
    reason = "one expression each, exact numbers, what only one test needs stands in it, arguments are the subject"
)]
use monkey_tests::child;
#[cfg(target_arch = "aarch64")]
use std::arch::asm;
use std::collections::BTreeSet;
use std::ffi::{CStr, c_char, c_int};
use std::fs;
use std::hint::black_box;
use std::panic;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

#[derive(Debug, PartialEq, Clone, Copy)]
struct Wide {
    sum: u128,
    float: f64,
    bytes: [u8; 40],
}

#[monkey::patchable]
#[allow(clippy::too_many_arguments)]
fn many(a: u8, b: f32, c: u16, d: f64, e: u32, f: u128, g: u64, h: f32, i: i8, j: u128, k: f64) -> Wide {
    let sum =
        u128::from(a) + u128::from(c) + u128::from(e) + f + u128::from(g) + u128::from(i.unsigned_abs()) + j;
    Wide { sum, float: f64::from(b) + d + f64::from(h) + k, bytes: [a; 40] }
}

#[allow(clippy::too_many_arguments)]
fn many_and_one(
    a: u8,
    b: f32,
    c: u16,
    d: f64,
    e: u32,
    f: u128,
    g: u64,
    h: f32,
    i: i8,
    j: u128,
    k: f64,
) -> Wide {
    let mut wide = monkey::original!(many(a, b, c, d, e, f, g, h, i, j, k));
    wide.sum += 1;
    wide
}

#[monkey::test(replace(many = many_and_one))]
fn eleven_mixed_arguments_and_a_struct_survive() {
    let wide = many(1, 0.5, 2, 0.25, 3, 1 << 100, 4, 2.0, -5, 1 << 90, 8.0);
    let sum = (1 << 100) + (1 << 90) + 1 + 2 + 3 + 4 + 5 + 1;
    assert_eq!(wide, Wide { sum, float: 10.75, bytes: [1; 40] });
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    #![allow(improper_ctypes_definitions, reason = "passed between two Rust functions")]
    use super::*;
    use std::arch::x86_64::{__m256, _mm256_add_ps, _mm256_set1_ps, _mm256_storeu_ps};

    #[target_feature(enable = "avx")]
    #[inline(never)]
    unsafe extern "C" fn add(a: __m256, b: __m256) -> __m256 {
        _mm256_add_ps(black_box(a), b)
    }

    #[target_feature(enable = "avx")]
    unsafe extern "C" fn add_and_two(a: __m256, b: __m256) -> __m256 {
        // SAFETY: AVX is there, or this function would not have been called.
        let sum = unsafe { monkey::original!(add(a, b)) };
        _mm256_add_ps(sum, _mm256_set1_ps(2.0))
    }

    #[target_feature(enable = "avx")]
    unsafe fn check() {
        let mut lanes = [0.0f32; 8];
        // SAFETY: AVX is there.
        let sum = unsafe { add(_mm256_set1_ps(1.0), _mm256_set1_ps(0.5)) };
        // SAFETY: eight lanes fit.
        unsafe { _mm256_storeu_ps(lanes.as_mut_ptr(), sum) };
        assert_eq!(lanes, [3.5; 8]);
    }

    #[test]
    fn wide_vectors_survive() {
        if is_x86_feature_detected!("avx") {
            let _guard = monkey::patch!(add = add_and_two);
            // SAFETY: AVX was just found.
            unsafe { check() };
        }
    }
}

#[cfg(target_arch = "aarch64")]
mod vectors {
    #![allow(improper_ctypes_definitions, reason = "passed between two Rust functions")]
    use super::*;
    use std::arch::aarch64::{float32x4_t, vaddq_f32, vdupq_n_f32, vst1q_f32};

    #[inline(never)]
    extern "C" fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: every processor of this architecture that Rust is for has these.
        unsafe { vaddq_f32(black_box(a), b) }
    }

    extern "C" fn add_and_two(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        let sum = monkey::original!(add(a, b));
        // SAFETY: as above.
        unsafe { vaddq_f32(sum, vdupq_n_f32(2.0)) }
    }

    #[monkey::test(replace(add = add_and_two))]
    fn wide_vectors_survive() {
        let mut lanes = [0.0f32; 4];
        // SAFETY: as above.
        let (a, b) = unsafe { (vdupq_n_f32(1.0), vdupq_n_f32(0.5)) };
        let sum = add(a, b);
        // SAFETY: four lanes fit.
        unsafe { vst1q_f32(lanes.as_mut_ptr(), sum) };
        assert_eq!(lanes, [3.5; 4]);
    }
}

unsafe extern "C" {
    fn snprintf(to: *mut c_char, size: usize, format: *const c_char, ...) -> c_int;
}

/// Not variadic itself (stable Rust cannot write that), but it looks at what comes first and calls the original.
unsafe extern "C" fn counted(to: *mut c_char, size: usize, format: *const c_char) -> c_int {
    // SAFETY: the caller's arguments; the format is replaced by one that takes none.
    unsafe { monkey::original!(snprintf(to, size.min(16), format)) }
}

#[test]
fn variadic_originals_go_on_working_while_hooked() {
    let format = |text: &CStr, number: c_int, float: f64| {
        let mut to = [0; 32];
        // SAFETY: the buffer is as long as said, and the format takes an int and a double.
        unsafe { snprintf(to.as_mut_ptr(), 32, text.as_ptr(), number, float) };
        // SAFETY: snprintf ends what it writes with a zero.
        unsafe { CStr::from_ptr(to.as_ptr()) }.to_str().unwrap().to_owned()
    };
    // SAFETY: the C ABI lets a function ignore variadic arguments.
    let guard = unsafe { monkey::patch_at(snprintf as *const (), counted as *const ()) }.unwrap();
    assert_eq!(format(c"plain", 1, 1.0), "plain");
    drop(guard);
    assert_eq!(format(c"%d %.2f", 42, 0.125), "42 0.12");
}

#[monkey::patchable]
fn number() -> u32 {
    1
}

#[test]
fn the_newest_patch_counts_and_guards_go_in_any_order() {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        let mut guards = [
            Some(monkey::patch!(number = || 10)),
            Some(monkey::patch!(number = || 20)),
            Some(monkey::patch!(number = || 30)),
        ];
        assert_eq!(number(), 30);
        for dropped in order {
            guards[dropped] = None;
            let newest = guards.iter().rposition(Option::is_some);
            assert_eq!(number(), newest.map_or(1, |newest| newest as u32 * 10 + 10));
        }
    }
}

#[test]
fn a_panicking_replacement_unwinds_and_everything_is_as_before() {
    static DROPPED: AtomicU32 = AtomicU32::new(0);
    struct Witness;
    impl Drop for Witness {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, SeqCst);
        }
    }
    fn bad() -> u32 {
        panic!("on purpose")
    }
    #[inline(never)]
    fn caller() -> u32 {
        let _witness = Witness;
        number() + 1
    }
    let result = panic::catch_unwind(|| {
        let _guard = monkey::patch!(number = bad);
        caller()
    });
    assert_eq!(*result.unwrap_err().downcast::<&str>().unwrap(), "on purpose");
    assert_eq!(DROPPED.load(SeqCst), 1);
    assert_eq!(caller(), 2);
    // The lock is free: this would hang otherwise, or see the panicking one.
    let _guard = monkey::patch!(number = || 5);
    assert_eq!(caller(), 6);
}

#[test]
fn a_cycle_is_an_error_and_several_targets_are_patched_together_or_not_at_all() {
    #[monkey::patchable]
    fn left() -> u32 {
        1
    }
    #[monkey::patchable]
    fn right() -> u32 {
        2
    }
    let error = monkey::try_patch!(left = right, right = left).unwrap_err();
    assert_eq!(*error.cause(), monkey::Cause::Cycle);
    assert_eq!((left(), right()), (1, 2));
    let same: fn() -> u32 = number;
    let error = monkey::try_patch!(left = right, number = same).unwrap_err();
    assert_eq!(*error.cause(), monkey::Cause::SameFunction);
    assert_eq!((left(), right(), number()), (1, 2, 1));
    assert!(error.to_string().contains("monkey-tests/tests/engine.rs:"), "{error}");
}

#[test]
fn data_and_nothing_are_not_code() {
    // Not constant: some linkers put constants among the code.
    static DATA: [AtomicU32; 16] = [const { AtomicU32::new(0) }; 16];
    for address in [DATA.as_ptr().cast::<()>(), 16 as *const ()] {
        // SAFETY: nothing is called; the addresses are refused.
        let error = unsafe { monkey::patch_at(address, number as *const ()) }.unwrap_err();
        assert!(matches!(error.cause(), monkey::Cause::NotCode { .. }), "{error}");
        assert_eq!(error.address(), address);
    }
    // SAFETY: as above.
    let error = unsafe { monkey::patch_at(number as *const (), ptr::null()) }.unwrap_err();
    assert!(error.to_string().contains("the replacement is null"), "{error}");
}

/// What is both writable and executable, by the process's own map.
fn writable_code() -> Vec<String> {
    let map = fs::read_to_string("/proc/self/maps").unwrap();
    map.lines()
        .filter(|line| line.split_whitespace().nth(1).unwrap().starts_with("rwx"))
        .map(String::from)
        .collect()
}

/// A function that gives a number.
#[cfg(target_arch = "x86_64")]
fn function(number: u32) -> [u8; 16] {
    // B8 imm32      mov eax, number
    // C3            ret
    let mut code = [0xCC; 16];
    code[0] = 0xB8;
    code[1..5].copy_from_slice(&number.to_le_bytes());
    code[5] = 0xC3;
    code
}

/// A function that gives a number.
#[cfg(target_arch = "aarch64")]
fn function(number: u32) -> [u8; 16] {
    // 010100101 00 imm16 Rd                  movz w0, #number
    // 011100101 01 imm16 Rd                  movk w0, #number, lsl #16
    // 11010110010 11111 000000 11110 00000   ret
    let words: [u32; 4] =
        [0x5280_0000 | (number & 0xFFFF) << 5, 0x72A0_0000 | (number >> 16) << 5, 0xD65F_03C0, 0];
    let mut code = [0; 16];
    code.chunks_mut(4).zip(words).for_each(|(to, word)| to.copy_from_slice(&word.to_le_bytes()));
    code
}

/// What was written is there for the machine's fetches.
#[cfg(target_arch = "aarch64")]
fn flush(memory: *const u8, size: usize) {
    for line in (0..size).step_by(16) {
        // SAFETY: within memory that is readable; both instructions leave it and the registers as they are.
        unsafe { asm!("dc cvau, {0}", "dsb ish", "ic ivau, {0}", in(reg) memory.wrapping_add(line)) };
    }
    // SAFETY: waits, and empties the pipeline.
    unsafe { asm!("dsb ish", "isb") };
}

/// Functions of sixteen bytes each, in pages that may be run.
fn functions(count: u32) -> Vec<extern "C" fn() -> u32> {
    let size = count as usize * 16;
    let (any, anonymous) = (ptr::null_mut(), libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: new memory, anywhere.
    let memory = unsafe { libc::mmap(any, size, libc::PROT_READ | libc::PROT_WRITE, anonymous, -1, 0) };
    assert_ne!(memory, libc::MAP_FAILED);
    for number in 0..count {
        // SAFETY: within the memory just mapped.
        unsafe { memory.cast::<[u8; 16]>().add(number as usize).write(function(number)) };
    }
    // SAFETY: nobody runs it yet.
    assert_eq!(unsafe { libc::mprotect(memory, size, libc::PROT_READ | libc::PROT_EXEC) }, 0);
    #[cfg(target_arch = "aarch64")]
    flush(memory.cast(), size);
    let at = |number: u32| memory as usize + number as usize * 16;
    // SAFETY: a whole function of this type lies at each of the addresses.
    (0..count)
        .map(|number| unsafe { std::mem::transmute::<usize, extern "C" fn() -> u32>(at(number)) })
        .collect()
}

#[test]
fn thousands_of_functions_are_patched_and_no_page_stays_writable() {
    // Where code is written by `mprotect`, another test's page is writable for a moment.
    child::alone("thousands_of_functions_are_patched_and_no_page_stays_writable", patch_thousands);
}

fn patch_thousands() {
    extern "C" fn all_the_same() -> u32 {
        u32::MAX
    }
    // An emulator's own bookkeeping takes 50 ms for each.
    let functions = functions(if child::emulated() { 200 } else { 10_000 });
    let patch = |function: &extern "C" fn() -> u32| {
        // SAFETY: both are of this type.
        unsafe { monkey::patch_at(*function as *const (), all_the_same as *const ()) }.unwrap()
    };
    let guards: Vec<_> = functions.iter().map(patch).collect();
    assert!(functions.iter().all(|function| black_box(function)() == u32::MAX));
    drop(guards);
    assert!(functions.iter().zip(0..).all(|(function, number)| black_box(function)() == number));
    assert_eq!(writable_code(), Vec::<String>::new());
}

/// On machines whose caches are not coherent, and under emulators that are as strict, this is the test of the flush:
/// `.ci/aarch64` runs it under such a one.
#[test]
fn code_written_by_either_way_runs_at_once() {
    const TEST: &str = "code_written_by_either_way_runs_at_once";
    extern "C" fn all_the_same() -> u32 {
        u32::MAX
    }
    if child::case().is_none() {
        for way in child::ways() {
            for form in ["near", "far"] {
                let mut command = child::command(TEST, way);
                let output = command.env("MONKEY_CODE_WRITE", way).env("MONKEY_JUMP", form).output().unwrap();
                assert!(child::passed(&output), "{way}: {}", child::describe(output.status, &output));
            }
        }
        return;
    }
    for (function, number) in functions(20).into_iter().zip(0..) {
        // Fetched, and kept.
        assert!((0..1000).all(|_| black_box(function)() == number));
        // SAFETY: both are of this type.
        let guard = unsafe { monkey::patch_at(function as *const (), all_the_same as *const ()) }.unwrap();
        assert_eq!(black_box(function)(), u32::MAX);
        drop(guard);
        assert_eq!(black_box(function)(), number);
    }
}

#[test]
fn page_protections_come_back() {
    child::alone("page_protections_come_back", || {
        // Those of the program's code: where a page was written, the kernel may go on listing it by itself.
        let protections = || {
            let map = fs::read_to_string("/proc/self/maps").unwrap();
            let ours = map.lines().filter(|line| line.contains("/engine-"));
            let code =
                ours.filter_map(|line| line.split_whitespace().nth(1)).filter(|bits| bits.contains('x'));
            code.map(ToOwned::to_owned).collect::<BTreeSet<_>>()
        };
        assert_eq!(protections(), BTreeSet::from(["r-xp".to_owned()]));
        drop(monkey::patch!(number = || 5));
        assert_eq!(protections(), BTreeSet::from(["r-xp".to_owned()]));
    });
}
