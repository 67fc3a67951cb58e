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
mod signature;

use crate::check::list::Replacement;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{format_ident, quote_spanned};
use signature::Signature;
use syn::ExprClosure;

/// A closure, on its way to be a replacement.
pub struct Captured {
    /// Statements that keep the closure and find out how it is called.
    pub before: TokenStream,
    /// The function that stands in for the target, as an expression that may stand more than once.
    pub given: TokenStream,
    /// The way and the closure, for the end.
    pub environment: TokenStream,
}

pub fn captured(
    entry: &Replacement,
    closure: &ExprClosure,
    alone: &Ident,
    private: &TokenStream,
) -> Captured {
    let signature = Signature::read(closure);
    let items = items(&signature, private);
    let span = Span::mixed_site();
    let (start, end) = super::list::ends(&entry.given);
    let dummy = |place: Span| Ident::new("__monkey_dummy", span.located_at(place));
    let (dummy_there, dummy) = (dummy(end), dummy(span));
    // rustc points from the first token to the last: to the closure.
    let dummy_there = super::list::respan(quote_spanned!(span=> *), start)
        .into_iter()
        .chain(quote_spanned!(span.located_at(end)=> &#dummy_there))
        .collect::<TokenStream>();
    let probe = probe(&signature, private);
    let before = quote_spanned! {span=>
        #items
        let #dummy = __monkey_dummy;
        let [_, _] = [#alone, #dummy_there];
        let mut __monkey_kept = #private::Kept::nothing();
        __monkey_hint(#dummy).takes(#private::keep(&mut __monkey_kept, #closure));
        #[allow(unused_mut)]
        let mut __monkey_function = __monkey_kept.take();
        let __monkey_way = #private::WayOf::unknown();
        #probe
        #private::fits(&__monkey_way, &__monkey_function);
    };
    let thin = Ident::new("__monkey_thin_of", span.located_at(start));
    let arguments = quote_spanned!(span=> &__monkey_way, &#alone, &__monkey_function);
    let mut arguments = Group::new(Delimiter::Parenthesis, arguments);
    arguments.set_span(end);
    Captured {
        before,
        given: quote_spanned!(span=> #thin #arguments),
        environment: quote_spanned!(span=> &__monkey_way, __monkey_function),
    }
}

/// Never runs: another closure calls the one in question, and so shows what kind it is.
fn probe(signature: &Signature, private: &TokenStream) -> TokenStream {
    let arguments = arguments(signature);
    let some = arguments.iter().map(|_| quote_spanned!(Span::mixed_site()=> #private::argument()));
    quote_spanned! {Span::mixed_site()=>
        #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]
        if #private::never() {
            let __monkey_marker = #private::NotSync::new();
            let mut __monkey_kept = #private::Kept::nothing();
            __monkey_hint(__monkey_dummy).takes(#private::keep(
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

fn arguments(signature: &Signature) -> Vec<Ident> {
    let count = signature.inputs.len();
    (0..count).map(|index| format_ident!("__monkey_argument{index}", span = Span::mixed_site())).collect()
}

/// The functions and traits of the closure's signature.
fn items(signature: &Signature, private: &TokenStream) -> TokenStream {
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
        __MonkeyFunction: __MonkeyCalls<__MonkeyWay, #names> + #private::core::marker::Send,
    };
    let own_declared = quote_spanned!(span=> __MonkeyWay, __MonkeyTarget, __MonkeyFunction, #declared);
    let allow = quote_spanned!(span=> #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]);
    quote_spanned! {span=>
        #allow
        type __MonkeyPointer<#declared> = for<#(#lifetimes),*> fn(#(#inputs),*) -> #output;
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
        fn __monkey_dummy<#(#lifetimes,)* #declared>(#(#arguments: #inputs),*) -> #output {
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
        fn __monkey_thin<#(#lifetimes,)* #own_declared>(#(#arguments: #inputs),*) -> #output
        where #bounds
        {
            let __monkey_own: #pointer = __monkey_thin::<#own_types>;
            match #private::enter::<__MonkeyWay, __MonkeyFunction, #pointer, __MonkeyTarget>(__monkey_own) {
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

/// The two ways to call the closure.
fn calls(signature: &Signature, private: &TokenStream) -> TokenStream {
    let Signature { inputs, output, lifetimes, .. } = signature;
    let (names, declared, arguments) = (signature.names(), signature.declared(private), arguments(signature));
    let span = Span::mixed_site();
    let allow = quote_spanned!(span=> #[allow(warnings, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction)]);
    let one = |way: &str, kind: &str, sync: Option<TokenStream>, call: TokenStream| {
        let (way, kind) = (Ident::new(way, span), Ident::new(kind, span));
        quote_spanned! {span=>
            #allow
            #[diagnostic::do_not_recommend]
            impl<__MonkeyFunction, #declared> __MonkeyCalls<#private::#way, #names> for __MonkeyFunction
            where
                __MonkeyFunction: for<#(#lifetimes),*> #private::core::ops::#kind(#(#inputs),*) -> #output
                    + #private::core::marker::Send #sync
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
    let sync = quote_spanned!(span=> + #private::core::marker::Sync);
    let shared =
        one("Shared", "Fn", Some(sync), quote_spanned!(span=> __monkey_call.function()(#(#arguments),*)));
    let alone =
        quote_spanned!(span=> __monkey_call.alone(|__monkey_function| __monkey_function(#(#arguments),*)));
    let alone = one("OneByOne", "FnMut", None, alone);
    quote_spanned! {span=>
        #allow
        #[diagnostic::on_unimplemented(
            message = "a closure that replaces a function is called again and again",
            label = "this one gives away what it has captured, and so can be called once",
            note = "let it give a clone of that"
        )]
        trait __MonkeyCalls<__MonkeyWay, #declared>: #private::core::marker::Sized {
            fn __monkey_call<#(#lifetimes),*>(
                __monkey_call: &#private::Call<__MonkeyWay, Self>,
                #(#arguments: #inputs),*
            ) -> #output;
        }
        #shared
        #alone
    }
}
