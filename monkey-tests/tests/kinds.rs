//! Which kinds of functions take which forms: a test for each "yes", words of the compiler's or the engine's for each "no". The page
//! `docs/src/kinds.md` is made of this file: `MONKEY_BLESS=1 cargo test -p monkey-tests --test kinds` writes it.
use std::ffi::{c_char, c_int, c_uint};
use std::fmt::{Debug, Write as _};
use std::fs;
use std::hint::black_box;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// What is said of a kind and a form.
enum Answer {
    Yes,
    /// A file with what the compiler says, and words in it.
    No(&'static str, &'static str),
    /// What there is instead.
    Instead(&'static str),
}

struct Kind {
    title: &'static str,
    /// By the forms' names.
    answers: &'static [(&'static str, Answer)],
}

/// The columns, in their order.
const FORMS: [(&str, &str); 6] = [
    ("replaced", "replaced by a function or closure"),
    ("captures", "by a closure that captures"),
    ("returns", "`returns`, `sequence`"),
    ("watched", "`watch`"),
    ("original", "`original!`"),
    ("patchable", "`#[patchable]`"),
];

macro_rules! kinds {
    ($($kind:ident $title:literal { $($form:ident $what:tt)* })*) => {
        $(mod $kind {
            #[allow(unused_imports)]
            use super::*;
            $(form!($form $what);)*
        })*
        const KINDS: &[Kind] = &[$(Kind {
            title: $title,
            answers: &[$((stringify!($form), answer!($what))),*],
        }),*];
    };
}

macro_rules! form {
    ($form:ident { $($body:tt)* }) => {
        #[test]
        fn $form() {
            $($body)*
        }
    };
    ($form:ident ($($no:tt)*)) => {};
    ($form:ident [$($instead:tt)*]) => {};
}

macro_rules! answer {
    ({ $($body:tt)* }) => {
        Answer::Yes
    };
    (($file:literal, $words:literal)) => {
        Answer::No($file, $words)
    };
    ([$instead:literal]) => {
        Answer::Instead($instead)
    };
}

#[monkey::patchable]
fn plain(number: u32) -> u32 {
    number
}

#[derive(Debug)]
struct Counter(u32);

#[monkey::patchable]
impl Counter {
    fn new() -> Self {
        Self(0)
    }

    fn add(&mut self, number: u32) -> &mut u32 {
        self.0 += number;
        &mut self.0
    }
}

trait Shape {
    fn area(&self) -> u32;

    #[monkey::patchable]
    fn double(&self) -> u32 {
        self.area() * 2
    }
}

#[monkey::patchable]
impl Shape for Counter {
    fn area(&self) -> u32 {
        self.0
    }
}

#[monkey::patchable]
fn show<T: Debug>(value: T) -> String {
    format!("{value:?}")
}

#[monkey::patchable]
fn sum<const N: usize>(numbers: [u32; N]) -> u32 {
    numbers.iter().sum()
}

#[monkey::patchable]
unsafe fn read(from: *const u32) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { *from }
}

#[monkey::patchable]
extern "C" fn for_c(number: c_int) -> c_int {
    number
}

extern "C" fn seven_for_c(_: c_int) -> c_int {
    7
}

#[monkey::patchable]
extern "C-unwind" fn unwinding(number: c_int) -> c_int {
    number
}

extern "C-unwind" fn panicking(_: c_int) -> c_int {
    panic!("through C")
}

static ONE: u32 = 1;

#[monkey::patchable]
async fn later(text: &str) -> usize {
    tokio::task::yield_now().await;
    text.len()
}

mod elsewhere {
    pub async fn later(text: &str) -> usize {
        tokio::task::yield_now().await;
        text.len()
    }
}

fn awaited<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[track_caller]
#[inline(never)]
fn line() -> u32 {
    black_box(std::panic::Location::caller().line())
}

#[monkey::patchable]
fn leave(code: i32) -> ! {
    std::process::exit(code)
}

#[monkey::patchable]
fn evens(below: u32) -> impl Iterator<Item = u32> {
    (0..below).filter(|number| number % 2 == 0)
}

#[monkey::patchable]
fn apply(function: impl Fn(u32) -> u32) -> u32 {
    function(1)
}

fn more(number: u32) -> u32 {
    number + 1
}

/// The instance for the type of an example.
fn zero_like<F: Fn(u32) -> u32>(_: F) -> fn(F) -> u32 {
    fn zero<F>(_: F) -> u32 {
        0
    }
    zero::<F>
}

struct Connection;

impl Drop for Connection {
    fn drop(&mut self) {
        panic!("closes a socket")
    }
}

unsafe fn nothing(_: *mut Connection) {}

extern "C" fn no_pid() -> c_int {
    7
}

extern "C" fn no_file(_: *const c_char, _: c_int, _: c_uint) -> c_int {
    -1
}

kinds! {
    a_function "a function" {
        replaced {
            let _guard = monkey::patch!(plain = |_| 7);
            assert_eq!(plain(1), 7);
        }
        captures {
            let number = black_box(7);
            let _guard = monkey::patch!(plain = move |_| number);
            assert_eq!(plain(1), 7);
        }
        returns {
            let _guard = monkey::patch!(plain = sequence[7, 8]);
            assert_eq!((plain(1), plain(1)), (7, 8));
        }
        watched {
            let _guard = monkey::patch!(watch(plain), expect(plain = 1));
            assert_eq!(plain(1), 1);
        }
        original {
            let _guard = monkey::patch!(plain = |number| monkey::original!(plain(number)) + 1);
            assert_eq!(plain(1), 2);
        }
        patchable { assert_eq!(plain(1), 1); }
    }
    an_associated_function "an associated function" {
        replaced {
            let _guard = monkey::patch!(Counter::new = || Counter(7));
            assert_eq!(Counter::new().0, 7);
        }
        captures {
            let number = black_box(7);
            let _guard = monkey::patch!(Counter::new = move || Counter(number));
            assert_eq!(Counter::new().0, 7);
        }
        returns {
            let _guard = monkey::patch!(Counter::new = returns(Counter(7)));
            assert_eq!(Counter::new().0, 7);
        }
        watched {
            let _guard = monkey::patch!(watch(Counter::new), expect(Counter::new = 1));
            assert_eq!(Counter::new().0, 0);
        }
        original {
            let _guard = monkey::patch!(Counter::new = || Counter(monkey::original!(Counter::new()).0 + 1));
            assert_eq!(Counter::new().0, 1);
        }
        patchable { assert_eq!(Counter::new().0, 0); }
    }
    a_method "a method" {
        replaced {
            fn nothing_added(counter: &mut Counter, _: u32) -> &mut u32 {
                &mut counter.0
            }
            let _guard = monkey::patch!(Counter::add = nothing_added);
            assert_eq!(*Counter(1).add(1), 1);
        }
        captures {
            let number = black_box(6);
            let _guard = monkey::patch!(Counter::add = move |counter: &mut Counter, more| -> &mut u32 {
                counter.0 += number + more;
                &mut counter.0
            });
            assert_eq!(*Counter(1).add(1), 8);
        }
        returns {
            let _guard = monkey::patch!(Counter::add = returns(Box::leak(Box::new(7))));
            assert_eq!(*Counter(1).add(1), 7);
        }
        watched {
            let _guard = monkey::patch!(watch(Counter::add), expect(Counter::add = 1));
            assert_eq!(*Counter(1).add(1), 2);
        }
        original {
            fn twice(counter: &mut Counter, number: u32) -> &mut u32 {
                monkey::original!(Counter::add(counter, 2 * number))
            }
            let _guard = monkey::patch!(Counter::add = twice);
            assert_eq!(*Counter(1).add(1), 3);
        }
        patchable { assert_eq!(*Counter(1).add(1), 2); }
    }
    a_trait_method "a trait's method, also behind `dyn`" {
        replaced {
            let _guard = monkey::patch!(<Counter as Shape>::area = |_: &Counter| 7);
            let shape: &dyn Shape = &Counter(1);
            assert_eq!(shape.area(), 7);
        }
        captures {
            let number = black_box(7);
            let _guard = monkey::patch!(<Counter as Shape>::area = move |_: &Counter| number);
            assert_eq!(Counter(1).area(), 7);
        }
        returns {
            let _guard = monkey::patch!(<Counter as Shape>::area = returns(7));
            assert_eq!(Counter(1).area(), 7);
        }
        watched {
            let _guard = monkey::patch!(watch(<Counter as Shape>::area), expect(<Counter as Shape>::area = 1));
            let shape: &dyn Shape = &Counter(1);
            assert_eq!(shape.area(), 1);
        }
        original {
            let _guard = monkey::patch!(<Counter as Shape>::area = |counter: &Counter| {
                monkey::original!(<Counter as Shape>::area(counter)) + 1
            });
            assert_eq!(Counter(1).area(), 2);
        }
        patchable { assert_eq!(Counter(1).area(), 1); }
    }
    a_default_method "a trait's default method, for one type" {
        replaced {
            let _guard = monkey::patch!(<Counter as Shape>::double = |_: &Counter| 7);
            assert_eq!(Counter(1).double(), 7);
        }
        captures {
            let number = black_box(7);
            let _guard = monkey::patch!(<Counter as Shape>::double = move |_: &Counter| number);
            assert_eq!(Counter(1).double(), 7);
        }
        returns {
            let _guard = monkey::patch!(<Counter as Shape>::double = returns(7));
            assert_eq!(Counter(1).double(), 7);
        }
        watched {
            let _guard = monkey::patch!(watch(<Counter as Shape>::double), expect(<Counter as Shape>::double = 1));
            assert_eq!(Counter(1).double(), 2);
        }
        original {
            let _guard = monkey::patch!(<Counter as Shape>::double = |counter: &Counter| {
                monkey::original!(<Counter as Shape>::double(counter)) + 1
            });
            assert_eq!(Counter(1).double(), 3);
        }
        patchable { assert_eq!(Counter(1).double(), 2); }
    }
    a_trait_object "the way through a trait object's table" {
        replaced ("targets.stderr", "this is the way through a trait object's table, which calls do not take; help: name the implementation that is called, as in `<Type as Store>::put`")
        captures ("targets.stderr", "this is the way through a trait object's table, which calls do not take; help: name the implementation that is called, as in `<Type as Store>::put`")
        returns ("targets.stderr", "this is the way through a trait object's table, which calls do not take; help: name the implementation that is called, as in `<Type as Store>::put`")
        watched ("targets.stderr", "this is the way through a trait object's table, which calls do not take; help: name the implementation that is called, as in `<Type as Store>::put`")
        original ["the implementation's"]
        patchable ["the implementation's"]
    }
    a_generic_function "an instance of a generic function" {
        replaced {
            let _guard = monkey::patch!(show = |_: u8| "seven".to_owned());
            assert_eq!((show(1_u8), show(1_u16)), ("seven".to_owned(), "1".to_owned()));
        }
        captures {
            let text = black_box("seven").to_owned();
            let _guard = monkey::patch!(show::<u8> = move |_| text.clone());
            assert_eq!(show(1_u8), "seven");
        }
        returns {
            let _guard = monkey::patch!(show::<u8> = returns("seven".to_owned()));
            assert_eq!(show(1_u8), "seven");
        }
        watched {
            let _guard = monkey::patch!(watch(show::<u8>), expect(show::<u8> = 1));
            assert_eq!((show(1_u8), show(1_u16)), ("1".to_owned(), "1".to_owned()));
        }
        original {
            let _guard = monkey::patch!(show = |number: u8| monkey::original!(show(number)) + "!");
            assert_eq!(show(1_u8), "1!");
        }
        patchable { assert_eq!(show(1_u8), "1"); }
    }
    all_instances "all instances at once" {
        replaced ["[`monkey::function`](recipes.md) lists them, for `patch_at`: who writes `unsafe` there answers for one signature of all"]
        captures ["for one"]
        returns ["for one"]
        watched ("watch.stderr", "cannot infer type of the type parameter `T` declared on the function `parse`")
        original ["that of each"]
        patchable { assert_eq!((show(1_u8), show('x')), ("1".to_owned(), "'x'".to_owned())); }
    }
    a_const_generic "an instance for a constant" {
        replaced {
            let _guard = monkey::patch!(sum::<3> = |_| 7);
            assert_eq!((sum([1, 2, 3]), sum([1, 2])), (7, 3));
        }
        captures {
            let number = black_box(7);
            let _guard = monkey::patch!(sum::<3> = move |_| number);
            assert_eq!(sum([1, 2, 3]), 7);
        }
        returns {
            let _guard = monkey::patch!(sum::<3> = returns(7));
            assert_eq!(sum([1, 2, 3]), 7);
        }
        watched {
            let _guard = monkey::patch!(watch(sum::<3>), expect(sum::<3> = 1));
            assert_eq!((sum([1, 2, 3]), sum([1, 2])), (6, 3));
        }
        original {
            let _guard = monkey::patch!(sum::<3> = |numbers| monkey::original!(sum::<3>(numbers)) + 1);
            assert_eq!(sum([1, 2, 3]), 7);
        }
        patchable { assert_eq!(sum([1, 2, 3]), 6); }
    }
    takes_a_function "a function that takes `impl Fn`, for a function with a name" {
        replaced {
            let _guard = monkey::patch!(apply = zero_like(more));
            assert_eq!((apply(more), apply(|number| number + 2)), (0, 3));
        }
        captures ["by a function"]
        returns ["by a function"]
        watched ["no path has its type: `watch` the function that calls it"]
        original {
            assert_eq!(monkey::original!(apply(more)), 2);
        }
        patchable { assert_eq!(apply(more), 2); }
    }
    gives_impl_trait "a function that gives `impl Trait`" {
        replaced {
            // By one that gives the target's own type.
            let _guard = monkey::patch!(evens = |_| monkey::original!(evens(3)));
            assert_eq!(evens(100).count(), 2);
        }
        captures ["by a function that gives the target's own type"]
        returns ["by a function that gives the target's own type"]
        watched {
            let _guard = monkey::patch!(watch(evens), expect(evens = 1));
            assert_eq!(evens(5).count(), 3);
        }
        original { assert_eq!(monkey::original!(evens(5)).count(), 3); }
        patchable { assert_eq!(evens(5).count(), 3); }
    }
    an_async_function "an `async fn`, patchable" {
        replaced {
            let _guard = monkey::patch!(later = async |text: &str| text.len() + 7);
            assert_eq!(awaited(later("1")), 8);
        }
        captures {
            let number = black_box(7);
            let _guard = monkey::patch!(later = async move |_: &str| number);
            assert_eq!(awaited(later("1")), 7);
        }
        returns {
            let _guard = monkey::patch!(later = sequence[7, 8]);
            assert_eq!((awaited(later("")), awaited(later(""))), (7, 8));
        }
        watched {
            let _guard = monkey::patch!(watch(later), expect(later = 1));
            assert_eq!(awaited(later("1")), 1);
        }
        original {
            let _guard = monkey::patch!(later = async |text: &str| monkey::original!(later(text).await) + 1);
            assert_eq!(awaited(later("1")), 2);
        }
        patchable { assert_eq!(awaited(later("1")), 1); }
    }
    a_foreign_async_function "an `async fn` of another crate" {
        replaced ["nobody in its body asks, or gives the arguments: an error that says so"]
        captures ["likewise"]
        returns {
            let _guard = monkey::patch!(elsewhere::later = sequence[7, ..]);
            assert_eq!((awaited(elsewhere::later("1")), awaited(elsewhere::later("1"))), (7, 1));
        }
        watched {
            let _guard = monkey::patch!(watch(elsewhere::later), expect(elsewhere::later = 1));
            assert_eq!(awaited(elsewhere::later("1")), 1);
        }
        original {
            let _guard = monkey::patch!(elsewhere::later = returns(7));
            assert_eq!(awaited(async { monkey::original!(elsewhere::later("1").await) }), 1);
        }
        patchable ["it is compiled already"]
    }
    never_returns "a function that never returns" {
        replaced {
            let _guard = monkey::patch!(leave = |code| panic!("left with {code}"), std::process::exit = |_| panic!("left"));
            catch_unwind(|| leave(1)).unwrap_err();
            catch_unwind(|| std::process::exit(1)).unwrap_err();
        }
        captures {
            let text = black_box("left");
            let _guard = monkey::patch!(leave = move |code| -> ! { panic!("{text} with {code}") });
            catch_unwind(|| leave(1)).unwrap_err();
        }
        returns {
            let _guard = monkey::patch!(leave = returns(panic!("left")));
            catch_unwind(|| leave(1)).unwrap_err();
        }
        watched {
            let _guard = monkey::patch!(replace(std::process::exit = |_| panic!("left")), watch(leave), expect(leave = 1));
            catch_unwind(|| leave(1)).unwrap_err();
        }
        original {
            let _guard = monkey::patch!(std::process::exit = |_| panic!("left"));
            catch_unwind(|| monkey::original!(leave(1))).unwrap_err();
        }
        patchable {
            let _guard = monkey::patch!(std::process::exit = |_| panic!("left"));
            catch_unwind(|| leave(1)).unwrap_err();
        }
    }
    an_unsafe_function "an `unsafe fn`" {
        replaced {
            let _guard = monkey::patch!(read = |_| 7);
            // SAFETY: a number is there.
            assert_eq!(unsafe { read(&raw const ONE) }, 7);
        }
        captures {
            let mut number = 6;
            let _guard = monkey::patch!(
                read = move |_| {
                    number += 1;
                    number
                }
            );
            // SAFETY: a number is there.
            assert_eq!(unsafe { read(&raw const ONE) }, 7);
            // SAFETY: a number is there.
            assert_eq!(unsafe { read(&raw const ONE) }, 8);
        }
        returns ["by a closure"]
        watched {
            let _guard = monkey::patch!(watch(read), expect(read = 1));
            // SAFETY: a number is there.
            assert_eq!(unsafe { read(&raw const ONE) }, 1);
        }
        original {
            let _guard = monkey::patch!(read = |_| 7);
            // SAFETY: a number is there.
            assert_eq!(unsafe { monkey::original!(read(&raw const ONE)) }, 1);
        }
        patchable {
            // SAFETY: a number is there.
            assert_eq!(unsafe { read(&raw const ONE) }, 1);
        }
    }
    for_other_languages "an `extern \"C\" fn` of Rust's" {
        replaced {
            let _guard = monkey::patch!(for_c = seven_for_c);
            assert_eq!(for_c(1), 7);
        }
        captures ["by a function of its ABI"]
        returns ["by a function of its ABI"]
        watched {
            let _guard = monkey::patch!(watch(for_c), expect(for_c = 1));
            assert_eq!(for_c(1), 1);
        }
        original {
            let _guard = monkey::patch!(for_c = seven_for_c);
            assert_eq!(monkey::original!(for_c(1)), 1);
        }
        patchable { assert_eq!(for_c(1), 1); }
    }
    that_unwinds "an `extern \"C-unwind\" fn`" {
        replaced {
            let _guard = monkey::patch!(unwinding = panicking);
            catch_unwind(|| unwinding(1)).unwrap_err();
        }
        captures ["by a function of its ABI"]
        returns ["by a function of its ABI"]
        watched {
            let _guard = monkey::patch!(watch(unwinding), expect(unwinding = 1));
            assert_eq!(unwinding(1), 1);
        }
        original {
            let _guard = monkey::patch!(unwinding = panicking);
            assert_eq!(monkey::original!(unwinding(1)), 1);
        }
        patchable { assert_eq!(unwinding(1), 1); }
    }
    of_c "a function of C" {
        replaced {
            let _guard = monkey::patch!(libc::getppid = no_pid);
            // SAFETY: asks for a number.
            assert_eq!(unsafe { libc::getppid() }, 7);
        }
        captures {
            let number = 7;
            let _guard = monkey::patch!(libc::getppid = move || number);
            // SAFETY: asks for a number.
            assert_eq!(unsafe { libc::getppid() }, 7);
        }
        returns ["by a closure; where it is not `libc`'s, by a function of its ABI"]
        watched {
            let _guard = monkey::patch!(watch(libc::getppid), expect(libc::getppid = 1));
            // SAFETY: asks for a number.
            assert_ne!(unsafe { libc::getppid() }, 0);
        }
        original {
            let _guard = monkey::patch!(libc::getppid = no_pid);
            // SAFETY: asks for a number.
            assert_ne!(unsafe { monkey::original!(libc::getppid()) }, 7);
        }
        patchable ["nothing inlines it"]
    }
    variadic_of_c "a variadic function of `libc`" {
        replaced {
            let _guard = monkey::patch!(libc::open64 = no_file);
            fs::File::open("/etc/hostname").unwrap_err();
        }
        captures ["by a function of its ABI"]
        returns ["by a function of its ABI"]
        watched {
            let _guard = monkey::patch!(watch(libc::open64), expect(libc::open64 = 1));
            let _ = fs::File::open("/etc/hostname");
        }
        original {
            let _guard = monkey::patch!(libc::open64 = no_file);
            // SAFETY: a name that ends with a zero byte.
            assert!(unsafe { monkey::original!(libc::open64(c"/".as_ptr(), libc::O_RDONLY)) } >= 0);
        }
        patchable ["nothing inlines it"]
    }
    a_destructor "a destructor, `std::ptr::drop_in_place::<T>`" {
        replaced {
            let _guard = monkey::patch!(std::ptr::drop_in_place::<Connection> = nothing);
            drop(Connection);
        }
        captures ["by a function"]
        returns ["by a function"]
        watched {
            let _guard = monkey::patch!(
                watch(std::ptr::drop_in_place::<Connection>),
                expect(std::ptr::drop_in_place::<Connection> = 1),
            );
            catch_unwind(|| drop(Connection)).unwrap_err();
        }
        original ["`std::mem::forget`, or nothing: it runs but once"]
        patchable ("targets.stderr", "`drop` is called by what drops a value and not by its name; help: write `std::ptr::drop_in_place::<Conn> = ..`, whose replacement takes a `*mut Conn`")
    }
    that_knows_its_caller "a `#[track_caller]` function" {
        replaced {
            let _guard = monkey::patch!(line = || 7);
            assert_eq!(line(), 7);
        }
        captures {
            let number = black_box(7);
            let _guard = monkey::patch!(line = move || number);
            assert_eq!(line(), 7);
        }
        returns {
            let _guard = monkey::patch!(line = returns(7));
            assert_eq!(line(), 7);
        }
        watched {
            let _guard = monkey::patch!(watch(line), expect(line = 1));
            assert_eq!(line(), line!());
        }
        original {
            let _guard = monkey::patch!(line = || 7);
            assert_ne!(monkey::original!(line()), 7);
        }
        patchable ("patchable_attributes.stderr", "a `#[track_caller]` function cannot be patchable, direct calls do not go where its pointer does; help: remove one of the two")
    }
    of_std "a function of std" {
        replaced {
            let _guard = monkey::patch!(fs::read_to_string = |_: &Path| Ok("seven".to_owned()));
            assert_eq!(fs::read_to_string(Path::new("no file")).unwrap(), "seven");
        }
        captures {
            let number = black_box(7);
            let _guard = monkey::patch!(std::process::id = move || number);
            assert_eq!(std::process::id(), 7);
        }
        returns {
            let _guard = monkey::patch!(std::process::id = returns(7));
            assert_eq!(std::process::id(), 7);
        }
        watched {
            let _guard = monkey::patch!(watch(std::thread::sleep), expect(std::thread::sleep = 1));
            std::thread::sleep(std::time::Duration::ZERO);
        }
        original {
            let _guard = monkey::patch!(std::process::id = || 7);
            assert_ne!(monkey::original!(std::process::id()), 7);
        }
        patchable ["it is compiled already; in optimised code its small ones are inlined"]
    }
    an_inlined_one "an `#[inline(always)]` function" {
        replaced ["where no call is left, the test fails and names the place"]
        captures ["likewise"]
        returns ["likewise"]
        watched ["likewise"]
        original ["the call itself"]
        patchable ("patchable_attributes.stderr", "an `#[inline(always)]` function cannot be patchable, it has no calls; help: remove one of the two")
    }
    a_const_fn "a `const fn`" {
        replaced ["for calls that were not evaluated before"]
        captures ["likewise"]
        returns ["likewise"]
        watched ["likewise"]
        original ["the call itself"]
        patchable ("patchable_const_fn.stderr", "a `const fn` cannot be patchable, it may run in the compiler; help: remove one of the two")
    }
    a_closure "a closure" {
        replaced ("targets.stderr", "non-primitive cast: `{closure@")
        captures ("targets.stderr", "non-primitive cast: `{closure@")
        returns ("targets.stderr", "non-primitive cast: `{closure@")
        watched ["replace or watch the function that takes it"]
        original ["the call itself"]
        patchable ["the function that it is written in"]
    }
    a_value "a variable that holds a function" {
        replaced ("targets.stderr", "a target is a function, named by its path")
        captures ("targets.stderr", "a target is a function, named by its path")
        returns ("targets.stderr", "a target is a function, named by its path")
        watched ("watch.stderr", "a target is a function, named by its path")
        original ["the call itself"]
        patchable ["what it points to"]
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

const HEAD: &str = "# Kinds of functions

Which kinds take which forms. The table is made of tests (`monkey-tests/tests/kinds.rs`): each \u{201c}yes\u{201d} is one, and the words of
each \u{201c}no\u{201d} are compared with the compiler's.

";

fn page() -> String {
    let mut text = HEAD.to_owned();
    let titles: Vec<&str> = FORMS.iter().map(|(_, title)| *title).collect();
    let _ = writeln!(text, "| kind | {} |\n| --- |{}", titles.join(" | "), " --- |".repeat(FORMS.len()));
    let mut notes: Vec<&str> = Vec::new();
    for kind in KINDS {
        let cells: Vec<String> = FORMS.iter().map(|(form, _)| cell(kind, form, &mut notes)).collect();
        let _ = writeln!(text, "| {} | {} |", kind.title, cells.join(" | "));
    }
    text.push_str("\nWhat the compiler says of each \u{201c}no\u{201d}:\n\n");
    for (index, words) in notes.iter().enumerate() {
        let fence = if words.contains('`') { ("`` ", " ``") } else { ("`", "`") };
        let _ = writeln!(text, "{}. {}{words}{}", index + 1, fence.0, fence.1);
    }
    text
}

fn cell(kind: &Kind, form: &str, notes: &mut Vec<&'static str>) -> String {
    let (_, answer) = kind.answers.iter().find(|(own, _)| *own == form).expect("an answer for each form");
    match answer {
        Answer::Yes => "yes".to_owned(),
        Answer::Instead(instead) => (*instead).to_owned(),
        Answer::No(_, words) => {
            let known = notes.iter().position(|note| note == words).unwrap_or_else(|| {
                notes.push(words);
                notes.len() - 1
            });
            format!("no ({})", known + 1)
        }
    }
}

#[test]
fn the_page_says_what_the_tests_show() {
    let path = root().join("docs/src/kinds.md");
    let text = page();
    if std::env::var_os("MONKEY_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "MONKEY_BLESS=1 writes it anew");
}

#[test]
fn every_no_is_what_the_compiler_says() {
    for (file, words) in KINDS.iter().flat_map(|kind| kind.answers).filter_map(|(_, answer)| match answer {
        Answer::No(file, words) => Some((file, words)),
        Answer::Yes | Answer::Instead(_) => None,
    }) {
        let said = fs::read_to_string(root().join("monkey-tests/tests/compile_fail").join(file)).unwrap();
        assert!(said.contains(words), "{words:?} is not in {file}");
    }
}
