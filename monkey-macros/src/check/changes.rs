//! What an `async` closure changes of what is around it. The futures of several calls run side by side, so it may change nothing; rustc says
//! that it cannot borrow, and not what to write. What shows by the tokens is said here: assignments, and `&mut`.
use crate::free_names::free_names;
use crate::mistakes::Mistakes;
use std::collections::BTreeSet;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, ExprAssign, ExprAsync, ExprBinary, ExprClosure, ExprReference, Ident};

pub fn check(closure: &ExprClosure, mistakes: &mut Mistakes) {
    if closure.asyncness.is_none() {
        return;
    }
    let whole = Expr::Closure(closure.clone());
    let mut changes = Changes { free: free_names([&whole]), told: BTreeSet::new(), mistakes };
    changes.visit_expr(&closure.body);
}

struct Changes<'a> {
    /// Names that are not the closure's own.
    free: BTreeSet<String>,
    told: BTreeSet<String>,
    mistakes: &'a mut Mistakes,
}

impl Changes<'_> {
    fn changes(&mut self, place: &Expr) {
        let Some(name) = variable(place).filter(|name| self.free.contains(&name.to_string())) else { return };
        if self.told.insert(name.to_string()) {
            let message = format!(
                "an `async` closure that replaces an `async fn` cannot change what it has captured: a call may begin while another one waits; \
                 help: keep `{name}` in an atomic or a `Mutex`, as in `{name}.fetch_add(1, SeqCst)` or `*{name}.lock().unwrap() += 1`, or write \
                 `sequence[..]` for values in turn"
            );
            self.mistakes.on(place, message);
        }
    }
}

/// The variable of which something is changed. What it only refers to is another matter.
fn variable(place: &Expr) -> Option<&Ident> {
    match place {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Field(field) => variable(&field.base),
        Expr::Index(index) => variable(&index.expr),
        Expr::Paren(inner) => variable(&inner.expr),
        _ => None,
    }
}

fn assigns(operator: &BinOp) -> bool {
    use BinOp::{
        AddAssign, BitAndAssign, BitOrAssign, BitXorAssign, DivAssign, MulAssign, RemAssign, ShlAssign,
        ShrAssign, SubAssign,
    };
    matches!(
        operator,
        AddAssign(_)
            | SubAssign(_)
            | MulAssign(_)
            | DivAssign(_)
            | RemAssign(_)
            | BitXorAssign(_)
            | BitAndAssign(_)
            | BitOrAssign(_)
            | ShlAssign(_)
            | ShrAssign(_)
    )
}

impl Visit<'_> for Changes<'_> {
    fn visit_expr_assign(&mut self, assignment: &ExprAssign) {
        self.changes(&assignment.left);
        visit::visit_expr_assign(self, assignment);
    }
    fn visit_expr_binary(&mut self, binary: &ExprBinary) {
        if assigns(&binary.op) {
            self.changes(&binary.left);
        }
        visit::visit_expr_binary(self, binary);
    }
    fn visit_expr_reference(&mut self, reference: &ExprReference) {
        if reference.mutability.is_some() {
            self.changes(&reference.expr);
        }
        visit::visit_expr_reference(self, reference);
    }
    // These change a copy of their own, or what rustc says of them.
    fn visit_expr_async(&mut self, block: &ExprAsync) {
        if block.capture.is_none() {
            visit::visit_expr_async(self, block);
        }
    }
    fn visit_expr_closure(&mut self, closure: &ExprClosure) {
        if closure.capture.is_none() {
            visit::visit_expr_closure(self, closure);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::mistakes::Mistakes;
    use syn::{ExprClosure, parse_quote};

    fn said(closure: &ExprClosure) -> usize {
        let mut mistakes = Mistakes::default();
        check(closure, &mut mistakes);
        mistakes.into_result().err().map_or(0, |error| error.into_iter().count())
    }

    #[test]
    fn what_is_around_it_is_changed() {
        assert_eq!(
            said(&parse_quote!(async move |_: &str| {
                calls += 1;
                calls
            })),
            1
        );
        assert_eq!(
            said(&parse_quote!(async move || {
                calls += 1;
                calls += 1;
                last = calls;
            })),
            2
        );
        assert_eq!(
            said(&parse_quote!(async move || {
                state.calls = 1;
            })),
            1
        );
        assert_eq!(said(&parse_quote!(async || add(&mut counts[2]).await)), 1);
        assert_eq!(said(&parse_quote!(async || async { calls += 1 }.await)), 1);
    }

    #[test]
    fn what_is_its_own_is_not() {
        assert_eq!(
            said(&parse_quote!(move || {
                calls += 1;
                async move { calls }
            })),
            0
        );
        assert_eq!(
            said(&parse_quote!(async |mut n: u64| {
                n += 1;
                let mut m = n;
                m += 1;
                add(&mut m)
            })),
            0
        );
        assert_eq!(
            said(&parse_quote!(async move || {
                *calls.lock().unwrap() += 1;
                calls.fetch_add(1, SeqCst)
            })),
            0
        );
        assert_eq!(
            said(&parse_quote!(async move || async move {
                calls += 1;
                calls
            }
            .await)),
            0
        );
        assert_eq!(
            said(&parse_quote!(async move || {
                for mut n in all {
                    n += 1
                }
            })),
            0
        );
    }
}
