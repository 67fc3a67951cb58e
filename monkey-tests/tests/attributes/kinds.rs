//! `patchable` on every kind of function, which is what it was until it is replaced.
use std::cell::RefCell;
use std::fmt::{Debug, Display};
use std::str::FromStr;

#[monkey::patchable]
fn parse<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

#[monkey::patchable]
fn filled<T: Copy, const N: usize>(value: T) -> [T; N] {
    [value; N]
}

#[monkey::test(replace(parse::<u32> = |_: &str| Some(7), filled::<u8, 2> = |_| [9; 2]))]
fn generic_instances() {
    assert_eq!(parse::<u32>("1"), Some(7));
    assert_eq!(parse::<u64>("1"), Some(1));
    assert_eq!((filled::<u8, 2>(1), filled::<u8, 3>(1)), ([9; 2], [1; 3]));
    assert_eq!(monkey::original!(parse::<u32>("1")), Some(1));
}

struct Account {
    balance: u64,
}

trait Store {
    fn put(&mut self, amount: u64) -> u64;
    #[monkey::patchable]
    fn twice(&mut self, amount: u64) -> u64 {
        self.put(amount);
        self.put(amount)
    }
    fn name() -> &'static str;
}

impl Account {
    #[monkey::patchable]
    fn new(balance: u64) -> Self {
        Self { balance }
    }
    #[monkey::patchable]
    fn show(&self, unit: &str) -> String {
        format!("{} {unit}", self.balance)
    }
    #[monkey::patchable]
    fn add(&mut self, amount: u64) -> &mut u64 {
        self.balance += amount;
        &mut self.balance
    }
    #[monkey::patchable]
    fn close(self) -> u64 {
        self.balance
    }
}

impl Store for Account {
    #[monkey::patchable]
    fn put(&mut self, amount: u64) -> u64 {
        *self.add(amount)
    }
    #[monkey::patchable]
    fn name() -> &'static str {
        "account"
    }
}

fn add_more(account: &mut Account, amount: u64) -> &mut u64 {
    monkey::original!(Account::add(account, amount + 100))
}
fn in_euros(account: &Account, _: &str) -> String {
    monkey::original!(account_shown(account)) + "!"
}
#[monkey::patchable]
fn account_shown(account: &Account) -> String {
    account.balance.to_string()
}

#[monkey::test(replace(
    Account::new = |balance| Account { balance: balance * 2 },
    Account::add = add_more,
    Account::show = in_euros,
    Account::close = |account: Account| account.balance + 1
))]
fn methods_and_associated_functions() {
    let mut account = Account::new(5);
    assert_eq!(*account.add(1), 111);
    assert_eq!(account.show("coins"), "111!");
    assert_eq!(account.close(), 112);
}

#[monkey::test(replace(
    <Account as Store>::put = |_: &mut Account, amount| amount,
    <Account as Store>::name = || "replaced"
))]
fn methods_of_a_trait() {
    let mut account = Account { balance: 5 };
    assert_eq!((account.put(1), account.twice(2), Account::name()), (1, 2, "replaced"));
    assert_eq!(monkey::original!(<Account as Store>::put(&mut account, 1)), 6);
}

#[monkey::test(replace(<Account as Store>::twice = |account: &mut Account, _| account.balance))]
fn default_methods_of_a_trait() {
    assert_eq!(Account { balance: 5 }.twice(3), 5);
}

/// Documented.
#[monkey::patchable]
pub mod whole {
    pub fn free() -> u32 {
        deeper::hidden()
    }
    mod deeper {
        pub(super) fn hidden() -> u32 {
            1
        }
    }
    pub(crate) struct Inner(pub u32);
    impl Inner {
        pub(crate) fn get(&self) -> u32 {
            self.0
        }
    }
    /// # Errors
    /// Never.
    pub fn fallible(text: &str) -> Result<u32, std::num::ParseIntError> {
        let parsed: u32 = text.parse()?;
        Ok(parsed + free())
    }
    #[cfg(any())]
    pub fn not_there() -> NoSuchType {}
    #[patchable(skip)]
    pub(crate) const fn constant() -> u32 {
        2
    }
}

#[monkey::test(replace(whole::free = || 10, whole::Inner::get = |inner: &whole::Inner| inner.0 + 20))]
fn whole_modules() {
    assert_eq!((whole::free(), whole::Inner(3).get()), (10, 23));
    assert_eq!((whole::fallible("4"), whole::constant()), (Ok(14), 2));
    assert_eq!(monkey::original!(whole::free()), 1);
}

struct Wrapped<T>(T);

#[monkey::patchable]
impl<T: Display + Debug> Wrapped<T> {
    fn text(&self) -> String {
        self.0.to_string()
    }
    fn with<U: Display>(&self, other: U) -> String {
        format!("{}{other}", self.0)
    }
    fn lent(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.0)
    }
}

#[monkey::test(replace(
    Wrapped::<u8>::text = |_: &Wrapped<u8>| "replaced".into(),
    Wrapped::<u8>::with::<char> = |_: &Wrapped<u8>, other: char| other.to_string()
))]
fn whole_impl_blocks() {
    assert_eq!((Wrapped(1u8).text().as_str(), Wrapped(1u16).text().as_str()), ("replaced", "1"));
    assert_eq!((Wrapped(1u8).with('a').as_str(), Wrapped(1u8).with("a").as_str()), ("a", "1a"));
    assert_eq!(Wrapped(1u8).lent().collect::<Vec<_>>(), [&1]);
}

#[monkey::patchable]
async fn asynchronous(text: &str) -> usize {
    tokio::task::yield_now().await;
    helped(text)
}
#[monkey::patchable]
fn helped(text: &str) -> usize {
    text.len()
}

#[monkey::test(replace(helped = |_: &str| 40))]
#[tokio::test]
async fn asynchronous_functions() {
    assert_eq!(asynchronous("text").await, 40);
    assert_eq!(tokio::spawn(asynchronous("text")).await.unwrap(), 40);
    let _original = monkey::patch!(helped = |text: &str| monkey::original!(helped(text)) + 1);
    assert_eq!(asynchronous("text").await, 5);
}

/// # Safety
/// The pointer leads to a number.
#[monkey::patchable]
unsafe fn read(from: *const u32) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { *from }
}
#[monkey::patchable]
extern "C" fn for_c(left: i32, right: f64) -> f64 {
    f64::from(left) + right
}
/// # Safety
/// The pointer leads to a number.
#[monkey::patchable]
unsafe extern "C" fn both(from: *const u32) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { read(from) }
}
unsafe fn read_more(from: *const u32) -> u32 {
    // SAFETY: the same promise.
    unsafe { monkey::original!(read(from)) + 1 }
}
extern "C" fn less_for_c(left: i32, _: f64) -> f64 {
    f64::from(left)
}

#[monkey::test(replace(read = read_more, for_c = less_for_c))]
fn unsafe_and_foreign_functions() {
    let five = 5;
    // SAFETY: there is a number.
    assert_eq!(unsafe { both(&raw const five) }, 6);
    assert!((for_c(1, 2.0) - 1.0).abs() < f64::EPSILON);
}

#[monkey::test(replace(for_c = less_for_c), expect(for_c = 0))]
fn what_is_not_called() {
    let pointer: extern "C" fn(i32, f64) -> f64 = less_for_c;
    assert!((pointer(1, 2.0) - 1.0).abs() < f64::EPSILON);
}

#[monkey::with(replace(helped = |_: &str| 41))]
fn framed<T: AsRef<str>>(text: &T) -> usize {
    helped(text.as_ref())
}
#[monkey::with(replace(helped = |_: &str| 42))]
async fn framed_later(text: &str) -> usize {
    asynchronous(text).await
}

#[tokio::test]
async fn frames_around_any_function() {
    assert_eq!(framed(&String::from("text")), 41);
    assert_eq!(framed_later("text").await, 42);
    assert_eq!(helped("text"), 4);
}

/// What stands around the attribute is still there: documentation, conditions, what must be used, who may see it.
#[monkey::patchable]
#[cfg(not(doc))]
#[must_use]
#[cfg_attr(not(doc), doc = "More.", inline)]
pub(crate) fn dressed() -> u32 {
    1
}
#[monkey::patchable]
#[cfg(any())]
fn undressed() -> NoSuchType {}
#[monkey::test(replace(no_such_function = also_none))]
#[cfg(any())]
fn no_test() {}
#[cfg(any())]
#[monkey::test(replace(no_such_function = also_none))]
fn no_test_either() {}

#[test]
fn what_stands_around_the_attribute() {
    let function: fn() -> u32 = dressed;
    let _guard = monkey::patch!(dressed = || 2);
    assert_eq!(function(), 2);
}

struct Dropped<'a>(&'static str, &'a RefCell<Vec<&'static str>>);
impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}
type Pair<'a> = (Dropped<'a>, Dropped<'a>);

#[expect(clippy::needless_pass_by_value, reason = "who drops it is the point")]
fn plain<'a>(_a: Dropped<'a>, _: Dropped<'a>, (_c, _): Pair<'a>, e: Dropped<'a>) -> &'static str {
    let _local = Dropped("local", e.1);
    e.0
}
#[monkey::patchable]
#[expect(clippy::needless_pass_by_value, reason = "who drops it is the point")]
fn patchable<'a>(_a: Dropped<'a>, _: Dropped<'a>, (_c, _): Pair<'a>, e: Dropped<'a>) -> &'static str {
    let _local = Dropped("local", e.1);
    e.0
}

#[test]
fn arguments_are_dropped_in_their_order() {
    let order = RefCell::new(Vec::new());
    let made = |name| Dropped(name, &order);
    plain(made("a"), made("b"), (made("c"), made("d")), made("e"));
    let expected = order.take();
    patchable(made("a"), made("b"), (made("c"), made("d")), made("e"));
    assert_eq!(order.take(), expected);
}
