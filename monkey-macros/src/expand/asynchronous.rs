//! Replacements of `async fn`s. No two have one type: another check than the array.
//!
//! ```text
//! let awaited = awaited(&alone);
//! let stand = awaited.stand(shapes(awaited.argument0().argument(), ..), awaited.output().argument());
//! let function = stand.keeps(CLOSURE);
//! Replacement::new(..).standing(|it| stand.standing(it, &alone, function))
//! ```
//!
//! Whether a target is one shows by an `async` closure, or is found out by its type: for a path, and for values.
use super::captured::{self, shapes};
use super::list::{ends, respan};
use crate::args::Form;
use crate::check::list::Replacement;
use crate::function::{self, last_segment};
use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens as _, format_ident, quote_spanned};
use syn::{Expr, ExprClosure, Stmt};

/// Whether a closure gives a future, as far as it shows.
pub fn closure(given: &Form) -> Option<&ExprClosure> {
    let Form::Closure(closure) = given else { return None };
    function::gives_future(closure).then_some(closure)
}

/// What an `async` closure is made to, and what is said of the replacement.
pub struct Standing {
    pub before: TokenStream,
    pub standing: TokenStream,
}

pub fn standing(
    entry: &Replacement,
    closure: &ExprClosure,
    alone: &Ident,
    private: &TokenStream,
) -> Standing {
    let span = Span::mixed_site();
    let (start, end) = ends(closure);
    let (target_start, target_end) = ends(&entry.target);
    // rustc points from the first token to the last: to the target, and to the closure.
    let awaited = respan(quote_spanned!(span=> #private::awaited), target_start);
    let mut argument = Group::new(Delimiter::Parenthesis, quote_spanned!(span=> &#alone));
    argument.set_span(target_end);
    let stand = stand(private);
    let there = span.located_at(start);
    let keeps = respan(quote_spanned!(there=> __monkey_stand.keeps), there);
    let mut kept = Group::new(Delimiter::Parenthesis, quote_spanned!(span=> #closure));
    kept.set_span(end);
    let borrowed = captured::borrowed((start, end));
    let names: Vec<_> = (0..closure.inputs.len())
        .map(|index| format_ident!("__monkey_argument{index}", span = span))
        .collect();
    let future = quote_spanned!(span=> #private::FutureOf::new(&__monkey_function(#(#names),*)));
    let send = send(&names, &future, (start, end), private);
    let before = quote_spanned! {span=>
        let __monkey_awaited = #awaited #argument;
        #stand
        let __monkey_function = #keeps #kept;
        let __monkey_way = #private::WayOf::<#private::Shared>::unknown();
        #private::fits(&__monkey_way, #borrowed);
        #send
    };
    let standing = quote_spanned! {span=>
        .standing(|__monkey_it| __monkey_stand.standing(__monkey_it, &#alone, __monkey_function, &__monkey_sends))
    };
    Standing { before, standing }
}

/// What may be an `async fn`, as a value of one type or another, where a function by its path is to stand in for it.
fn perhaps(alone: &Ident, given: &Ident, private: &TokenStream) -> TokenStream {
    let stand = stand(private);
    // A target may be generic, and get its types from a replacement that is no `async fn`: it is not asked then.
    quote_spanned! {Span::mixed_site()=>
        let __monkey_probe = {
            use #private::{ProbeAwaited as _, ProbeNotAwaited as _, ProbeUnpin as _};
            (&&&#private::Probe::new(&#given)).__monkey_awaited().probe(&#alone)
        };
        let __monkey_awaited = {
            use #private::{ProbeBothAwaited as _, ProbeNotAwaited as _, ProbeSame as _};
            (&&&__monkey_probe).__monkey_awaited()
        };
        #stand
    }
}

/// The same where values are. Whether a boxed future stands for itself shows by a value that is one, as far as it shows.
pub fn perhaps_by_values<'a>(
    alone: &Ident,
    values: impl IntoIterator<Item = &'a Expr>,
    private: &TokenStream,
) -> TokenStream {
    let stand = stand(private);
    let boxed = values
        .into_iter()
        .any(is_boxed)
        .then(|| quote_spanned!(Span::mixed_site()=> use #private::ProbeBoxed as _;));
    quote_spanned! {Span::mixed_site()=>
        let __monkey_awaited = {
            use #private::{ProbeAwaited as _, ProbeNotAwaited as _, ProbePlain as _};
            #boxed
            (&&&&#private::Probe::new(&#alone)).__monkey_awaited()
        };
        #stand
    }
}

/// `Box::pin(..)`, `future.boxed()`, a block that ends so.
fn is_boxed(value: &Expr) -> bool {
    match value {
        Expr::Call(call) => matches!(&*call.func, Expr::Path(path) if last_segment(&path.path) == "pin"),
        Expr::MethodCall(call) => call.method == "boxed" || call.method == "boxed_local",
        Expr::Paren(paren) => is_boxed(&paren.expr),
        Expr::Group(group) => is_boxed(&group.expr),
        Expr::Block(block) => {
            matches!(block.block.stmts.last(), Some(Stmt::Expr(value, None)) if is_boxed(value))
        }
        _ => false,
    }
}

/// What stands in for it, by the shapes of its arguments and of what it gives.
fn stand(private: &TokenStream) -> TokenStream {
    let shapes = shapes(&quote_spanned!(Span::mixed_site()=> __monkey_awaited), private);
    quote_spanned! {Span::mixed_site()=>
        let __monkey_stand = {
            use #private::{ProbeLent as _, ProbeOwned as _};
            __monkey_awaited.stand(#shapes, (&__monkey_awaited.output()).__monkey_argument())
        };
    }
}

/// The same for a function by its path.
pub fn send_of_function(given: &Ident, ends: (Span, Span), private: &TokenStream) -> TokenStream {
    send(&[], &quote_spanned!(Span::mixed_site()=> __monkey_awaited.future_of(&#given)), ends, private)
}

/// The future may go where the target's goes. The closure is never called.
fn send(
    names: &[Ident],
    future: &TokenStream,
    (start, end): (Span, Span),
    private: &TokenStream,
) -> TokenStream {
    let span = Span::mixed_site();
    // rustc points from the first token to the last: to the replacement.
    let future_there = Ident::new("__monkey_future", span.located_at(end));
    let there = respan(quote_spanned!(span=> &), start);
    let there: TokenStream = there.into_iter().chain([future_there.into()]).collect();
    quote_spanned! {span=>
        let __monkey_sends = #private::SendsOf::unknown();
        #[allow(warnings)]
        let _ = |#(#names),*| {
            use #private::{ProbeNotSend as _, ProbeSend as _};
            let __monkey_future = #future;
            #private::goes_as(&__monkey_sends, &(&__monkey_awaited.future()).__monkey_send(), #there);
        };
    }
}

/// A function as it stands in the array: what it is, or that it was checked.
pub struct InArray {
    pub before: TokenStream,
    pub given: TokenStream,
    /// What was written, once more: for another lifetime than in the array where one is chosen before the function.
    pub again: TokenStream,
    pub standing: TokenStream,
}

pub fn in_array(given: &Expr, alone: &Ident, private: &TokenStream) -> InArray {
    let span = Span::mixed_site();
    let (start, end) = ends(given);
    // These are written where the replacement is, so that rustc speaks of that, and not of a macro.
    let [taken, hidden] = ["__monkey_taken", "__monkey_given"].map(|name| Ident::new(name, end));
    let perhaps = perhaps(alone, &taken, private);
    // rustc points from the first token to the last.
    let there = |name: &Ident| {
        let place = quote_spanned!(start=> *);
        place.into_iter().chain(quote_spanned!(end=> &#name)).collect::<TokenStream>()
    };
    let (taken_there, hidden_there) = (there(&taken), there(&hidden));
    let send = send_of_function(&taken, (start, end), private);
    InArray {
        again: if is_block(given) { taken.to_token_stream() } else { given.to_token_stream() },
        before: quote_spanned! {span=>
            let #taken = #given;
            #perhaps
            #[allow(clippy::deref_addrof)]
            let #hidden = __monkey_stand.given(#taken_there);
            #send
        },
        given: hidden_there,
        standing: quote_spanned!(span=> .standing(|__monkey_it| __monkey_stand.standing_copy(__monkey_it, &#alone, &#taken, &__monkey_sends))),
    }
}

/// It may have effects, and stands once.
fn is_block(expression: &Expr) -> bool {
    match expression {
        Expr::Block(_) | Expr::Unsafe(_) | Expr::If(_) | Expr::Match(_) | Expr::Loop(_) => true,
        Expr::Paren(paren) => is_block(&paren.expr),
        // A `macro_rules!` fragment.
        Expr::Group(group) => is_block(&group.expr),
        _ => false,
    }
}
