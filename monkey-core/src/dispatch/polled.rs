//! Patchable `async fn`s: their bodies ask at the first poll, give their arguments, and go on with the future that they get.
//!
//! No two `async fn`s have one type, so a list cannot compare them as it does others. Both sides say instead what their arguments and
//! their result are, for every lifetime, as ids of types: the target in its [record](super::records), the replacement in [`Given`].
use super::records::{Asked, Own, identity};
use super::site::Site;
use crate::given::Question;
use std::any::type_name;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

/// Where a result stands among the arguments.
#[derive(Debug)]
pub struct Output<R: ?Sized>(PhantomData<R>);

/// For an argument or result whose type cannot be written once more.
#[derive(Debug)]
pub struct Unwritten(());

/// A function's `Question`, as a type.
#[derive(Debug)]
pub struct Asks<Whole, Result, Chosen, ChosenInResult, const LENDS: bool, const DEEPER: bool>(
    PhantomData<(Whole, Result, Chosen, ChosenInResult)>,
);

impl<Whole, Result, Chosen, ChosenInResult, const LENDS: bool, const DEEPER: bool> Asked
    for Asks<Whole, Result, Chosen, ChosenInResult, LENDS, DEEPER>
{
    fn question() -> Option<Question> {
        let borrows = |chosen: &'static str| may_borrow(chosen).then_some(chosen);
        Some(Question {
            whole: identity::<Whole>(),
            result: identity::<Result>(),
            lends: LENDS,
            lends_deeper: DEEPER,
            borrows: borrows(type_name::<Chosen>()),
            result_borrows: borrows(type_name::<ChosenInResult>()),
        })
    }
}

/// Whether a type may have a lifetime, by its name. Those of trait objects and closures do not show.
fn may_borrow(name: &str) -> bool {
    ["&", "'", "dyn ", "{{"].iter().any(|sign| name.contains(sign))
}

/// Begins a call of what replaces an `async fn`. `None`: that goes on with its own body.
pub type Begin = fn() -> Option<Begun>;

/// What there is in place of the original, for one that asks.
pub(super) fn declines() -> Option<Begun> {
    None
}

/// A replacement that has yet to be given its arguments.
pub trait Commence {
    /// Makes the future, and writes it as a `Pin<Box<dyn Future<Output = R>>>`. Whether it has taken the arguments.
    ///
    /// # Safety
    /// The arguments are those that it was made for, as a tuple, and `R` is the result that it was made for.
    unsafe fn commence(self: Box<Self>, arguments: *const (), future: *mut ()) -> bool;
}

/// A call that a replacement has begun.
pub struct Begun(Box<dyn Commence>);

impl Begun {
    /// By what gives the future.
    pub fn by(call: impl Commence + 'static) -> Self {
        Self(Box::new(call))
    }
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").finish_non_exhaustive()
    }
}

/// Whether a patchable `async fn` has to ask, in the body of its future. That it would is recorded.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call would cost more than the load")]
#[must_use]
pub fn asks_when_polled<A: Asked, C: Fn()>(own: Own<C>) -> bool {
    own.record_polled::<A>();
    super::BEGUN_POLLED.load(Relaxed)
}

/// What the scope of the thread that polls has in place of the function that asks.
#[must_use]
pub fn stand_in<C>(site: &'static Site, _own: Own<C>) -> Option<Begun> {
    let address = site.chosen::<Begin, C>(None)? as *const ();
    // SAFETY: the record says that it asks at its first poll, and `group` gives such a function nothing but these.
    let begin = unsafe { std::mem::transmute::<*const (), Begin>(address) };
    begin()
}

/// The replacement's future, with the arguments and the result of the function that asks.
///
/// # Panics
/// When there is none.
pub fn begin<Arguments, R>(begun: Option<Begun>, arguments: Arguments) -> Replaced<Arguments, R> {
    let begun = begun.expect("asked just now");
    let mut arguments = ManuallyDrop::new(arguments);
    let mut future = MaybeUninit::<Pin<Box<dyn Future<Output = R>>>>::uninit();
    // SAFETY: `Given::fits` has compared them with what it was made for, lifetimes included. What they borrow outlives the future,
    // which stays in the one that asks.
    let taken = unsafe { begun.0.commence((&raw const arguments).cast(), future.as_mut_ptr().cast()) };
    // SAFETY: written just now.
    let future = unsafe { future.assume_init() };
    // SAFETY: not taken, and used by nobody else.
    let arguments = (!taken).then(|| unsafe { ManuallyDrop::take(&mut arguments) });
    Replaced { future, _arguments: arguments }
}

/// The future that an `async fn` goes on with. What nobody took of the arguments is dropped behind it.
pub struct Replaced<Arguments, R> {
    future: Pin<Box<dyn Future<Output = R>>>,
    _arguments: Option<Arguments>,
}

// SAFETY: a list lets nothing stand in for an `async fn` whose future is `Send` but what makes one that is. Where the arguments are not,
// that future is not either, and neither is this one; where something else keeps it from being `Send`, this one does not leave it.
unsafe impl<Arguments: Send, R> Send for Replaced<Arguments, R> {}
// SAFETY: nothing can be done by a shared reference.
unsafe impl<Arguments: Sync, R> Sync for Replaced<Arguments, R> {}
impl<Arguments: UnwindSafe, R> UnwindSafe for Replaced<Arguments, R> {}
impl<Arguments: RefUnwindSafe, R> RefUnwindSafe for Replaced<Arguments, R> {}
impl<Arguments, R> Unpin for Replaced<Arguments, R> {}

impl<Arguments, R> fmt::Debug for Replaced<Arguments, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replaced").finish_non_exhaustive()
    }
}

impl<Arguments, R> Future for Replaced<Arguments, R> {
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<R> {
        self.future.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::given::Given;

    fn question<'a, T: 'a>(_: &'a T) -> Question {
        Asks::<for<'x> fn(&'x T, Output<u8>), fn(u8), PhantomData<T>, PhantomData<T>, false, false>::question(
        )
        .unwrap()
    }

    #[test]
    fn a_function_fits_with_the_same_lifetimes_only() {
        let given = |whole| Given::Function { whole };
        let own = Some(question(&String::new()));
        assert!(given(identity::<for<'y> fn(&'y String, Output<u8>)>()).fits(own).is_ok());
        assert!(given(identity::<fn(&'static String, Output<u8>)>()).fits(own).is_err());
        assert!(given(identity::<for<'y> fn(&'y String, Output<u16>)>()).fits(own).is_err());
        assert!(given(identity::<for<'y> fn(&'y String, Output<u8>)>()).fits(None).is_err());
    }

    #[test]
    fn a_type_that_may_borrow_fits_nothing() {
        let text = String::new();
        let own = Some(question(&text.as_str()));
        let error = Given::Value { result: identity::<fn(u8)>(), shortens: false }.fits(own).unwrap_err();
        assert!(error.to_string().contains("`core::marker::PhantomData<&str>`"), "{error}");
    }

    #[test]
    fn a_value_fits_what_it_may_be_lent_for() {
        let asks = |lends| Question { lends, ..question(&1u8) };
        let value = |shortens| Given::Value { result: identity::<fn(u8)>(), shortens };
        assert!(value(false).fits(Some(asks(false))).is_ok());
        assert!(value(false).fits(Some(asks(true))).is_err());
        assert!(value(true).fits(Some(asks(true))).is_ok());
        assert!(value(true).fits(Some(Question { lends_deeper: true, ..asks(true) })).is_err());
    }
}
