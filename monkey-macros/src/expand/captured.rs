//! A closure that captures, beside the function that finds and calls it.
//!
//! ```text
//! trait Hint<R, A1>: for<'l> FnOnce(&'l A0, A1) -> R {}
//! trait Calls<W, R, A1>: Sized { fn call<'l>(call: &Call<W, Self>, a0: &'l A0, a1: A1) -> R; }
//! fn dummy<'l, R, A1>(_: &'l A0, _: A1) -> R { loop {} }
//! fn hint<R, A1>(_: for<'l> fn(&'l A0, A1) -> R) -> Hint<dyn Hint<R, A1>> { .. }
//! fn thin<'l, W, T, F: Calls<W, R, A1>, R, A1>(a0: &'l A0, a1: A1) -> R {
//!     match enter(thin) { Call(call) => F::call(&call, a0, a1), Instead(other) => other(a0, a1) }
//! }
//! ```
//!
//! All of these have the signature that the closure's own tokens show. By the array of target and dummy rustc infers the types that are not
//! written; by the one of target and `thin` both have one type, so whatever lifetime is in the target is in the closure too.
pub mod lifetimes;
mod signature;
mod untyped;

use crate::args::Form;
use crate::check::list::Replacement;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote_spanned};
use signature::Signature;
pub use signature::lends_an_argument;
use syn::{Expr, ExprClosure, Pat};
pub use untyped::needs_types;

/// A closure, on its way to be a replacement.
pub struct Captured {
    /// Statements that keep the closure and find out how it is called.
    pub before: TokenStream,
    /// The function that stands in for the target, as an expression.
    pub given: TokenStream,
    /// The same by its own type, which may take more lifetimes than the target is called with. May stand more than once.
    pub again: TokenStream,
    /// What is said of the replacement: what it captures.
    pub environment: TokenStream,
}

pub fn captured(
    entry: &Replacement,
    closure: &ExprClosure,
    alone: &Ident,
    private: &TokenStream,
) -> Captured {
    let signature = Signature::read(closure);
    let abi =
        super::variadic::is_of_libc(&entry.target).then(|| quote_spanned!(Span::mixed_site()=> extern "C"));
    let items = items(&signature, abi.as_ref(), private);
    let span = Span::mixed_site();
    let (start, end) = super::list::ends(&entry.given);
    let dummy = |place: Span| Ident::new("__monkey_dummy", span.located_at(place));
    let (dummy_there, dummy) = (dummy(end), dummy(span));
    // rustc points from the first token to the last: to the closure.
    let dummy_there = super::list::respan(quote_spanned!(span=> *), start)
        .into_iter()
        .chain(quote_spanned!(span.located_at(end)=> &#dummy_there))
        .collect::<TokenStream>();
    let written = written(closure, &signature, alone, private);
    let hint = quote_spanned!(span=> __monkey_hint(__monkey_dummy));
    let again = borrowed((start, end));
    let unnamed = lifetimes::unnamed(closure);
    let whole = match &entry.given {
        Form::Prepared(prepared) => prepared.with(unnamed).into_token_stream(),
        _ => unnamed.into_token_stream(),
    };
    let kept = kept(&hint, &whole, signature.inputs.len(), (start, end), private);
    let thin = Ident::new("__monkey_thin_of", span.located_at(start));
    let function = called(&quote_spanned!(span=> #thin), None, alone, end);
    // As one of the target's type: what takes every lifetime takes the target's, as `env::var::<&str>` has one of its own.
    let before = quote_spanned! {span=>
        #items
        #written
        let #dummy = __monkey_dummy;
        let [__monkey_pointer, _] = [#alone, #dummy_there];
        #kept
        #private::again(&__monkey_way, #again);
        let __monkey_standing = {
            let mut __monkey_standing = __monkey_pointer;
            __monkey_standing = #function;
            __monkey_standing
        };
    };
    let given = Ident::new("__monkey_standing", span.located_at(start)).into_token_stream();
    Captured {
        before,
        given,
        again: function,
        environment: quote_spanned!(span=> .capturing(&__monkey_way, __monkey_function, __monkey_replacement)),
    }
}

/// The target, beside a pointer to what stands in for it.
pub fn in_array(alone: &Ident, private: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=> {
        use #private::{NotSafeToCall as _, SafeToCall as _};
        (&#private::Probe::new(&#alone)).__monkey_in_array(#alone, __monkey_pointer)
    }}
}

/// Says what has to be written, where the target shows that it borrows.
fn written(
    closure: &ExprClosure,
    signature: &Signature,
    alone: &Ident,
    private: &TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    let parameters = unwritten(closure, |number| {
        let argument = format_ident!("argument{number}", span = span);
        let shape = quote_spanned!(span=> (&__monkey_signature.#argument()));
        (shape, quote_spanned!(span=> .__monkey_argument()))
    });
    let parameters = parameters.map(|shape| quote_spanned!(span=> #private::needs_no_type(#shape);));
    let result = (!signature.result_borrows).then(|| {
        let (start, end) = super::list::ends(closure);
        let borrowed = super::list::respan(quote_spanned!(span=> &), start);
        let known = Ident::new("__monkey_signature", span.located_at(end));
        let known: TokenStream = borrowed.into_iter().chain([known.into()]).collect();
        quote_spanned!(span=> #private::may_be_inferred(#known);)
    });
    let known = known_signature(alone, private);
    quote_spanned! {span=>
        {
            #known
            use #private::{ProbeLent as _, ProbeOwned as _};
            #(#parameters)*
            #result
        }
    }
}

/// The shapes of the parameters of which a closure does not write the type, where rustc is to point to them: `shape` gives the first part
/// and the last.
fn unwritten(
    closure: &ExprClosure,
    shape: impl Fn(usize) -> (TokenStream, TokenStream),
) -> impl Iterator<Item = TokenStream> {
    let inputs = closure.inputs.iter().enumerate().take(ARGUMENTS);
    inputs.filter(|(_, input)| !matches!(input, Pat::Type(_))).map(move |(number, input)| {
        let (start, end) = super::list::ends(input);
        let (first, last) = shape(number);
        let borrowed = quote_spanned!(Span::mixed_site()=> &#first);
        super::list::respan(borrowed, start).into_iter().chain(super::list::respan(last, end)).collect()
    })
}

/// Says which parameters of a closure that captures nothing need their types, where rustc would say that it is not general enough, and no
/// more. Those whose lifetimes are chosen early need none.
pub fn needed(closure: &ExprClosure, alone: &Ident, private: &TokenStream) -> Option<TokenStream> {
    if closure.inputs.iter().all(|input| matches!(input, Pat::Type(_))) {
        return None;
    }
    let span = Span::mixed_site();
    let shapes = shapes(&quote_spanned!(span=> __monkey_signature), private);
    let known = known_signature(alone, private);
    let parameters = unwritten(closure, |number| {
        let argument = format_ident!("argument{number}", span = span);
        let late = if number == 0 { "__monkey_late_first" } else { "__monkey_late" };
        let late = Ident::new(late, span);
        let shape = quote_spanned!(span=> ((&__monkey_signature.#argument()).__monkey_argument()));
        (quote_spanned!(span=> (&__monkey_guess)), quote_spanned!(span=> .#late #shape))
    });
    let parameters = parameters.map(|shape| quote_spanned!(span=> #private::needs_no_type(#shape);));
    Some(quote_spanned! {span=> {
        #known
        use #private::{ProbeEarly as _, ProbeLate as _, ProbeLateToo as _, ProbeLent as _, ProbeOwned as _};
        let __monkey_guess = #private::guess(&#alone, &__monkey_signature, #shapes);
        #(#parameters)*
    }})
}

/// How many arguments `Signature` in the engine's crate knows.
const ARGUMENTS: usize = 8;

fn known_signature(alone: &Ident, private: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        let __monkey_signature = {
            use #private::{ProbeFixed as _, ProbeTied as _, ProbeUnknown as _};
            (&&#private::Probe::new(&#alone)).__monkey_signature()
        };
    }
}

/// The function that stands in for the target, by what tells it.
fn called(function: &TokenStream, row: Option<&Ident>, alone: &Ident, end: Span) -> TokenStream {
    let row = row.map(|row| quote_spanned!(Span::mixed_site()=> #row,));
    let arguments = quote_spanned!(Span::mixed_site()=> #row &__monkey_way, &#alone, &__monkey_function);
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(end);
    quote_spanned!(Span::mixed_site()=> #function #arguments)
}

/// Keeps a closure, and finds out how it is called. `hint` gives its expected type.
fn kept(
    hint: &TokenStream,
    closure: &TokenStream,
    arguments: usize,
    (start, end): (Span, Span),
    private: &TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    let probe = probe(hint, arguments, private);
    let borrowed = borrowed((start, end));
    quote_spanned! {span=>
        let mut __monkey_kept = #private::Kept::nothing();
        // What it calls may be a variable with a closure, which no list takes by its name.
        #[allow(clippy::redundant_closure, clippy::redundant_closure_for_method_calls)]
        #hint.takes(#private::keep(&mut __monkey_kept, #closure));
        let mut __monkey_function = __monkey_kept.take();
        let __monkey_way = #private::WayOf::unknown();
        #probe
        #private::fits(&__monkey_way, #borrowed);
    }
}

/// The closure, where rustc is to point to it: from the first token to the last.
pub fn borrowed((start, end): (Span, Span)) -> TokenStream {
    let function = Ident::new("__monkey_function", Span::mixed_site().located_at(end));
    let borrowed = super::list::respan(quote_spanned!(Span::mixed_site()=> &), start);
    borrowed.into_iter().chain([function.into()]).collect()
}

/// Never runs: another closure calls the one in question, and so shows what kind it is.
fn probe(hint: &TokenStream, arguments: usize, private: &TokenStream) -> TokenStream {
    let arguments = numbered(arguments);
    let some = arguments.iter().map(|_| quote_spanned!(Span::mixed_site()=> #private::argument()));
    quote_spanned! {Span::mixed_site()=>
        #[allow(warnings)]
        if #private::never() {
            let __monkey_marker = #private::NotSync::new();
            let mut __monkey_kept = #private::Kept::nothing();
            #hint.takes(#private::keep(
                &mut __monkey_kept,
                move |#(#arguments),*| {
                    let _ = &__monkey_marker;
                    __monkey_function(#(#arguments),*)
                },
            ));
            let mut __monkey_calls = __monkey_kept.take();
            let __monkey_caller = || __monkey_calls(#(#some),*);
            #private::decide(&__monkey_way, &__monkey_caller);
            #private::diverge()
        }
    }
}

/// `returns(EXPR)` or `sequence[A, B]`: a closure from the number of a call to its value. The function that stands in for the target is
/// made in the engine's crate, by the target's type.
pub fn values(
    entry: &Replacement,
    values: &Values<'_>,
    lends: bool,
    alone: &Ident,
    private: &TokenStream,
) -> Captured {
    let span = Span::mixed_site();
    let (start, end) = super::list::ends(&entry.given);
    let shapes = shapes(&quote_spanned!(span=> __monkey_signature), private);
    let own = (!lends).then(|| quote_spanned!(span=> move));
    let (closure, function, steps) = match values {
        Values::One(value) => (quote_spanned!(span=> #own |_| #value), "returns_of", None),
        Values::InTurn(values, then_original) => {
            let (last, before) = values.split_last().expect("the grammar has seen to one");
            let numbers = 0..before.len();
            let closure = quote_spanned! {span=>
                #own |__monkey_number| match __monkey_number { #(#numbers => #before,)* _ => #last }
            };
            let length = values.len();
            (closure, "in_turn_of", Some(quote_spanned!(span=> #length, #then_original)))
        }
    };
    // rustc points to the word.
    let row = Ident::new("__monkey_row", span.located_at(start));
    let hint = quote_spanned!(span=> #private::hint_of(#row));
    let kept = kept(&hint, &closure, 1, (start, end), private);
    let function = Ident::new(function, span);
    let function = super::list::respan(quote_spanned!(span=> #private::#function), span.located_at(start));
    let known = known_signature(alone, private);
    let perhaps = super::asynchronous::perhaps_by_values(alone, values.expressions(), private);
    let before = quote_spanned! {span=>
        #known
        let __monkey_row = {
            use #private::{ProbeLends as _, ProbeLent as _, ProbeOwned as _, ProbeTakes as _};
            let __monkey_guess = #private::guess(&#alone, &__monkey_signature, #shapes);
            #private::row((&__monkey_guess).__monkey_row())
        };
        #perhaps
        let __monkey_row = __monkey_stand.row(__monkey_row);
        let __monkey_lifetimes = {
            use #private::{ProbeBefore as _, ProbeByCall as _};
            (&__monkey_stand.lifetimes()).__monkey_lifetimes()
        };
        #kept
    };
    let environment = if let Some(steps) = steps {
        quote_spanned! {span=>
            .standing(|__monkey_it| {
                __monkey_row.keep_in_turn(__monkey_it, &__monkey_way, (&#alone, &__monkey_lifetimes), __monkey_function, __monkey_replacement, #steps)
            })
        }
    } else {
        quote_spanned! {span=>
            .standing(|__monkey_it| {
                __monkey_row.keep(__monkey_it, &__monkey_way, (&#alone, &__monkey_lifetimes), __monkey_function, __monkey_replacement)
            })
        }
    };
    let given = called(&function, Some(&row), alone, end);
    Captured { before, again: given.clone(), given, environment }
}

/// The shapes of eight arguments, by what tells each.
pub fn shapes(of: &TokenStream, private: &TokenStream) -> TokenStream {
    let shapes = (0..ARGUMENTS).map(|number| {
        let argument = format_ident!("argument{number}", span = Span::mixed_site());
        quote_spanned!(Span::mixed_site()=> (&#of.#argument()).__monkey_argument())
    });
    quote_spanned!(Span::mixed_site()=> #private::shapes(#(#shapes),*))
}

/// What stands in for a function without being one.
pub enum Values<'a> {
    One(&'a Expr),
    InTurn(&'a [Expr], bool),
}

impl Values<'_> {
    fn expressions(&self) -> &[Expr] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::InTurn(values, _) => values,
        }
    }
}

fn arguments(signature: &Signature) -> Vec<Ident> {
    numbered(signature.inputs.len())
}

fn numbered(count: usize) -> Vec<Ident> {
    (0..count).map(|index| format_ident!("__monkey_argument{index}", span = Span::mixed_site())).collect()
}

/// The functions and traits of the closure's signature.
fn items(signature: &Signature, abi: Option<&TokenStream>, private: &TokenStream) -> TokenStream {
    let Signature { inputs, output, lifetimes, .. } = signature;
    let (names, declared, arguments) = (signature.names(), signature.declared(private), arguments(signature));
    let span = Span::mixed_site();
    let (own_types, calls) = (
        quote_spanned!(span=> __MonkeyWay, __MonkeyTarget, __MonkeyFunction, #names),
        calls(signature, private),
    );
    let pointer = quote_spanned!(span=> __MonkeyPointer<#names>);
    let bounds = quote_spanned! {span=>
        __MonkeyWay: #private::Way,
        __MonkeyFunction: __MonkeyCalls<__MonkeyWay, #names>,
    };
    let own_declared = quote_spanned!(span=> __MonkeyWay, __MonkeyTarget, __MonkeyFunction, #declared);
    let allow = quote_spanned!(span=> #[allow(warnings)]);
    quote_spanned! {span=>
        #allow
        type __MonkeyPointer<#declared> = for<#(#lifetimes),*> #abi fn(#(#inputs),*) -> #output;
        #allow
        trait __MonkeyHint<#declared>: for<#(#lifetimes),*> #private::core::ops::FnOnce(#(#inputs),*) -> #output {}
        #allow
        impl<__MonkeyFunction, #declared> __MonkeyHint<#names> for __MonkeyFunction
        where
            __MonkeyFunction: for<#(#lifetimes),*> #private::core::ops::FnOnce(#(#inputs),*) -> #output
        {
        }
        #calls
        #allow
        #abi fn __monkey_dummy<#(#lifetimes,)* #declared>(#(#arguments: #inputs),*) -> #output {
            loop {}
        }
        #allow
        fn __monkey_hint<'__monkey_env, #declared>(
            _: #pointer,
        ) -> #private::Hint<dyn __MonkeyHint<#names> + '__monkey_env> {
            #private::Hint::new()
        }
        #allow
        #[inline(never)]
        #abi fn __monkey_thin<#(#lifetimes,)* #own_declared>(#(#arguments: #inputs),*) -> #output
        where #bounds
        {
            let __monkey_own: #pointer = __monkey_thin::<#own_types>;
            match #private::enter::<__MonkeyWay, __MonkeyFunction, #pointer, __MonkeyTarget, false>(__monkey_own) {
                #private::Entered::Call(__monkey_call) => {
                    <__MonkeyFunction as __MonkeyCalls<__MonkeyWay, #names>>::__monkey_call(&__monkey_call, #(#arguments),*)
                }
                #private::Entered::Instead(__monkey_other) => __monkey_other(#(#arguments),*),
            }
        }
        #allow
        fn __monkey_thin_of<#own_declared>(
            _: &#private::WayOf<__MonkeyWay>,
            _: &__MonkeyTarget,
            _: &__MonkeyFunction,
        ) -> #pointer
        where #bounds
        {
            __monkey_thin::<#own_types>
        }
    }
}

/// The ways to call the closure; `Once` is there for the type check alone.
fn calls(signature: &Signature, private: &TokenStream) -> TokenStream {
    let Signature { inputs, output, lifetimes, .. } = signature;
    let (names, declared, arguments) = (signature.names(), signature.declared(private), arguments(signature));
    let span = Span::mixed_site();
    let allow = quote_spanned!(span=> #[allow(warnings)]);
    let one = |way: &str, kind: &str, call: TokenStream| {
        let (way, kind) = (Ident::new(way, span), Ident::new(kind, span));
        quote_spanned! {span=>
            #allow
            impl<__MonkeyFunction, #declared> __MonkeyCalls<#private::#way, #names> for __MonkeyFunction
            where
                __MonkeyFunction: for<#(#lifetimes),*> #private::core::ops::#kind(#(#inputs),*) -> #output
            {
                #[inline]
                fn __monkey_call<#(#lifetimes),*>(
                    __monkey_call: &#private::Call<#private::#way, Self>,
                    #(#arguments: #inputs),*
                ) -> #output {
                    #call
                }
            }
        }
    };
    let shared = one("Shared", "Fn", quote_spanned!(span=> __monkey_call.function()(#(#arguments),*)));
    let alone =
        quote_spanned!(span=> __monkey_call.alone(|__monkey_function| __monkey_function(#(#arguments),*)));
    let alone = one("OneByOne", "FnMut", alone);
    let given_away = one("Once", "FnOnce", quote_spanned!(span=> #private::diverge()));
    quote_spanned! {span=>
        #allow
        trait __MonkeyCalls<__MonkeyWay, #declared>: #private::core::marker::Sized {
            fn __monkey_call<#(#lifetimes),*>(
                __monkey_call: &#private::Call<__MonkeyWay, Self>,
                #(#arguments: #inputs),*
            ) -> #output;
        }
        #shared
        #alone
        #given_away
    }
}
