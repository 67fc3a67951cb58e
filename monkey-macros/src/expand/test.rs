//! `#[monkey::test]` and `#[monkey::with]`: the body in a frame that installs the replacements around it.
use super::list::{fail, optional_visibility, replacements, visibility};
use super::{kit, private};
use crate::args::{IS_TEST, Visibility};
use crate::check::list::List;
use crate::check::test::{Annotated, Below, Way, Within};
use crate::compiler;
use crate::function::{is_harness, is_runtime, nameable_output};
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Attribute, ItemFn, ReturnType, parse_quote, parse_quote_spanned};

/// A test. Without the engine there is nothing to replace, which the rules have seen to: it is an ordinary one.
pub fn test(annotated: Annotated, runtime: bool) -> TokenStream {
    let Annotated { list, mut function, way, add_test, to_panic, within } = annotated;
    if let Some(within) = within {
        frame_last(&mut function, within);
    }
    if runtime && compiler::is_clippy() {
        lint_only(&mut function, &list, &private(list.krate.as_ref()));
    } else if runtime {
        let private = private(list.krate.as_ref());
        let visibility = visibility(list.visibility.unwrap_or(Visibility::Scope), &private);
        let frame = frame("test", &visibility, &function, &private);
        let world = world(&list, &function);
        let frame = Framed { frame, replacements: replacements(&list, &private), world, to_panic };
        frame_body(&mut function, way, &frame, &private);
    }
    let add = (add_test || (runtime && way == Way::Nested && !compiler::is_clippy()))
        .then(|| quote_spanned!(Span::mixed_site()=> #[::core::prelude::v1::test]));
    quote!(#add #function)
}

/// The function with this attribute further down, for another one to hand it on to the tests that it writes.
pub fn below(below: Below, arguments: &TokenStream) -> TokenStream {
    let Below { krate, mut function, place, is_test, within } = below;
    let rest = within.map(|(within, rest)| {
        frame_within(&mut function, within);
        super::list::written(&rest)
    });
    let arguments = rest.as_ref().unwrap_or(arguments);
    let krate = krate
        .map_or_else(|| quote_spanned!(Span::mixed_site()=> ::monkey), quote::ToTokens::into_token_stream);
    let comma = (!arguments.is_empty() && !ends_in_comma(arguments)).then(|| quote!(,));
    let marker = is_test.then(|| {
        let marker = syn::Ident::new(IS_TEST, Span::mixed_site());
        quote!(#comma #marker)
    });
    function
        .attrs
        .insert(place, parse_quote_spanned!(Span::mixed_site()=> #[#krate::test(#arguments #marker)]));
    function.into_token_stream()
}

/// What captures the function's arguments is made where they are, in the scope that the attribute below opens.
fn frame_within(function: &mut ItemFn, within: Within) {
    let Within { list, way, to_panic } = within;
    let private = private(list.krate.as_ref());
    if compiler::is_clippy() {
        return lint_only(function, &list, &private);
    }
    let visibility = visibility(list.visibility.unwrap_or(Visibility::Scope), &private);
    let frame = frame("test", &visibility, function, &private);
    let frame =
        Framed { frame, replacements: replacements(&list, &private), to_panic, world: TokenStream::new() };
    frame_body(function, way, &frame, &private);
}

/// The same where these are variables by now: around the last expression alone, which is a call with them.
fn frame_last(function: &mut ItemFn, within: Within) {
    let Some(last) = function.block.stmts.pop() else { return };
    let mut call = function.clone();
    call.block.stmts = vec![last];
    frame_within(&mut call, within);
    function.block.stmts.extend(call.block.stmts);
}

fn ends_in_comma(arguments: &TokenStream) -> bool {
    matches!(arguments.clone().into_iter().last(), Some(TokenTree::Punct(last)) if last.as_char() == ',')
}

/// Any other function.
pub fn with(annotated: Annotated, runtime: bool) -> TokenStream {
    let Annotated { list, mut function, way, to_panic, .. } = annotated;
    if runtime && compiler::is_clippy() {
        lint_only(&mut function, &list, &private(list.krate.as_ref()));
    } else if runtime {
        let private = private(list.krate.as_ref());
        let visibility = optional_visibility(list.visibility, &private);
        let frame = frame("with", &visibility, &function, &private);
        let world = world(&list, &function);
        let frame = Framed { frame, replacements: replacements(&list, &private), world, to_panic };
        frame_body(&mut function, way, &frame, &private);
    }
    function.into_token_stream()
}

/// Made at the function's name, which is the place that the engine reports.
fn frame(kind: &str, visibility: &TokenStream, function: &ItemFn, private: &TokenStream) -> TokenStream {
    let name = function.sig.ident.to_string();
    let kind = syn::Ident::new(kind, function.sig.ident.span());
    let name = quote_spanned!(Span::mixed_site()=> #private::core::concat!(#private::core::module_path!(), "::", #name));
    let new = quote_spanned!(function.sig.ident.span()=> (#name, #visibility));
    quote_spanned!(function.sig.ident.span()=> #private::TestRun::#kind #new)
}

/// For clippy, which makes no code: the function as it was written, beside its list.
fn lint_only(function: &mut ItemFn, list: &List, private: &TokenStream) {
    // An array without elements would have no type.
    if list.is_empty() {
        return;
    }
    let replacements = replacements(list, private);
    let body = super::braces(&function.block);
    function.block.stmts = parse_quote_spanned!(Span::mixed_site()=> let _ = || #replacements; #body);
}

/// What a body is put into.
struct Framed {
    frame: TokenStream,
    replacements: TokenStream,
    /// What the body begins with: the guard of its own world, if it has one.
    world: TokenStream,
    to_panic: bool,
}

/// At the function's name, which is the place that is reported.
fn world(list: &List, function: &ItemFn) -> TokenStream {
    if list.hermetic.is_none() {
        return TokenStream::new();
    }
    let kit = kit(list.krate.as_ref());
    let begin = quote_spanned!(function.sig.ident.span()=> hermetic());
    quote_spanned!(Span::mixed_site()=> let __monkey_world = #kit::#begin;)
}

fn frame_body(function: &mut ItemFn, way: Way, framed: &Framed, private: &TokenStream) {
    let Framed { frame, replacements, world, to_panic } = framed;
    let failed = failed(&function.sig.output, private);
    let mut body = super::braces(&function.block);
    if !world.is_empty() {
        body = quote_spanned!(Span::mixed_site()=> { #world #body });
    }
    let run = match way {
        Way::Closure if *to_panic => {
            quote_spanned!(Span::mixed_site()=> #frame.run_to_panic(|| #replacements, move || #body))
        }
        Way::Future if *to_panic => {
            quote_spanned!(Span::mixed_site()=> #frame.run_async_to_panic(|| #replacements, async move #body).await)
        }
        Way::Closure => {
            let output = nameable_output(&function.sig.output)
                .map(|output| quote_spanned!(Span::mixed_site()=> -> #output));
            // A closure with a written result takes a block only, as the body is one.
            quote_spanned!(Span::mixed_site()=> #frame.run(|| #replacements, #failed, move || #output #body))
        }
        Way::Future => {
            let fail = fail(function.sig.ident.span(), private);
            quote_spanned!(Span::mixed_site()=> #frame.run_async(|| #replacements, #failed, #fail, async move #body).await)
        }
        Way::Nested => {
            let nested = nested(function);
            let name = &function.sig.ident;
            function.sig.asyncness = None;
            function.attrs.push(parse_quote!(#[allow(unnameable_test_items)]));
            if *to_panic {
                quote_spanned!(Span::mixed_site()=> #nested #frame.run_to_panic(|| #replacements, move || { #world #name() }))
            } else {
                quote_spanned!(Span::mixed_site()=> #nested #frame.run(|| #replacements, #failed, move || { #world #name() }))
            }
        }
    };
    // In the braces that the user wrote: lints leave a function alone that ends in a macro's.
    function.block.stmts = parse_quote!(#run);
}

/// The function as it was, with the attributes of its runtime, which go from the outer one.
fn nested(function: &mut ItemFn) -> ItemFn {
    let (inner, outer) = std::mem::take(&mut function.attrs).into_iter().partition(is_runtime_ref);
    function.attrs = outer;
    function.attrs.retain(|attribute| !is_harness(attribute));
    let mut nested = function.clone();
    nested.attrs = inner;
    nested.vis = syn::Visibility::Inherited;
    nested
}

fn is_runtime_ref(attribute: &Attribute) -> bool {
    is_runtime(attribute)
}

/// Whether a result means that the test fails on its own account. A result without a name cannot be asked.
fn failed(output: &ReturnType, private: &TokenStream) -> TokenStream {
    let Some(output) = nameable_output(output) else {
        return quote_spanned!(Span::mixed_site()=> |_| false);
    };
    quote_spanned! {Span::mixed_site()=> |__monkey_value: #private::Reference<'_, #output>| {
        use #private::{Fallible as _, Infallible as _};
        (&#private::Outcome(__monkey_value)).__monkey_failed()
    }}
}
