//! The grammar of `replace(..)`, `expect(..)`, `scope = ..`, `crate = ..` and `skip`.
//!
//! It reads on behind a mistake, at the next comma, so that one attribute's mistakes come out together. Which
//! argument may stand where, and how often, is for the rules to say.
use crate::mistakes::Mistakes;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Expr, ExprPath, Ident, Path, Token, parenthesized, token};

/// `T = R`.
pub struct Entry {
    pub target: ExprPath,
    pub replacement: Form,
}

/// What stands behind the `=`.
pub enum Form {
    Function(Expr),
    /// `returns(..)` or `sequence[..]`.
    Values(Ident),
}

/// `T = COUNT`.
pub struct Count {
    pub target: ExprPath,
    pub count: Expr,
}

/// `scope = test` or `scope = process`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Visibility {
    Scope,
    Process,
}

/// One argument and where its name stands.
pub struct Argument {
    pub name: Ident,
    pub kind: Kind,
}

pub enum Kind {
    Replace(Vec<Entry>),
    Expect(Vec<Count>),
    Partly(Vec<ExprPath>),
    Scope(Visibility),
    Crate(Path),
    Skip,
    Hermetic,
    /// What the macros tell themselves: another attribute has made the function a test already.
    IsTest,
    Unknown,
}

/// The argument that says it.
pub const IS_TEST: &str = "__monkey_is_test";

/// The arguments of an attribute, or of a macro in its long form.
pub fn arguments(tokens: TokenStream, mistakes: &mut Mistakes) -> Vec<Argument> {
    list(tokens, mistakes, argument)
}

/// A macro's list in its short form: `T = R, ..`.
pub fn entries(tokens: TokenStream, mistakes: &mut Mistakes) -> Vec<Entry> {
    list(tokens, mistakes, |input, _| entry(input))
}

/// Whether a macro's list is in its long form. A target called `scope` is written `self::scope`.
pub fn is_long_form(tokens: TokenStream) -> bool {
    let parser = |input: ParseStream| {
        let word = Ident::parse_any(input)?;
        let long = match word.to_string().as_str() {
            "replace" | "expect" | "partly" => input.peek(token::Paren),
            "crate" | "scope" => is_equals(input),
            _ => false,
        };
        input.parse::<TokenStream>()?;
        Ok(long)
    };
    parser.parse2(tokens).unwrap_or(false)
}

fn argument(input: ParseStream, mistakes: &mut Mistakes) -> syn::Result<Argument> {
    let name = Ident::parse_any(input).map_err(|error| {
        syn::Error::new(error.span(), "expected the name of an argument; help: such as `crate = path`")
    })?;
    let kind = match name.to_string().as_str() {
        "replace" => Kind::Replace(inner(input, &name, mistakes, |input, _| entry(input))?),
        "expect" => Kind::Expect(inner(input, &name, mistakes, |input, _| count(input))?),
        "partly" => Kind::Partly(inner(input, &name, mistakes, |input, _| name_alone(input))?),
        "scope" => {
            equals(
                input,
                name.span(),
                "`scope` takes a value; help: write `scope = test` or `scope = process`",
            )?;
            Kind::Scope(visibility(input)?)
        }
        "crate" => {
            let message = "`crate` takes a path; help: write `crate = path::of::monkey`";
            equals(input, name.span(), message)?;
            let path = Path::parse_mod_style(input);
            Kind::Crate(path.map_err(|error| syn::Error::new(error.span(), message))?)
        }
        "skip" => Kind::Skip,
        "hermetic" => Kind::Hermetic,
        IS_TEST => Kind::IsTest,
        _ => {
            skip_to_comma(input)?;
            Kind::Unknown
        }
    };
    Ok(Argument { name, kind })
}

fn visibility(input: ParseStream) -> syn::Result<Visibility> {
    let place = input.span();
    match Ident::parse_any(input).map(|value| value.to_string()).as_deref() {
        Ok("test") => Ok(Visibility::Scope),
        Ok("process") => Ok(Visibility::Process),
        _ => Err(syn::Error::new(place, "unknown scope; help: it is `test` or `process`")),
    }
}

fn entry(input: ParseStream) -> syn::Result<Entry> {
    let target = target(input, "REPLACEMENT")?;
    let values = (input.peek(Ident) && input.peek2(token::Paren))
        || (input.peek(Ident) && input.peek2(token::Bracket));
    if values {
        let ahead = input.fork();
        let word: Ident = ahead.parse()?;
        let _: TokenTree = ahead.parse()?;
        if (word == "returns" || word == "sequence") && (ahead.is_empty() || ahead.peek(Token![,])) {
            skip_to_comma(input)?;
            return Ok(Entry { target, replacement: Form::Values(word) });
        }
    }
    let replacement = Form::Function(value(input, &target, "REPLACEMENT")?);
    Ok(Entry { target, replacement })
}

fn count(input: ParseStream) -> syn::Result<Count> {
    let target = target(input, "COUNT")?;
    let count = value(input, &target, "COUNT")?;
    Ok(Count { target, count })
}

/// A target in a list of nothing else.
fn name_alone(input: ParseStream) -> syn::Result<ExprPath> {
    let start = input.span();
    let target: ExprPath =
        input.parse().map_err(|_| syn::Error::new(start, "expected the path of a function"))?;
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(target);
    }
    Err(syn::Error::new_spanned(
        &target,
        format!("expected nothing but the function's path; help: write `partly({})`", tidy(&target)),
    ))
}

/// What stands behind the `=`. One that ends too early has no token of its own to point at.
fn value(input: ParseStream, target: &ExprPath, placeholder: &str) -> syn::Result<Expr> {
    input.parse().map_err(|error| if input.is_empty() { nothing_behind(target, placeholder) } else { error })
}

fn nothing_behind(target: &ExprPath, placeholder: &str) -> syn::Error {
    let message = format!(
        "this has no whole expression behind its `=`; help: write `{} = {placeholder}`",
        tidy(target)
    );
    syn::Error::new_spanned(target, message)
}

/// A path and the `=` behind it.
fn target(input: ParseStream, value: &str) -> syn::Result<ExprPath> {
    let start = input.span();
    let target: ExprPath =
        input.parse().map_err(|_| syn::Error::new(start, "expected the path of a function"))?;
    if is_equals(input) {
        input.parse::<Token![=]>()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(nothing_behind(&target, value));
        }
        return Ok(target);
    }
    Err(if input.peek(Token![<]) {
        input.error("expected `=`; help: generic arguments are written `::<..>` here")
    } else if input.peek(token::Paren) {
        input.error("expected `=`; help: name the function without calling it")
    } else {
        syn::Error::new_spanned(
            &target,
            format!("expected `=` behind this; help: write `{} = {value}`", tidy(&target)),
        )
    })
}

/// `=`, and not the beginning of `==` or `=>`.
fn is_equals(input: ParseStream) -> bool {
    input.peek(Token![=]) && !input.peek(Token![==]) && !input.peek(Token![=>])
}

fn tidy(target: &ExprPath) -> String {
    crate::names::text(&target.to_token_stream())
}

fn equals(input: ParseStream, name: Span, message: &str) -> syn::Result<()> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if !input.is_empty() && !input.peek(Token![,]) {
            return Ok(());
        }
    }
    Err(syn::Error::new(name, message))
}

fn inner<T>(
    input: ParseStream,
    name: &Ident,
    mistakes: &mut Mistakes,
    item: impl FnMut(ParseStream, &mut Mistakes) -> syn::Result<T>,
) -> syn::Result<Vec<T>> {
    if !input.peek(token::Paren) {
        return Err(syn::Error::new(
            name.span(),
            if name == "partly" {
                "`partly` takes a list; help: write `partly(TARGET, ..)`".to_owned()
            } else {
                format!("`{name}` takes a list; help: write `{name}(TARGET = .., ..)`")
            },
        ));
    }
    let content;
    parenthesized!(content in input);
    Ok(list(content.parse()?, mistakes, item))
}

/// Items with commas between them; a mistake costs its own item only.
fn list<T>(
    tokens: TokenStream,
    mistakes: &mut Mistakes,
    mut item: impl FnMut(ParseStream, &mut Mistakes) -> syn::Result<T>,
) -> Vec<T> {
    let mut items = Vec::new();
    let parser = |input: ParseStream| {
        while !input.is_empty() {
            match item(input, mistakes) {
                Ok(parsed) => {
                    items.push(parsed);
                    if !input.is_empty() && !input.peek(Token![,]) {
                        mistakes.add(input.error("expected `,`"));
                    }
                }
                Err(error) => mistakes.add(error),
            }
            skip_to_comma(input)?;
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(tokens) {
        mistakes.add(error);
    }
    items
}

fn skip_to_comma(input: ParseStream) -> syn::Result<()> {
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Kind, Mistakes, arguments, entries, is_long_form};
    use quote::quote;

    fn mistakes_of(mistakes: Mistakes) -> Vec<String> {
        mistakes.into_result().err().into_iter().flatten().map(|error| error.to_string()).collect()
    }

    #[test]
    fn every_list_may_be_empty_or_end_in_a_comma() {
        let mut mistakes = Mistakes::default();
        let all = arguments(
            quote!(replace(), expect(a = 2, b = 1..,), scope = process, crate = x::y,),
            &mut mistakes,
        );
        assert!(mistakes_of(mistakes).is_empty());
        assert!(matches!(&all[0].kind, Kind::Replace(entries) if entries.is_empty()));
        assert!(matches!(&all[1].kind, Kind::Expect(counts) if counts.len() == 2));
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn reading_goes_on_behind_a_mistake() {
        let mut mistakes = Mistakes::default();
        let all = arguments(
            quote!(replace(a, b = c, d() = e, f<u8> = g, 5 = h), scope = here, colour = red),
            &mut mistakes,
        );
        assert_eq!(all.len(), 2);
        assert_eq!(mistakes_of(mistakes).len(), 5);
    }

    #[test]
    fn targets_are_paths_of_every_kind() {
        let mut mistakes = Mistakes::default();
        let all = entries(
            quote!(a::b = c, <D as S>::p = |_: &D| (), parse::<u32, u8> = x(), returns = sequence),
            &mut mistakes,
        );
        assert!(mistakes_of(mistakes).is_empty());
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn a_list_of_names_has_nothing_else() {
        let mut mistakes = Mistakes::default();
        let all = arguments(quote!(partly(a, <D as S>::p, b::<u8>,), partly()), &mut mistakes);
        assert!(matches!(&all[0].kind, Kind::Partly(names) if names.len() == 3));
        arguments(quote!(partly(a = b, c(), 3), partly), &mut mistakes);
        assert_eq!(mistakes_of(mistakes).len(), 4);
    }

    #[test]
    fn the_long_form_is_told_by_its_first_word() {
        assert!(is_long_form(quote!(partly(a), replace(a = b))));
        assert!(is_long_form(quote!(replace(a = b))));
        assert!(is_long_form(quote!(crate = m, replace(a = b))));
        assert!(!is_long_form(quote!(crate::a = b)));
        assert!(!is_long_form(quote!(replace = b)));
        assert!(!is_long_form(quote!()));
    }
}
