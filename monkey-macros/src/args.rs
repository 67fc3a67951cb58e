//! The grammar of `replace(..)`, `expect(..)`, `scope = ..`, `crate = ..` and `skip`.
//!
//! It reads on behind a mistake, at the next comma, so that one attribute's mistakes come out together. Which
//! argument may stand where, and how often, is for the rules to say.
use crate::function;
use crate::mistakes::Mistakes;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt as _;
use syn::parse::{Parse as _, ParseStream, Parser as _};
use syn::{
    Expr, ExprBlock, ExprClosure, ExprGroup, ExprParen, ExprPath, Ident, Path, Stmt, Token, bracketed,
    parenthesized, token,
};

/// `T = R`.
pub struct Entry {
    pub target: ExprPath,
    pub replacement: Form,
}

/// What stands behind the `=`.
#[derive(Clone)]
pub enum Form {
    /// Any expression but a closure as it is written.
    Function(Expr),
    Closure(ExprClosure),
    Prepared(Prepared),
    Returns(Returns),
    Sequence(Sequence),
}

/// `{ let seen = seen.clone(); move |x| .. }`: a closure behind what it captures.
#[derive(Clone)]
pub struct Prepared {
    /// With the closure as its value.
    pub block: ExprBlock,
    pub closure: ExprClosure,
}

impl Prepared {
    /// Not for one that gives a future, whose types are found out in another way.
    fn read(block: &ExprBlock) -> Option<Self> {
        let [_, .., Stmt::Expr(Expr::Closure(closure), None)] = &block.block.stmts[..] else { return None };
        let plain = block.attrs.is_empty() && block.label.is_none() && !function::gives_future(closure);
        plain.then(|| Self { block: block.clone(), closure: closure.clone() })
    }

    /// The same with another closure.
    pub fn with(&self, closure: ExprClosure) -> ExprBlock {
        let mut block = self.block.clone();
        block.block.stmts.pop();
        block.block.stmts.push(Stmt::Expr(Expr::Closure(closure), None));
        block
    }
}

/// `returns(EXPR)`.
#[derive(Clone)]
pub struct Returns {
    pub word: Ident,
    pub value: Expr,
}

/// `sequence[A, B, ..]`.
#[derive(Clone)]
pub struct Sequence {
    pub word: Ident,
    pub values: Vec<Expr>,
    /// It ends in `..`: behind the last value comes the original.
    pub then_original: bool,
}

impl ToTokens for Form {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Function(given) => given.to_tokens(tokens),
            Self::Closure(given) => given.to_tokens(tokens),
            Self::Prepared(given) => given.block.to_tokens(tokens),
            Self::Returns(Returns { word, value }) => {
                tokens.extend(quote_spanned!(word.span()=> #word(#value)));
            }
            Self::Sequence(Sequence { word, values, then_original }) => {
                let rest = then_original.then(|| quote_spanned!(word.span()=> ..)).into_iter();
                let values = values.iter().map(ToTokens::to_token_stream).chain(rest);
                tokens.extend(quote_spanned!(word.span()=> #word[#(#values),*]));
            }
        }
    }
}

/// `T = COUNT`.
pub struct Count {
    pub target: ExprPath,
    pub count: Expr,
}

/// What stands in `expect(..)`.
pub enum Expected {
    Count(Box<Count>),
    Order(Order),
}

/// `order[A, B, .., C]`.
pub struct Order {
    pub word: Ident,
    pub steps: Vec<Step>,
}

/// One place of an order.
pub enum Step {
    Call(ExprPath),
    /// `..`
    Others,
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
    Expect(Vec<Expected>),
    Partly(Vec<ExprPath>),
    Watch(Vec<ExprPath>),
    Scope(Visibility),
    Crate(Path),
    Skip,
    Hermetic,
    /// What the macros tell themselves: another attribute has made the function a test already.
    IsTest,
    /// With the path in front of a `=`, if there is one: somebody's function, perhaps.
    Unknown(Option<String>),
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
            "replace" | "expect" | "partly" | "watch" => input.peek(token::Paren),
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
        "expect" => Kind::Expect(inner(input, &name, mistakes, |input, _| expected(input))?),
        "partly" => Kind::Partly(inner(input, &name, mistakes, |input, _| name_alone(input, "partly"))?),
        "watch" => Kind::Watch(inner(input, &name, mistakes, |input, _| name_alone(input, "watch"))?),
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
            let assigned = assigned(&name, input);
            skip_to_comma(input)?;
            Kind::Unknown(assigned)
        }
    };
    Ok(Argument { name, kind })
}

/// The path that begins with a name, if it has a value.
fn assigned(name: &Ident, input: ParseStream) -> Option<String> {
    let ahead = input.fork();
    let mut path = name.to_string();
    while ahead.peek(Token![::]) {
        ahead.parse::<Token![::]>().ok()?;
        path = format!("{path}::{}", Ident::parse_any(&ahead).ok()?);
    }
    is_equals(&ahead).then_some(path)
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
    refuse_argument(input)?;
    let target = target(input, "REPLACEMENT")?;
    let replacement = replacement(input, &target)?;
    Ok(Entry { target, replacement })
}

/// One of a list's arguments has come among its replacements.
fn refuse_argument(input: ParseStream) -> syn::Result<()> {
    let Ok(word) = input.fork().call(Ident::parse_any) else { return Ok(()) };
    let is_argument = ["replace", "expect", "partly", "watch"].iter().any(|argument| word == argument);
    if !is_argument || !input.peek2(token::Paren) {
        return Ok(());
    }
    let beside = if word == "replace" { String::new() } else { format!(", {word}(..)") };
    let message =
        format!("`{word}(..)` does not stand among replacements; help: write `replace(TARGET = ..){beside}`");
    Err(syn::Error::new(word.span(), message))
}

fn replacement(input: ParseStream, target: &ExprPath) -> syn::Result<Form> {
    let ahead = input.fork();
    if let Ok(word) = ahead.parse::<Ident>() {
        let is_alone = |delimiter| {
            delimiter && ahead.parse::<TokenTree>().is_ok() && (ahead.is_empty() || ahead.peek(Token![,]))
        };
        if word == "returns" && is_alone(ahead.peek(token::Paren)) {
            return returns(input).map(Form::Returns);
        }
        if word == "sequence" && is_alone(ahead.peek(token::Bracket)) {
            return sequence(input).map(Form::Sequence);
        }
    }
    Ok(match bare(value(input, target, "REPLACEMENT")?) {
        Expr::Closure(closure) => Form::Closure(closure),
        Expr::Block(block) => match Prepared::read(&block) {
            Some(prepared) => Form::Prepared(prepared),
            None => Form::Function(Expr::Block(block)),
        },
        function => Form::Function(function),
    })
}

/// A closure without what stands around it: parentheses, or the invisible ones of a macro that was given it. Else the expression.
fn bare(value: Expr) -> Expr {
    let inner = match &value {
        Expr::Paren(ExprParen { attrs, expr, .. }) | Expr::Group(ExprGroup { attrs, expr, .. })
            if attrs.is_empty() =>
        {
            bare((**expr).clone())
        }
        _ => return value,
    };
    if matches!(inner, Expr::Closure(_) | Expr::Block(_)) { inner } else { value }
}

/// Reads a word and what stands in its brackets, so that a mistake in them costs no more than its own entry.
fn returns(input: ParseStream) -> syn::Result<Returns> {
    let word: Ident = input.parse()?;
    let content;
    parenthesized!(content in input);
    let mut values = whole(&content, |content| content.parse_terminated(Expr::parse, Token![,]))?.into_iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(Returns { word, value }),
        (None, _) => {
            let message = "`returns` takes a value; help: write `returns(())` for none";
            Err(syn::Error::new(word.span(), message))
        }
        (_, Some(second)) => {
            let message = "`returns` takes one value; help: write `returns((A, B))` to return a tuple";
            Err(syn::Error::new_spanned(second, message))
        }
    }
}

/// Skips what stands behind a mistake: syn would complain about it once more.
fn whole<T>(content: ParseStream, parse: impl FnOnce(ParseStream) -> syn::Result<T>) -> syn::Result<T> {
    parse(content).or_else(|error| content.parse::<TokenStream>().and(Err(error)))
}

fn sequence(input: ParseStream) -> syn::Result<Sequence> {
    let word: Ident = input.parse()?;
    let content;
    bracketed!(content in input);
    let elements = whole(&content, |content| content.parse_terminated(Expr::parse, Token![,]))?;
    let mut values: Vec<Expr> = elements.into_iter().collect();
    let then_original = values.last().is_some_and(is_rest);
    if then_original {
        values.pop();
    }
    if let Some(rest) = values.iter().find(|value| is_rest(value)) {
        let message = "`..` stands for the original, behind the last value; help: move it to the end";
        return Err(syn::Error::new_spanned(rest, message));
    }
    if values.is_empty() {
        let message = "`sequence` has no value; help: write `sequence[FIRST, SECOND]`, one for each call";
        return Err(syn::Error::new(word.span(), message));
    }
    Ok(Sequence { word, values, then_original })
}

fn is_rest(value: &Expr) -> bool {
    matches!(value, Expr::Range(range) if range.start.is_none() && range.end.is_none())
}

fn expected(input: ParseStream) -> syn::Result<Expected> {
    let word: Option<Ident> = if input.peek2(token::Bracket) { input.fork().parse().ok() } else { None };
    match word.filter(|word| word == "order") {
        Some(_) => order(input).map(Expected::Order),
        None => count(input).map(|count| Expected::Count(Box::new(count))),
    }
}

fn order(input: ParseStream) -> syn::Result<Order> {
    let word: Ident = input.parse()?;
    let content;
    bracketed!(content in input);
    let steps = whole(&content, |content| content.parse_terminated(step, Token![,]))?;
    if steps.is_empty() {
        let message = "`order` has no call; help: write `order[FIRST, SECOND]`, or `FIRST = 0` for none";
        return Err(syn::Error::new(word.span(), message));
    }
    Ok(Order { word, steps: steps.into_iter().collect() })
}

fn step(input: ParseStream) -> syn::Result<Step> {
    if input.peek(Token![..]) {
        input.parse::<Token![..]>()?;
        return Ok(Step::Others);
    }
    let start = input.span();
    let target: ExprPath = input.parse().map_err(|_| {
        syn::Error::new(
            start,
            "expected the path of a function; help: or `..`, for any number of the others' calls",
        )
    })?;
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(Step::Call(target));
    }
    let message =
        format!("expected nothing but the function's path; help: write `order[{}, ..]`", tidy(&target));
    Err(syn::Error::new_spanned(&target, message))
}

fn count(input: ParseStream) -> syn::Result<Count> {
    let target = target(input, "COUNT")?;
    let count = value(input, &target, "COUNT")?;
    Ok(Count { target, count })
}

/// A target in a list of nothing else.
fn name_alone(input: ParseStream, list: &str) -> syn::Result<ExprPath> {
    let start = input.span();
    let target: ExprPath =
        input.parse().map_err(|_| syn::Error::new(start, "expected the path of a function"))?;
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(target);
    }
    Err(syn::Error::new_spanned(
        &target,
        format!("expected nothing but the function's path; help: write `{list}({})`", tidy(&target)),
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
            if name == "partly" || name == "watch" {
                format!("`{name}` takes a list; help: write `{name}(TARGET, ..)`")
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
    use super::{Expected, Form, Kind, Mistakes, arguments, entries, is_long_form};
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
    fn closures_behind_statements_are_told_from_blocks() {
        let mut mistakes = Mistakes::default();
        let all = entries(
            quote!(
                a = {
                    let n = m.clone();
                    move |x| n + x
                },
                b = { |x| x },
                c = {
                    let n = 1;
                    async move |x| x
                },
                d = {
                    let f = g;
                    f
                }
            ),
            &mut mistakes,
        );
        assert!(mistakes_of(mistakes).is_empty());
        assert!(matches!(&all[0].replacement, Form::Prepared(_)));
        assert!(all[1..].iter().all(|entry| matches!(&entry.replacement, Form::Function(_))));
    }

    #[test]
    fn values_are_told_from_functions() {
        let mut mistakes = Mistakes::default();
        let all = entries(
            quote!(a = returns(5), b = sequence[1, 2, ..], c = || 3, d = returns, e = returns(1)(2), f = sequence[1][0]),
            &mut mistakes,
        );
        assert!(mistakes_of(mistakes).is_empty());
        assert!(matches!(&all[0].replacement, Form::Returns(_)));
        let Form::Sequence(sequence) = &all[1].replacement else { panic!("no sequence") };
        assert!(sequence.values.len() == 2 && sequence.then_original);
        assert!(matches!(&all[2].replacement, Form::Closure(_)));
        assert!(all[3..].iter().all(|entry| matches!(&entry.replacement, Form::Function(_))));
        let mut mistakes = Mistakes::default();
        let wrong = quote!(
            a = returns(),
            b = returns(1, 2),
            c = sequence[],
            d = sequence[..],
            e = sequence[1, .., 2],
            f = sequence[1 +],
            g = f
        );
        assert_eq!(entries(wrong, &mut mistakes).len(), 1);
        assert_eq!(mistakes_of(mistakes).len(), 6);
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
    fn an_order_is_a_list_of_names_and_dots() {
        let mut mistakes = Mistakes::default();
        let all =
            arguments(quote!(expect(order[a, b::c, .., <D as S>::p,], a = 1), watch(a, b::c)), &mut mistakes);
        assert!(mistakes_of(mistakes).is_empty());
        let Kind::Expect(expected) = &all[0].kind else { panic!("no expectations") };
        assert!(matches!(&expected[0], Expected::Order(order) if order.steps.len() == 4));
        assert!(matches!(&expected[1], Expected::Count(_)));
        assert!(matches!(&all[1].kind, Kind::Watch(names) if names.len() == 2));
        let mut mistakes = Mistakes::default();
        arguments(
            quote!(expect(order[], order[a()], order[1], order = 2), watch(a = b), watch),
            &mut mistakes,
        );
        assert_eq!(mistakes_of(mistakes).len(), 5);
    }

    #[test]
    fn the_long_form_is_told_by_its_first_word() {
        assert!(is_long_form(quote!(partly(a), replace(a = b))));
        assert!(is_long_form(quote!(watch(a))) && !is_long_form(quote!(watch = b)));
        assert!(is_long_form(quote!(replace(a = b))));
        assert!(is_long_form(quote!(crate = m, replace(a = b))));
        assert!(!is_long_form(quote!(crate::a = b)));
        assert!(!is_long_form(quote!(replace = b)));
        assert!(!is_long_form(quote!()));
    }
}
