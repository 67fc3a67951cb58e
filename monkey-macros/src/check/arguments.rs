//! Arguments of a test that an attribute above has given it already: `rstest` writes them as variables, and a call.
//!
//! ```text
//! fn case_1() { let n = { 3 }; cases(n) }
//! ```
use super::list::{List, Replacement};
use crate::args::{Form, Returns, Sequence};
use crate::free_names::free_names;
use std::collections::BTreeSet;
use syn::{Expr, ItemFn, Local, Pat, Stmt};

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
    let arguments = arguments(last).into_iter().filter_map(|argument| match argument {
        Expr::Path(path) => path.path.get_ident().map(ToString::to_string),
        _ => None,
    });
    arguments.filter(|name| variables.contains(name)).collect()
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
