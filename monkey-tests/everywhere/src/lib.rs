//! What the tests replace.
#![forbid(unsafe_code)]

/// Whether started threads come into their parent's scope by themselves. Elsewhere they are handed it.
pub const INHERITS: bool = cfg!(not(miri))
    && cfg!(any(
        all(
            any(target_os = "linux", target_os = "macos"),
            any(target_arch = "x86_64", target_arch = "aarch64"),
            target_pointer_width = "64"
        ),
        all(windows, target_arch = "x86_64"),
    ));

/// The time.
#[monkey::patchable]
pub fn now() -> u64 {
    1_700_000_000
}

/// What depends on it.
#[must_use]
pub fn age(born: u64) -> u64 {
    now() - born
}

/// A shop.
#[derive(Debug)]
pub struct Till {
    /// In cents.
    pub price: u32,
}

#[monkey::patchable]
impl Till {
    /// What that many cost.
    #[must_use]
    pub fn total(&self, items: u32) -> u32 {
        self.price * items
    }
}

/// Something with a body of its own.
pub trait Greets {
    /// Who.
    fn name(&self) -> String;

    /// The greeting.
    #[monkey::patchable]
    fn greeting(&self) -> String {
        format!("hello, {}", self.name())
    }
}

/// Somebody.
#[derive(Debug)]
pub struct Ann;

impl Greets for Ann {
    fn name(&self) -> String {
        "Ann".to_owned()
    }
}

/// Drops count.
#[derive(Debug)]
pub struct Counted<'a>(pub &'a std::sync::atomic::AtomicU32);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    }
}

/// Calls `now` with something to drop around it.
pub fn with_something_to_drop(drops: &std::sync::atomic::AtomicU32) -> u64 {
    let _first = Counted(drops);
    let _second = Counted(drops);
    now()
}

/// A number in a text.
#[monkey::patchable]
pub fn parsed<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// What a reader brings.
#[monkey::patchable]
pub async fn page(address: &str) -> Result<String, u16> {
    std::future::ready(Err(address.len() as u16)).await
}

/// One line of it.
#[monkey::patchable]
pub async fn line(number: u32) -> String {
    std::future::ready(number.to_string()).await
}

mod rates {
    /// Nobody else can name it.
    #[inline(never)]
    pub fn vat(country: u32) -> u32 {
        std::hint::black_box(country) * 2
    }
}

/// With what is added to it.
#[must_use]
pub fn taxed(price: u32) -> u32 {
    // By its address: where all its calls are seen, its parameters may come in another way.
    price + std::hint::black_box(rates::vat as fn(u32) -> u32)(1)
}

macro_rules! subjects {
    ($($name:ident $number:literal)*) => {
        $(
            /// One of many.
            #[monkey::patchable]
            pub fn $name(x: u64) -> u64 {
                x.wrapping_mul($number) + 1
            }
        )*

        /// All of them, with what each multiplies by.
        pub const SUBJECTS: &[(fn(u64) -> u64, u64)] = &[$(($name, $number)),*];
    };
}

subjects! {
    s02 2 s03 3 s04 4 s05 5 s06 6 s07 7 s08 8 s09 9 s10 10 s11 11 s12 12 s13 13 s14 14 s15 15 s16 16 s17 17
    s18 18 s19 19 s20 20 s21 21 s22 22 s23 23 s24 24 s25 25 s26 26 s27 27 s28 28 s29 29 s30 30 s31 31 s32 32 s33 33
}

/// Contained in whoever calls it, whatever the optimisation.
#[inline(always)]
#[expect(clippy::inline_always, reason = "that is what it is for")]
#[must_use]
pub fn always_inlined(x: u32) -> u32 {
    std::hint::black_box(x) + 1
}

/// Contains it.
#[must_use]
pub fn calls_always_inlined(x: u32) -> u32 {
    always_inlined(x)
}

/// May have a body in each crate that calls it.
#[inline]
#[must_use]
pub fn digits(mut x: u32) -> u32 {
    let mut all = 0;
    while x != 0 {
        x = std::hint::black_box(x / 10);
        all += 1;
    }
    all
}

/// Calls it from here, through a pointer so that it is not inlined.
#[must_use]
pub fn calls_digits(x: u32) -> u32 {
    std::hint::black_box(digits as fn(u32) -> u32)(x)
}

/// Two functions of one body.
pub mod alike {
    /// One.
    #[inline(never)]
    #[must_use]
    pub fn one(x: u32) -> u32 {
        std::hint::black_box(x) ^ 0x1234
    }

    /// And the other.
    #[inline(never)]
    #[must_use]
    pub fn other(x: u32) -> u32 {
        std::hint::black_box(x) ^ 0x1234
    }
}
