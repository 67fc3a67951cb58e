//! Arguments of a test that an attribute above has given it already: `rstest` writes them as variables, and a call.
//!
//! ```text
//! fn case_1() { let n = { 3 }; cases(n) }
//! ```
//!
//! `test_case` writes the values into the call, `let _result = super::cases(3);`, and says nowhere which parameters they are for: the file
//! does, where the attribute stands.
use super::list::{List, Replacement};
use crate::args::{Form, Returns, Sequence};
use crate::free_names::free_names;
use crate::source;
use quote::quote;
use std::collections::BTreeSet;
use syn::{Expr, ExprCall, FnArg, ItemFn, Local, Pat, Signature, Stmt, Type, parse_quote};

/// Makes variables of the values with which `test_case` calls its function, if the list captures by the names of its parameters.
pub fn name(function: &mut ItemFn, list: &List) {
    if !function.sig.inputs.is_empty() || !list.replacements.iter().any(|entry| !names(entry).is_empty()) {
        return;
    }
    let Some(call) = function.block.stmts.first_mut().and_then(call_of_a_case) else { return };
    let Expr::Path(path) = &*call.func else { return };
    let Some(called) = path.path.segments.last() else { return };
    if let Some(signature) = source::signature_below(&called.ident) {
        let variables = variables(call, &signature);
        let rest = std::mem::take(&mut function.block.stmts);
        function.block.stmts = parse_quote!(#(#variables)* { #(#rest)* });
    }
}

/// The call in `let _result = super::cases(3);`
fn call_of_a_case(statement: &mut Stmt) -> Option<&mut ExprCall> {
    let Stmt::Local(Local { pat: Pat::Ident(result), init: Some(value), .. }) = statement else {
        return None;
    };
    if result.ident != "_result" {
        return None;
    }
    let called = match &mut *value.expr {
        Expr::Await(awaited) => &mut *awaited.base,
        called => called,
    };
    match called {
        Expr::Call(call) => Some(call),
        _ => None,
    }
}

/// A `let` for each argument whose parameter has a name, which stands in its place then.
fn variables(call: &mut ExprCall, signature: &Signature) -> Vec<Stmt> {
    let parameters = signature.inputs.iter().map(|input| match input {
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(pattern) => Some((&pattern.ident, &*typed.ty)),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    });
    let named = call.args.iter_mut().zip(parameters).filter_map(|(argument, parameter)| {
        let (name, of_type) = parameter?;
        let of_type = can_be_written(of_type, signature).then(|| quote!(: #of_type));
        let variable = parse_quote!(let #name #of_type = #argument;);
        *argument = parse_quote!(#name);
        Some(variable)
    });
    named.collect()
}

/// Whether a parameter's type can stand at a variable.
fn can_be_written(of_type: &Type, signature: &Signature) -> bool {
    !matches!(of_type, Type::ImplTrait(_)) && signature.generics.params.is_empty()
}

/// Whether what the list would capture are such variables: it is made behind them then.
pub fn are_captured(function: &ItemFn, list: &List) -> bool {
    let given = given(function);
    let mut used = list.replacements.iter().flat_map(names);
    function.sig.inputs.is_empty() && used.any(|name| given.contains(&name))
}

/// Variables of the body that its last expression calls a function with.
fn given(function: &ItemFn) -> BTreeSet<String> {
    let Some((Stmt::Expr(last, _), before)) = function.block.stmts.split_last() else {
        return BTreeSet::new();
    };
    let variables: BTreeSet<_> = before.iter().filter_map(variable).collect();
    let arguments =
        in_block(last).unwrap_or_else(|| arguments(last)).into_iter().filter_map(|argument| match argument {
            Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
            _ => None,
        });
    arguments.filter(|name| variables.contains(name)).collect()
}

/// Those of the call that [`name`] has given them to.
fn in_block(last: &Expr) -> Option<Vec<&Expr>> {
    let Expr::Block(block) = last else { return None };
    match block.block.stmts.first()? {
        Stmt::Local(Local { init: Some(value), .. }) => Some(arguments(&value.expr)),
        _ => None,
    }
}

fn variable(statement: &Stmt) -> Option<String> {
    let Stmt::Local(Local { pat, .. }) = statement else { return None };
    let pattern = match pat {
        Pat::Type(typed) => &typed.pat,
        pattern => pattern,
    };
    match pattern {
        Pat::Ident(pattern) => Some(pattern.ident.to_string()),
        _ => None,
    }
}

fn arguments(last: &Expr) -> Vec<&Expr> {
    match last {
        Expr::Await(awaited) => arguments(&awaited.base),
        Expr::Call(call) => call.args.iter().collect(),
        _ => Vec::new(),
    }
}

fn names(Replacement { given, .. }: &Replacement) -> BTreeSet<String> {
    match given {
        Form::Closure(closure) => free_names([&Expr::Closure(closure.clone())]),
        Form::Prepared(prepared) => free_names([&Expr::Block(prepared.block.clone())]),
        Form::Returns(Returns { value, .. }) => free_names([value]),
        Form::Sequence(Sequence { values, .. }) => free_names(values),
        Form::Function(_) => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::given;
    use syn::{ItemFn, parse_quote};

    #[test]
    fn a_call_with_variables_has_arguments() {
        let given = |function: &ItemFn| given(function).into_iter().collect::<Vec<_>>();
        assert_eq!(
            given(&parse_quote!(
                fn case_1() {
                    let n = 3;
                    let m = 4;
                    cases(n, 5)
                }
            )),
            ["n"]
        );
        assert_eq!(
            given(&parse_quote!(
                async fn case_1() {
                    let n = 3;
                    cases(n).await
                }
            )),
            ["n"]
        );
        assert!(
            given(&parse_quote!(
                fn own() {
                    let n = 3;
                    assert!(n == 3);
                }
            ))
            .is_empty()
        );
    }
}
