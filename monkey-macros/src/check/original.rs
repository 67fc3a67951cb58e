//! The rules of `original!` and `calls!`.
use crate::mistakes::Mistakes;
use proc_macro2::{Span, TokenStream};
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprPath, Path, Token};

use super::list::Taker;

/// `f(args)`.
pub struct Call {
    pub krate: Option<Path>,
    pub function: ExprPath,
    pub arguments: Punctuated<Expr, Token![,]>,
    /// `f(args).await`.
    pub awaited: bool,
}

/// `f`.
pub struct Name {
    pub krate: Option<Path>,
    pub function: ExprPath,
}

const ORIGINAL: Taker = Taker { name: "original!", arguments: &["crate"] };
const CALLS: Taker = Taker { name: "calls!", arguments: &["crate"] };

pub fn call(tokens: TokenStream, runtime: bool) -> syn::Result<Call> {
    let (krate, expression) = expression(ORIGINAL, tokens, runtime)?;
    let help = "help: `original!` takes a call by path, such as `now()` or `Clock::now(&clock)`";
    let (expression, awaited) = match ungrouped(expression) {
        Expr::Await(awaited) => (ungrouped(*awaited.base), true),
        expression => (expression, false),
    };
    match expression {
        Expr::Call(call) => match ungrouped(*call.func) {
            Expr::Path(function) => Ok(Call { krate, function, arguments: call.args, awaited }),
            other => Err(syn::Error::new_spanned(other, format!("expected the path of a function; {help}"))),
        },
        Expr::MethodCall(call) => Err(syn::Error::new_spanned(
            &call.method,
            format!("a method has to be named by its path; {help}"),
        )),
        other => Err(syn::Error::new_spanned(other, format!("expected a call; {help}"))),
    }
}

pub fn name(tokens: TokenStream, runtime: bool) -> syn::Result<Name> {
    let (krate, expression) = expression(CALLS, tokens, runtime)?;
    match ungrouped(expression) {
        Expr::Path(function) => Ok(Name { krate, function }),
        Expr::Call(call) => Err(syn::Error::new_spanned(
            call,
            "expected the path of a function; help: name it without calling it, as in `calls!(now)`",
        )),
        other => Err(syn::Error::new_spanned(
            other,
            "expected the path of a function; help: write it as in `replace(..)`, such as `calls!(now)`",
        )),
    }
}

/// What a `macro_rules!` fragment such as `$f:path` holds: it comes in invisible brackets.
fn ungrouped(expression: Expr) -> Expr {
    match expression {
        Expr::Group(group) => ungrouped(*group.expr),
        expression => expression,
    }
}

/// `crate = path,` where it is there, and an expression.
fn expression(taker: Taker, tokens: TokenStream, runtime: bool) -> syn::Result<(Option<Path>, Expr)> {
    let mut mistakes = Mistakes::default();
    taker.needs_runtime(Span::call_site(), runtime, &mut mistakes);
    let parser = |input: ParseStream| {
        let mut krate = None;
        if input.peek(Token![crate]) && input.peek2(Token![=]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            krate = Some(Path::parse_mod_style(input)?);
            input.parse::<Token![,]>()?;
        }
        let expression = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok((krate, expression))
    };
    let parsed = parser.parse2(tokens).map_err(|error| mistakes.add(error));
    mistakes.into_result()?;
    parsed.map_err(|()| syn::Error::new(Span::call_site(), "expected an expression"))
}
