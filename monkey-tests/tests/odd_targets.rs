//! Functions that are not quite like others.
use std::ffi::{c_char, c_int, c_uint};
use std::fs::File;
use std::hint::black_box;
use std::panic::{self, Location};

extern "C" fn no_file(_: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    assert!(flags & libc::O_CLOEXEC != 0 && (flags & libc::O_CREAT == 0 || mode == 0o666));
    // SAFETY: takes nothing, changes nothing.
    let error = unsafe { libc::__errno_location() };
    // SAFETY: this thread's own.
    unsafe { error.write(libc::ENOSPC) };
    -1
}

/// A replacement has the arguments that it needs; what std opens comes to it.
#[monkey::test(replace(libc::open64 = no_file), expect(libc::open64 = 2))]
fn variadic_functions_of_c() {
    assert_eq!(File::create("/tmp/odd").unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    assert!(File::open("/etc/hostname").is_err());
}

extern "C" fn nothing_to_control(_: c_int, _: c_int, _: c_int) -> c_int {
    7
}

#[monkey::test(replace(libc::fcntl = nothing_to_control))]
fn variadic_functions_that_were_given_no_further_argument() {
    // SAFETY: asks for a number.
    assert_eq!(unsafe { libc::fcntl(0, libc::F_GETFD) }, 7);
}

/// All that `args` does is to jump to `args_os`.
#[monkey::test(replace(std::env::args_os = || monkey::original!(std::env::args_os())))]
fn a_function_that_jumps_to_one_that_is_hooked() {
    assert!(std::env::args_os().count() > 0);
    let guard = monkey::patch!(
        replace(std::env::args = || monkey::original!(std::env::args())),
        expect(std::env::args = 1)
    );
    assert!(std::env::args().count() > 0);
    drop(guard);
}

#[monkey::patchable]
fn exit(code: i32) -> ! {
    std::process::exit(code)
}

#[monkey::test(replace(exit = |code| panic!("left with {code}"), std::process::exit = |_| panic!("left")), expect(std::process::exit = 1))]
fn functions_that_never_return() {
    let left = panic::catch_unwind(|| exit(3)).unwrap_err();
    assert_eq!(left.downcast_ref::<String>().unwrap(), "left with 3");
    panic::catch_unwind(|| std::process::exit(1)).unwrap_err();
}

#[inline(never)]
fn sum<const N: usize>(numbers: [u32; N]) -> u32 {
    black_box(numbers).iter().sum()
}

#[monkey::test(replace(sum::<3> = |_| 7))]
fn one_instance_for_a_constant() {
    assert_eq!((sum([1, 2, 3]), sum([1, 2])), (7, 3));
}

#[track_caller]
#[inline(never)]
fn line() -> u32 {
    black_box(Location::caller().line())
}

#[monkey::test(replace(line = || 7))]
fn functions_that_know_their_caller() {
    assert_eq!(line(), 7);
}

#[inline(never)]
extern "system" fn for_the_system(number: u64) -> u64 {
    black_box(number)
}

extern "system" fn doubled_for_the_system(number: u64) -> u64 {
    number * 2
}

#[inline(never)]
extern "C-unwind" fn unwinding(number: u64) -> u64 {
    // Optimised, it would else have its body from the one above, and no address of its own.
    black_box(number + 1)
}

extern "C-unwind" fn panicking(_: u64) -> u64 {
    panic!("through C")
}

#[monkey::test(replace(for_the_system = doubled_for_the_system, unwinding = panicking))]
fn functions_of_other_abis() {
    assert_eq!(for_the_system(2), 4);
    panic::catch_unwind(|| unwinding(1)).unwrap_err();
}

#[inline(never)]
fn evens(below: u32) -> impl Iterator<Item = u32> {
    (0..black_box(below)).filter(|number| number % 2 == 0)
}

/// The replacement's result is of the same type only if it comes from the target itself.
#[monkey::test(replace(evens = |_| monkey::original!(evens(3))))]
fn results_without_a_name() {
    assert_eq!(evens(100).collect::<Vec<_>>(), [0, 2]);
}

#[inline(never)]
fn apply(function: impl Fn(u32) -> u32) -> u32 {
    function(black_box(1))
}

fn more(number: u32) -> u32 {
    number + 1
}

/// An instance for a function that has a name is had by an example.
#[monkey::test(replace(apply = {
    fn none<F: Fn(u32) -> u32>(_: F) -> u32 { 0 }
    fn like<F: Fn(u32) -> u32>(_: F) -> fn(F) -> u32 { none::<F> }
    like(more)
}))]
fn functions_that_take_functions() {
    assert_eq!(apply(more), 0);
    assert_eq!(apply(|number| number + 2), 3);
}

trait Shape {
    fn area(&self) -> u32;

    #[inline(never)]
    fn double(&self) -> u32 {
        black_box(self.area()) * 2
    }
}

struct Square(u32);

impl Shape for Square {
    fn area(&self) -> u32 {
        self.0 * self.0
    }
}

struct Line;

impl Shape for Line {
    fn area(&self) -> u32 {
        1
    }
}

#[monkey::test(replace(<Square as Shape>::double = |square: &Square| square.0))]
fn default_methods_of_one_type() {
    let shapes: [&dyn Shape; 2] = [&Square(5), &Line];
    assert_eq!(shapes.map(Shape::double), [5, 2]);
}

// Optimised, one that nothing keeps from it loses the parameter that it does not look at.
#[cfg_attr(not(debug_assertions), monkey::patchable)]
#[inline(never)]
fn size_of_it<T>(value: T) -> usize {
    size_of_val(&black_box(value))
}

#[inline(never)]
fn no_size() -> usize {
    0
}

/// Whoever answers for it that no argument matters may have all instances.
#[test]
fn all_instances_at_once() {
    assert_eq!((size_of_it(1_u8), size_of_it(1_u64), size_of_it("text")), (1, 8, 16));
    let path = std::any::type_name_of_val(&no_size).replace("no_size", "size_of_it");
    let error = monkey::function(&path).unwrap_err();
    if !cfg!(debug_assertions) && error.to_string().contains("build with debug information") {
        return; // It is said that nothing tells them apart here.
    }
    let guards: Vec<_> = error
        .others()
        .into_iter()
        .map(|instance| {
            let target = monkey::function(instance).unwrap();
            // SAFETY: a function may be called with arguments that it does not look at, and all give a `usize`.
            unsafe { monkey::patch_at(target, no_size as *const ()) }.unwrap()
        })
        .collect();
    assert_eq!(guards.len(), 3);
    assert_eq!((size_of_it(1_u8), size_of_it(1_u64), size_of_it("text")), (0, 0, 0));
}

/// Two functions, of which one only jumps on to the other.
mod jumps_on {
    use std::arch::global_asm;
    use std::hint::black_box;

    #[cfg(target_arch = "x86_64")]
    global_asm!(
        ".pushsection .text.jumps_on, \"ax\"",
        ".balign 32, 0xCC",
        "odd_seven: mov eax, 7",
        "    ret",
        ".balign 32, 0xCC",
        "odd_jumps_on: jmp odd_seven",
        ".balign 32, 0xCC",
        ".popsection",
    );
    #[cfg(target_arch = "aarch64")]
    global_asm!(
        ".pushsection .text.jumps_on, \"ax\"",
        ".balign 32",
        "odd_seven: mov x0, #7",
        "    ret",
        ".balign 32",
        "odd_jumps_on: b odd_seven",
        ".balign 32",
        ".popsection",
    );

    unsafe extern "C" {
        safe fn odd_seven() -> u64;
        safe fn odd_jumps_on() -> u64;
    }

    extern "C" fn eight() -> u64 {
        8
    }

    extern "C" fn nine() -> u64 {
        9
    }

    #[test]
    fn a_function_that_jumps_on_to_a_hooked_one_is_hooked_as_well() {
        // SAFETY: both have the type `extern "C" fn() -> u64`.
        let first = unsafe { monkey::patch_at(odd_seven as *const (), eight as *const ()) }.unwrap();
        assert_eq!((black_box(odd_seven)(), black_box(odd_jumps_on)()), (8, 8));
        // SAFETY: as above.
        let second = unsafe { monkey::patch_at(odd_jumps_on as *const (), nine as *const ()) }.unwrap();
        assert_eq!((black_box(odd_seven)(), black_box(odd_jumps_on)()), (8, 9));
        drop(first);
        assert_eq!((black_box(odd_seven)(), black_box(odd_jumps_on)()), (7, 9));
        drop(second);
        assert_eq!((black_box(odd_seven)(), black_box(odd_jumps_on)()), (7, 7));
    }
}
