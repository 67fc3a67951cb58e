//! `replace(T = R, ..)`, and the macros that are nothing but a list.
use super::asynchronous;
use super::captured::{self, Captured, Values};
use super::private;
use super::variadic::Arguments;
use crate::args::{Form, Returns, Sequence, Visibility};
use crate::check::list::{List, Replacement, Step, Watched};
use crate::free_names::may_capture;
use crate::names;
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::{Expr, ExprClosure, ExprPath};

/// `patch!` or `try_patch!`, by the function's name.
pub fn patch(list: &List, function: &str) -> TokenStream {
    let private = private(list.krate.as_ref());
    let function = Ident::new(function, Span::mixed_site());
    let visibility = optional_visibility(list.visibility, &private);
    let replacements = replacements(list, &private);
    let fail = fail(Span::mixed_site(), &private);
    quote_spanned!(Span::mixed_site()=> #private::#function(#visibility, #replacements, #fail))
}

/// `during!`. The block is a closure: in a future it could be left without its end.
pub fn during(list: &List, block: &Group) -> TokenStream {
    let private = private(list.krate.as_ref());
    let visibility = optional_visibility(list.visibility, &private);
    let replacements = replacements(list, &private);
    let fail = fail(Span::mixed_site(), &private);
    quote_spanned!(Span::mixed_site()=> #private::during(#visibility, #replacements, #fail, || #block))
}

/// The panic in the end, at this place: who drops a guard, or polls a future, is no place of the user's.
pub fn fail(place: Span, private: &TokenStream) -> TokenStream {
    let panics = quote_spanned!(Span::mixed_site().located_at(place)=> #private::fail(__monkey_wrong));
    quote_spanned!(Span::mixed_site()=> |__monkey_wrong| #panics)
}

/// All of them as an array of `Replacement`: a `Vec` would call `malloc`, which the test may have replaced.
pub fn replacements(list: &List, private: &TokenStream) -> TokenStream {
    let replaced = list.replacements.iter().map(|entry| replacement(entry, list.lends, private));
    let watched = list.watched.iter().map(|entry| watched(entry, private));
    let entries = replaced.chain(watched).enumerate().map(|(index, entry)| {
        let order = order(list, index, private);
        quote_spanned!(Span::mixed_site()=> #entry #order)
    });
    quote_spanned!(Span::mixed_site()=> [#(#entries),*])
}

/// A list without an order, as it would be written.
pub fn written(list: &List) -> TokenStream {
    let List { krate, visibility, replacements, watched, hermetic, .. } = list;
    let pairs = replacements.iter().map(|Replacement { target, given, .. }| quote!(#target = #given));
    let names = watched.iter().map(|watched| &watched.target);
    let told = replacements.iter().map(|entry| (&entry.target, &entry.count, entry.partly));
    let told: Vec<_> =
        told.chain(watched.iter().map(|entry| (&entry.target, &entry.count, entry.partly))).collect();
    let counts = told.iter().filter_map(|(target, count, _)| {
        let count = count.as_ref()?;
        Some(quote!(#target = #count))
    });
    let partly = told.iter().filter(|(.., partly)| *partly).map(|(target, ..)| target);
    let scope = visibility.map(|visibility| match visibility {
        Visibility::Scope => quote!(, scope = test),
        Visibility::Process => quote!(, scope = process),
    });
    let krate = krate.as_ref().map(|krate| quote!(, crate = #krate));
    let hermetic = hermetic.map(|place| quote_spanned!(place=> , hermetic));
    quote!(replace(#(#pairs),*), watch(#(#names),*), expect(#(#counts),*), partly(#(#partly),*) #scope #hermetic #krate)
}

/// For those that have a place in the list's order.
fn order(list: &List, index: usize, private: &TokenStream) -> Option<TokenStream> {
    let order = list.order.as_ref().filter(|order| order.contains(&Step::Call(index)))?;
    let steps = order.iter().map(|step| match step {
        Step::Call(index) => quote_spanned!(Span::mixed_site()=> #private::Step::Call(#index)),
        Step::Others => quote_spanned!(Span::mixed_site()=> #private::Step::Others),
    });
    Some(quote_spanned!(Span::mixed_site()=> .ordered(&[#(#steps),*])))
}

/// A target that is not replaced needs no more than to be a function.
fn watched(entry: &Watched, private: &TokenStream) -> TokenStream {
    let Watched { target, count, partly } = entry;
    let name = names::text(&target.to_token_stream());
    let alone = Ident::new("__monkey_alone", Span::mixed_site());
    let optimised = crate::compiler::optimised();
    let item = is_function(target, &alone, private);
    let address = address(target, &alone, private);
    let (start, end) = ends(target);
    // The engine points from the first token to the last.
    let watch = respan(quote!(#private::Replacement::watch), start);
    let mut arguments =
        Group::new(Delimiter::Parenthesis, quote_spanned!(Span::mixed_site()=> #address, #name));
    arguments.set_span(end);
    let told = told(count.as_ref(), *partly);
    quote_spanned! {Span::mixed_site()=> {
        let #alone = #target;
        {
            use #private::{ProbeBehind as _, ProbeItem as _, ProbeMistaken as _, ProbeValue as _};
            #item
        }
        #watch #arguments
            .of_type(#private::core::any::type_name_of_val(&#alone))
            .optimised(#optimised)
            #told
    }}
}

/// `partly(..)` and `expect(..)` for one target.
fn told(count: Option<&Expr>, partly: bool) -> TokenStream {
    let expect = count.map(|count| quote_spanned!(Span::mixed_site()=> .expect(#count)));
    let partly = partly.then(|| quote_spanned!(Span::mixed_site()=> .partly()));
    quote_spanned!(Span::mixed_site()=> #partly #expect)
}

pub fn visibility(visibility: Visibility, private: &TokenStream) -> TokenStream {
    match visibility {
        Visibility::Scope => quote_spanned!(Span::mixed_site()=> #private::Visibility::Scope),
        Visibility::Process => quote_spanned!(Span::mixed_site()=> #private::Visibility::Process),
    }
}

pub fn optional_visibility(written: Option<Visibility>, private: &TokenStream) -> TokenStream {
    let Some(written) = written else {
        return quote_spanned!(Span::mixed_site()=> #private::core::option::Option::None);
    };
    let visibility = visibility(written, private);
    quote_spanned!(Span::mixed_site()=> #private::core::option::Option::Some(#visibility))
}

/// The array is the check: its elements have one type, which rustc finds or refuses, at the replacement.
///
/// Patterns look for constants, statics and unit structs before they bind, so the names are ones that nobody has.
fn replacement(entry: &Replacement, lends: bool, private: &TokenStream) -> TokenStream {
    let Replacement { target, given, count, partly } = entry;
    let target_name = names::text(&target.to_token_stream());
    let replacement_name = names::text(&given.to_token_stream());
    let [alone, shared, replacement] = ["__monkey_alone", "__monkey_shared", "__monkey_replacement"]
        .map(|name| Ident::new(name, Span::mixed_site()));
    if let Some(arguments) = super::variadic::arguments(target) {
        return variadic(entry, arguments, private);
    }
    if let Some(closure) = asynchronous::closure(given) {
        return awaited(entry, closure, private);
    }
    let (start, end) = ends(given);
    let optimised = crate::compiler::optimised();
    let checks = checks(entry, [&alone, &shared], private);
    let in_common = in_common(entry, &shared, private);
    let offered = offered(entry, lends, &alone, private);
    let in_array = match offered.awaited {
        Awaited::Never if offered.environment.is_some() => captured::in_array(&alone, private),
        Awaited::Never => alone.to_token_stream(),
        _ => quote_spanned!(Span::mixed_site()=> __monkey_stand.target(#alone)),
    };
    let needed = match given {
        Form::Closure(closure) if offered.environment.is_none() => captured::needed(closure, &alone, private),
        _ => None,
    };
    let lent = lent(entry, &offered, [&alone, &shared], private);
    let here = lent_here(&entry.given);
    let asked = asked(entry, &offered, [&shared, &here], private);
    let Offered { before, given, environment, .. } = offered;
    let address = address(target, &alone, private);
    // The engine points from the first token to the last.
    let new = respan(quote!(#private::Replacement::new), start);
    let mut arguments = Group::new(
        Delimiter::Parenthesis,
        quote_spanned! {Span::mixed_site()=> #address, #replacement as *const (), #target_name, #replacement_name},
    );
    arguments.set_span(end);
    let told = told(count.as_ref(), *partly);
    quote_spanned! {Span::mixed_site()=> {
        let #here = ();
        let #alone = #target;
        #before
        let __monkey_target = #in_array;
        #[allow(clippy::deref_addrof)]
        let [#shared, #replacement] = [__monkey_target, #given];
        // Only now is it known which instance of a generic function is meant.
        #needed
        #checks
        #lent
        #asked
        #new #arguments
            .of_type(#private::core::any::type_name_of_val(&#alone))
            .shaped(#private::core::any::type_name_of_val(&#shared))
            .optimised(#optimised)
            #environment
            #in_common
            #told
    }}
}

/// An `async` closure.
fn awaited(entry: &Replacement, closure: &ExprClosure, private: &TokenStream) -> TokenStream {
    let alone = Ident::new("__monkey_alone", Span::mixed_site());
    let asynchronous::Standing { before, standing } = asynchronous::standing(entry, closure, &alone, private);
    let nothing_yet = quote_spanned!(Span::mixed_site()=> #private::core::ptr::null());
    let made = made(entry, &alone, &nothing_yet, private);
    let (target, told) = (&entry.target, told(entry.count.as_ref(), entry.partly));
    quote_spanned! {Span::mixed_site()=> {
        let #alone = #target;
        #before
        #made
            #standing
            #told
    }}
}

/// A variadic function of the C library.
fn variadic(entry: &Replacement, of: Arguments, private: &TokenStream) -> TokenStream {
    let [alone, replacement] =
        ["__monkey_alone", "__monkey_replacement"].map(|name| Ident::new(name, Span::mixed_site()));
    let pointer = super::variadic::address(of, &alone, &entry.given, private);
    let made = made(entry, &alone, &replacement.to_token_stream(), private);
    let (target, told) = (&entry.target, told(entry.count.as_ref(), entry.partly));
    quote_spanned! {Span::mixed_site()=> {
        let #alone = #target;
        let #replacement = #pointer;
        #made
            #told
    }}
}

/// A replacement by what is at an address. The engine points from the first token to the last of what is given.
fn made(entry: &Replacement, alone: &Ident, replacement: &TokenStream, private: &TokenStream) -> TokenStream {
    let Replacement { target, given, .. } = entry;
    let [target_name, given_name] =
        [target.to_token_stream(), given.to_token_stream()].map(|it| names::text(&it));
    let optimised = crate::compiler::optimised();
    let address = address(target, alone, private);
    let (start, end) = ends(given);
    let new = respan(quote!(#private::Replacement::new), start);
    let mut arguments = Group::new(
        Delimiter::Parenthesis,
        quote_spanned! {Span::mixed_site()=> #address, #replacement, #target_name, #given_name},
    );
    arguments.set_span(end);
    quote_spanned! {Span::mixed_site()=>
        #new #arguments
            .of_type(#private::core::any::type_name_of_val(&#alone))
            .optimised(#optimised)
    }
}

/// What the check looks at.
struct Offered {
    before: Option<TokenStream>,
    given: TokenStream,
    /// May stand more than once.
    again: TokenStream,
    /// What it captures.
    environment: Option<TokenStream>,
    awaited: Awaited,
}

/// How a target is compared that may be an `async fn`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// As every other.
    Never,
    /// What is offered is of a type that both have.
    AsChecked,
    /// What is offered is what was written.
    AsWritten,
}

fn offered(entry: &Replacement, lends: bool, alone: &Ident, private: &TokenStream) -> Offered {
    let kept = match &entry.given {
        Form::Closure(closure)
            if lends
                || may_capture(closure)
                || captured::lends_an_argument(closure)
                || captured::lifetimes::are_named(closure)
                || captured::needs_types(closure)
                || super::variadic::is_of_libc(&entry.target) =>
        {
            Some(captured::captured(entry, closure, alone, private))
        }
        Form::Prepared(prepared) => Some(captured::captured(entry, &prepared.closure, alone, private)),
        Form::Returns(Returns { value, .. }) => {
            Some(captured::values(entry, &Values::One(value), lends, alone, private))
        }
        Form::Sequence(Sequence { values, then_original, .. }) => {
            Some(captured::values(entry, &Values::InTurn(values, *then_original), lends, alone, private))
        }
        _ => None,
    };
    if let Some(Captured { before, given, again, environment }) = kept {
        let awaited = match entry.given {
            Form::Closure(_) | Form::Prepared(_) => Awaited::Never,
            _ => Awaited::AsChecked,
        };
        return Offered { before: Some(before), given, again, environment: Some(environment), awaited };
    }
    match &entry.given {
        // Also a block: that would be told to give the target's own type, not one that both go into.
        Form::Function(given) => {
            let asynchronous::InArray { before, given, again, standing } =
                asynchronous::in_array(given, alone, private);
            Offered {
                before: Some(before),
                given,
                again,
                environment: Some(standing),
                awaited: Awaited::AsWritten,
            }
        }
        given => {
            let given = given.to_token_stream();
            Offered { before: None, again: given.clone(), given, environment: None, awaited: Awaited::Never }
        }
    }
}

/// What the array lets through: targets that are no functions, and an `unsafe fn` in place of a safe one.
fn checks(entry: &Replacement, [alone, shared]: [&Ident; 2], private: &TokenStream) -> TokenStream {
    let (start, end) = ends(&entry.given);
    // rustc points from the first token to the last: to the replacement, for a function that is unsafe.
    let both = quote_spanned!(Span::mixed_site()=> #private::Probe::new(&#shared));
    let both = respan(quote_spanned!(start=> (&#both)), start)
        .into_iter()
        .chain(quote_spanned!(end=> .__monkey_kind()));
    let both: TokenStream = quote_spanned!(start=> &).into_iter().chain(both).collect();
    let foreign = foreign(entry, [alone, shared], private);
    let item = is_function(&entry.target, alone, private);
    quote_spanned! {Span::mixed_site()=> {
        use #private::{NotSafeToCall as _, ProbeBehind as _, ProbeItem as _, ProbeMistaken as _, ProbeValue as _, SafeToCall as _};
        #item
        #private::same_safety(&(&#private::Probe::new(&#alone)).__monkey_kind(), #both);
        #foreign
    }}
}

/// Refuses what is no function. rustc points to the target.
fn is_function(target: &ExprPath, alone: &Ident, private: &TokenStream) -> TokenStream {
    let (start, end) = ends(target);
    let item = quote_spanned!(Span::mixed_site()=> #private::Probe::new(&#alone));
    let item = respan(quote_spanned!(start=> (&&&#item)), start)
        .into_iter()
        .chain(quote_spanned!(end=> .__monkey_target()));
    let item: TokenStream = quote_spanned!(start=> &).into_iter().chain(item).collect();
    quote_spanned!(Span::mixed_site()=> #private::is_function(#item);)
}

/// The same for functions of another ABI, of which only a path can be unsafe. The closure is never called.
fn foreign(entry: &Replacement, [alone, shared]: [&Ident; 2], private: &TokenStream) -> Option<TokenStream> {
    if !matches!(entry.given, Form::Function(_)) {
        return None;
    }
    let (start, end) = ends(&entry.given);
    let both = quote_spanned!(Span::mixed_site()=> #private::Probe::new(&#shared));
    let both = respan(quote_spanned!(start=> (&&&&#both)), start)
        .into_iter()
        .chain(quote_spanned!(end=> .__monkey_pointer()));
    let both: TokenStream = quote_spanned!(start=> &).into_iter().chain(both).collect();
    Some(quote_spanned! {Span::mixed_site()=>
        let _ = || {
            use #private::{
                ProbeOtherPointer as _, ProbeSafePointer as _, ProbeSafeReferenceFirst as _, ProbeSafeReferenceLast as _,
                ProbeSafeReferences as _,
            };
            #private::same_safety(&#private::kind_of_foreign!(#alone, #shared), #both);
        };
    })
}

/// The type that both have, and whether the check above knows it; the engine refuses what it does not know.
fn in_common(entry: &Replacement, shared: &Ident, private: &TokenStream) -> Option<TokenStream> {
    if !matches!(entry.given, Form::Function(_)) {
        return None;
    }
    Some(quote_spanned! {Span::mixed_site()=>
        .in_common(#private::core::any::type_name_of_val(&#shared), {
            use #private::{
                ProbeNoShape as _, ProbeReferenceFirst as _, ProbeReferenceLast as _, ProbeReferences as _, ProbeShape as _,
            };
            #private::recognised(&(&&&&#private::Probe::new(&#shared)).__monkey_shape())
        })
    })
}

/// Offers the replacement to the method beside the target, where it has one (see [`lent`](super::lent)). The closure is never called.
fn lent(
    Replacement { target, given: written, .. }: &Replacement,
    Offered { again, awaited, .. }: &Offered,
    [alone, shared]: [&Ident; 2],
    private: &TokenStream,
) -> Option<TokenStream> {
    // A function of a module has no receiver.
    let method = target.path.segments.last().filter(|_| target.path.segments.len() > 1)?;
    let name = super::lent::name(&method.ident);
    let receiver = Ident::new("__monkey_receiver", Span::mixed_site());
    // rustc points from the first token to the last: to the replacement.
    let (start, end) = ends(written);
    let place = quote_spanned!(Span::mixed_site()=> *(&#receiver).__monkey_place());
    let pointer = if *awaited == Awaited::AsWritten {
        quote_spanned!(Span::mixed_site()=> __monkey_stand.pointer(&#shared))
    } else {
        quote_spanned!(Span::mixed_site()=> &#shared)
    };
    let mut arguments =
        Group::new(Delimiter::Parenthesis, quote_spanned!(Span::mixed_site()=> #pointer, #again));
    arguments.set_span(end);
    let mut place = Group::new(Delimiter::Parenthesis, place);
    place.set_span(start);
    // It has the replacement once more, of which all has been said.
    Some(quote_spanned! {Span::mixed_site()=>
        #[allow(warnings, clippy::unit_arg)]
        let _ = || {
            use #private::{BehindReference as _, NoReference as _, NotSafeToCall as _, SafeToCall as _};
            trait __MonkeyLent {
                fn #name<__MonkeyPointer>(&self, _: &__MonkeyPointer, _: __MonkeyPointer) {}
            }
            impl<__MonkeyType: ?#private::core::marker::Sized> __MonkeyLent for __MonkeyType {}
            let #receiver = (&#private::Probe::new(&#alone)).__monkey_receiver();
            #place.#name #arguments;
        };
    })
}

/// Offers the replacement to what the target's attribute asks for, where it does (see [`asked`](super::asked)). None of it is run.
fn asked(
    Replacement { target, given: written, .. }: &Replacement,
    Offered { again, awaited, environment, .. }: &Offered,
    [shared, here]: [&Ident; 2],
    private: &TokenStream,
) -> Option<TokenStream> {
    let name = super::asked::path_hash::of_name(&target.path.segments.last()?.ident);
    let path = super::asked::path_hash::of_target(target, private);
    let any = |index| format_ident!("{here}{index}", span = here.span());
    let any: Vec<_> = (0..super::asked::LIFETIMES).map(any).collect();
    let heres = any.iter().map(|_| here);
    let (start, end) = ends(written);
    let lookup = quote_spanned!(Span::mixed_site()=> &&&#private::Lookup::<#path, #name, _>::new(&#shared));
    let mut lookup = Group::new(Delimiter::Parenthesis, lookup);
    lookup.set_span(start);
    let mut arguments = Group::new(Delimiter::Parenthesis, again.clone());
    arguments.set_span(end);
    let asked = |asked: TokenStream| {
        if *awaited == Awaited::AsWritten {
            quote_spanned!(Span::mixed_site()=> __monkey_stand.asked(#asked))
        } else {
            asked
        }
    };
    let captured = environment.is_some() && *awaited == Awaited::Never;
    let method = if captured { "beside_the_array" } else { "of_every_lifetime" };
    let method = Ident::new(method, Span::mixed_site());
    let everywhere = asked(quote_spanned!(Span::mixed_site()=> #lookup.__monkey_asked(#(#any),*)));
    let in_place = asked(quote_spanned!(Span::mixed_site()=> #lookup.__monkey_asked_here(#(&#heres),*)));
    // Parameters of a closure have lifetimes of which it knows nothing, so the replacement may have bounds of its own on them. A type
    // that is tied to a lifetime needs one of which something is known, and which ends: that of a local.
    Some(quote_spanned! {Span::mixed_site()=>
        if false {
            use #private::{AsksByName as _, AsksByPath as _, AsksByTrait as _, AsksNoMore as _};
            let _ = |#(#any: &()),*| {
                #everywhere.#method #arguments;
            };
            #in_place.#method #arguments;
        }
    })
}

/// A local for as long as the target's type is spoken of, which a type that is tied to a lifetime may borrow from.
///
/// rustc names no local in its errors that a macro has written, so this one is written where the replacement begins.
fn lent_here(given: &impl ToTokens) -> Ident {
    Ident::new("__monkey_lent_for_the_call", ends(given).0)
}

/// The target's address, by a cast that there is for functions and not for closures. rustc points to the target.
fn address(target: &ExprPath, alone: &Ident, private: &TokenStream) -> TokenStream {
    let (start, end) = ends(target);
    let alone = Ident::new(&alone.to_string(), alone.span().located_at(start));
    let function =
        respan(quote_spanned!(Span::mixed_site()=> #private::TargetMustBeAFunctionNamedByItsPath), end);
    let pointer = quote_spanned!(Span::mixed_site().located_at(end)=> *const #function);
    let cast = quote_spanned!(Span::mixed_site().located_at(end)=> as #pointer);
    quote_spanned!(Span::mixed_site()=> #private::address(#alone #cast))
}

/// The outermost tokens at another place.
pub fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    let move_there = |mut token: TokenTree| {
        token.set_span(span);
        token
    };
    tokens.into_iter().map(move_there).collect()
}

/// The spans of the first and the last token: joined spans are not to be had on stable.
pub fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut tokens = tokens.to_token_stream().into_iter();
    let first = tokens.next().map_or_else(Span::call_site, |token| token.span());
    (first, tokens.last().map_or(first, |token| token.span()))
}
