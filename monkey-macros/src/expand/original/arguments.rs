//! Which of `original!`'s arguments come before the bypass, and which stay in the call.
use proc_macro2::{Ident, Span, TokenTree};
use quote::format_ident;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Expr, ExprCall, Macro, Member, Pat, Stmt, Token, UnOp, parse_quote};

/// `match (before) { (names) => callee(in_call) }`.
#[derive(Default)]
pub struct Split {
    pub before: Vec<Expr>,
    pub names: Vec<Ident>,
    pub in_call: Vec<Expr>,
}

pub fn split(arguments: &Punctuated<Expr, Token![,]>) -> Split {
    let mut split = Split::default();
    let mut earlier = Places::default();
    for argument in arguments.iter().rev() {
        let mut argument = argument.clone();
        if !stays(&argument) {
            split.move_calls(&mut argument, &mut earlier);
        } else if earlier.may_change(&argument) {
            split.move_whole(&mut argument, &mut earlier);
        }
        split.in_call.push(argument);
    }
    split.before.reverse();
    split.names.reverse();
    split.in_call.reverse();
    split
}

impl Split {
    /// Of a place, what it is reached through; of anything else, all.
    fn move_calls(&mut self, argument: &mut Expr, earlier: &mut Places) {
        match argument {
            Expr::Field(field) if !is_value(&field.base) => self.move_calls(&mut field.base, earlier),
            Expr::Field(field) => self.move_whole(&mut field.base, earlier),
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => {
                self.move_calls(&mut unary.expr, earlier);
            }
            Expr::Index(index) => {
                if !stays(&index.index) {
                    self.move_whole(&mut index.index, earlier);
                }
                if !stays(&index.expr) {
                    self.move_calls(&mut index.expr, earlier);
                }
            }
            Expr::If(choice)
                if block_stays(&choice.then_branch)
                    && choice.else_branch.iter().all(|(_, other)| stays(other)) =>
            {
                self.move_whole(&mut choice.cond, earlier);
            }
            Expr::Paren(paren) => self.move_calls(&mut paren.expr, earlier),
            Expr::Group(group) => self.move_calls(&mut group.expr, earlier),
            _ if stays(argument) => {}
            _ => self.move_whole(argument, earlier),
        }
    }

    fn move_whole(&mut self, argument: &mut Expr, earlier: &mut Places) {
        let name = format_ident!("__monkey_argument{}", self.before.len(), span = Span::mixed_site());
        let moved = std::mem::replace(argument, parse_quote!(#name));
        earlier.visit_expr(&moved);
        self.before.push(moved);
        self.names.push(name);
    }
}

/// Whether it is a value of its own, and no place that something else leads to.
fn is_value(expression: &Expr) -> bool {
    match expression {
        Expr::Path(_) | Expr::Field(_) | Expr::Index(_) => false,
        Expr::Unary(unary) => !matches!(unary.op, UnOp::Deref(_)),
        Expr::Paren(paren) => is_value(&paren.expr),
        Expr::Group(group) => is_value(&group.expr),
        _ => true,
    }
}

/// Names, places, literals, closures and what is built from them: nothing that runs a function that the user can name, and
/// nothing that would have to outlive the call.
fn stays(argument: &Expr) -> bool {
    match argument {
        Expr::Lit(_) | Expr::Path(_) | Expr::Closure(_) => true,
        Expr::Reference(reference) => stays(&reference.expr) && outlives(&reference.expr),
        Expr::RawAddr(address) => stays(&address.expr) && outlives(&address.expr),
        Expr::Paren(paren) => stays(&paren.expr),
        Expr::Group(group) => stays(&group.expr),
        Expr::Cast(cast) => stays(&cast.expr),
        Expr::Field(field) => stays(&field.base),
        Expr::Index(index) => stays(&index.expr) && stays(&index.index),
        Expr::Range(range) => range.start.iter().chain(&range.end).all(|end| stays(end)),
        Expr::Unary(unary) => match unary.op {
            UnOp::Deref(_) => stays(&unary.expr),
            _ => matches!(&*unary.expr, Expr::Lit(_)),
        },
        Expr::Tuple(tuple) => tuple.elems.iter().all(stays),
        Expr::Array(array) => array.elems.iter().all(stays),
        Expr::Call(call) => is_constructor(call) && call.args.iter().all(stays),
        Expr::Struct(made) => {
            made.rest.as_deref().is_none_or(stays) && made.fields.iter().all(|field| stays(&field.expr))
        }
        Expr::If(choice) => {
            stays(&choice.cond)
                && block_stays(&choice.then_branch)
                && choice.else_branch.iter().all(|(_, other)| stays(other))
        }
        Expr::Block(block) if block.label.is_none() => block_stays(&block.block),
        _ => false,
    }
}

fn block_stays(block: &Block) -> bool {
    matches!(&block.stmts[..], [Stmt::Expr(last, None)] if stays(last))
}

/// Of `Some(x)` and the like the compiler writes no call.
fn is_constructor(call: &ExprCall) -> bool {
    let Expr::Path(path) = &*call.func else { return false };
    let name = path.path.segments.last().map(|segment| segment.ident.to_string());
    name.is_some_and(|name| name.starts_with(char::is_uppercase))
}

/// What a reference leads to without a temporary that ends with the call: places, constants, and closures, which
/// would lose their parameters' types elsewhere.
fn outlives(referent: &Expr) -> bool {
    match referent {
        Expr::Paren(paren) => outlives(&paren.expr),
        Expr::Group(group) => outlives(&group.expr),
        Expr::Lit(_) | Expr::Closure(_) => true,
        Expr::Array(array) => array.elems.iter().all(|element| matches!(element, Expr::Lit(_))),
        Expr::Reference(reference) => outlives(&reference.expr),
        other => !is_value(other),
    }
}

/// Variables and fields of them that are mentioned before the call, which may change there.
#[derive(Default)]
struct Places(Vec<Vec<String>>);

impl Places {
    /// Whether the argument would see another value in the call than at its place in the list.
    fn may_change(&self, argument: &Expr) -> bool {
        let mut own = Self::default();
        own.visit_expr(argument);
        let meet = |one: &[String], other: &[String]| one.iter().zip(other).all(|(one, other)| one == other);
        own.0.iter().any(|own| self.0.iter().any(|earlier| meet(own, earlier)))
    }
}

impl Visit<'_> for Places {
    fn visit_expr(&mut self, expression: &Expr) {
        match path_of(expression) {
            Some(path) => self.0.push(path),
            None => visit::visit_expr(self, expression),
        }
    }

    fn visit_pat(&mut self, _: &Pat) {}

    fn visit_macro(&mut self, call: &Macro) {
        self.words(call.tokens.clone());
    }
}

impl Places {
    /// Whatever a macro makes of them.
    fn words(&mut self, tokens: proc_macro2::TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => self.0.push(vec![ident.to_string()]),
                TokenTree::Group(group) => self.words(group.stream()),
                // `"{value}"`.
                TokenTree::Literal(text) => self.0.extend(
                    text.to_string()
                        .split(|character: char| !character.is_alphanumeric() && character != '_')
                        .filter(|word| !word.is_empty())
                        .map(|word| vec![word.to_owned()]),
                ),
                TokenTree::Punct(_) => {}
            }
        }
    }
}

/// `x.field.0` as its names.
fn path_of(expression: &Expr) -> Option<Vec<String>> {
    match expression {
        Expr::Path(path) => path.path.get_ident().map(|ident| vec![ident.to_string()]),
        Expr::Field(field) => {
            let mut path = path_of(&field.base)?;
            path.push(match &field.member {
                Member::Named(name) => name.to_string(),
                Member::Unnamed(index) => index.index.to_string(),
            });
            Some(path)
        }
        Expr::Paren(paren) => path_of(&paren.expr),
        Expr::Group(group) => path_of(&group.expr),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::split;
    use quote::ToTokens as _;
    use syn::parse::Parser as _;
    use syn::punctuated::Punctuated;

    /// What comes before and what is left in the call.
    fn of(arguments: &str) -> (Vec<String>, Vec<String>) {
        let arguments = Punctuated::parse_terminated.parse_str(arguments).unwrap();
        let split = split(&arguments);
        let text =
            |all: Vec<syn::Expr>| all.iter().map(|one| crate::names::text(&one.to_token_stream())).collect();
        (text(split.before), text(split.in_call))
    }

    #[test]
    fn places_stay_in_the_call() {
        for places in [
            "x.field",
            "*x",
            "x[0]",
            "x[i]",
            "&mut *x",
            "&x.0.y",
            "x[1..]",
            "&[1, 2]",
            "Some(x.field)",
            "|v| v + f(v)",
            "if a { x.one } else { x.two }",
            "-1",
            "x as u8",
        ] {
            let (before, _) = of(places);
            assert!(before.is_empty(), "{places}: {before:?}");
        }
    }

    #[test]
    fn what_calls_comes_before() {
        assert_eq!(of("f(1), x.len()").0, ["f(1)", "x.len()"]);
        assert_eq!(of("&(a, b)").0, ["&(a, b)"]);
        assert_eq!(of("format!(\"{x}\")").0.len(), 1);
    }

    #[test]
    fn of_a_place_only_what_leads_to_it() {
        assert_eq!(of("x.get().buffer"), (vec!["x.get()".into()], vec!["__monkey_argument0.buffer".into()]));
        assert_eq!(of("rows[next()]"), (vec!["next()".into()], vec!["rows[__monkey_argument0]".into()]));
        assert_eq!(of("*x.get()").0, ["x.get()"]);
        assert_eq!(of("if f() { x.one } else { x.two }").0, ["f()"]);
    }

    #[test]
    fn values_that_change_later_are_taken_before() {
        assert_eq!(of("count, { count += 1; f(count) }").0.len(), 2);
        assert_eq!(of("x.one, f(x.two)").0, ["f(x.two)"]);
        assert_eq!(of("x.one, f(x.one.two)").0.len(), 2);
        assert_eq!(of("x.one, x.len()").0.len(), 2);
        assert_eq!(of("x, format!(\"{x}\")").0.len(), 2);
    }
}
