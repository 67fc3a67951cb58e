//! The rules of a list: what may stand in it, once, and with what.
use crate::args::{self, Argument, Count, Entry, Form, Kind, Visibility};
use crate::mistakes::Mistakes;
use crate::names;
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{Expr, ExprPath, Path, UnOp};

/// A list without a mistake.
#[derive(Default)]
pub struct List {
    pub krate: Option<Path>,
    pub visibility: Option<Visibility>,
    pub replacements: Vec<Replacement>,
    /// Another attribute has made the function a test.
    pub is_test: bool,
    /// Closures may borrow what is around them.
    pub lends: bool,
}

pub struct Replacement {
    pub target: ExprPath,
    pub given: Form,
    pub count: Option<Expr>,
    /// Calls may go past it.
    pub partly: bool,
}

/// Who takes the arguments, and with them which there are.
#[derive(Clone, Copy)]
pub struct Taker {
    pub name: &'static str,
    pub arguments: &'static [&'static str],
}

const LIST: &[&str] = &["replace", "expect", "partly", "scope", "crate"];
pub const TEST: Taker = Taker { name: "test", arguments: LIST };
pub const WITH: Taker = Taker { name: "with", arguments: LIST };
pub const PATCH: Taker = Taker { name: "patch!", arguments: LIST };
pub const TRY_PATCH: Taker = Taker { name: "try_patch!", arguments: LIST };
pub const DURING: Taker = Taker { name: "during!", arguments: LIST };
pub const PATCHABLE: Taker = Taker { name: "patchable", arguments: &["skip", "crate"] };

const ENABLE: &str = "help: enable the feature `runtime` of the package monkey-mock: `monkey-mock = \"..\"` under [dev-dependencies]";

impl Taker {
    /// Arguments that it has, once each.
    pub fn check(self, arguments: &[Argument], mistakes: &mut Mistakes) {
        for (index, Argument { name, .. }) in arguments.iter().enumerate() {
            if name == args::IS_TEST {
                continue;
            }
            if !self.arguments.iter().any(|known| name == known) {
                let known: Vec<_> = self.arguments.iter().map(|known| format!("`{known}`")).collect();
                let message =
                    format!("`{}` has no argument `{name}`; help: it has {}", self.name, known.join(", "));
                mistakes.at(name.span(), message);
            } else if arguments[..index].iter().any(|earlier| earlier.name == *name) {
                mistakes
                    .at(name.span(), format!("`{name}` is given twice; help: put everything into the first"));
            }
        }
    }

    /// Nothing of it works without the engine.
    pub fn needs_runtime(self, place: Span, runtime: bool, mistakes: &mut Mistakes) {
        if !runtime {
            mistakes
                .at(place, format!("`{}` needs the engine, which is not in this build; {ENABLE}", self.name));
        }
    }
}

impl List {
    /// From the arguments of an attribute, or of a macro in its long form.
    pub fn check(taker: Taker, arguments: Vec<Argument>, runtime: bool, mistakes: &mut Mistakes) -> Self {
        taker.check(&arguments, mistakes);
        // What could not be read may be what a count is for.
        let all_read = mistakes.is_empty();
        let mut list = Self::default();
        let mut counts = Vec::new();
        let mut partly = Vec::new();
        for Argument { name, kind } in arguments {
            match kind {
                Kind::Replace(entries) => {
                    if !entries.is_empty() && !runtime {
                        mistakes.at(
                            name.span(),
                            format!("replacements need the engine, which is not in this build; {ENABLE}"),
                        );
                    }
                    list.replace(entries, mistakes);
                }
                Kind::Expect(expected) => counts.extend(expected),
                Kind::Partly(names) => partly.extend(names),
                Kind::Scope(visibility) => list.visibility = list.visibility.or(Some(visibility)),
                Kind::Crate(path) => list.krate = Some(path),
                Kind::IsTest => list.is_test = true,
                Kind::Skip | Kind::Unknown => {}
            }
        }
        list.expect(counts, all_read, mistakes);
        list.partly(partly, all_read, mistakes);
        list
    }

    /// From all that a macro was given, in either form.
    pub fn check_macro(taker: Taker, tokens: TokenStream, runtime: bool) -> syn::Result<Self> {
        let mut mistakes = Mistakes::default();
        taker.needs_runtime(Span::call_site(), runtime, &mut mistakes);
        let list = if args::is_long_form(tokens.clone()) {
            Self::check(taker, args::arguments(tokens, &mut mistakes), true, &mut mistakes)
        } else {
            Self::check_entries(args::entries(tokens, &mut mistakes), &mut mistakes)
        };
        mistakes.into_result().map(|()| list)
    }

    /// From all that `during!` was given: a list and the block that it is for.
    pub fn check_during(tokens: TokenStream, runtime: bool) -> syn::Result<(Self, Group)> {
        let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let block = tokens.pop();
        let semicolon = tokens.pop();
        match (block, semicolon) {
            (Some(TokenTree::Group(block)), Some(TokenTree::Punct(semicolon)))
                if block.delimiter() == Delimiter::Brace && semicolon.as_char() == ';' =>
            {
                let list = Self::check_macro(DURING, tokens.into_iter().collect(), runtime)?;
                Ok((Self { lends: true, ..list }, block))
            }
            (last, _) => {
                let place = last.map_or_else(Span::call_site, |last| last.span());
                let help = "help: write `during!(TARGET = REPLACEMENT; { .. })`";
                let message = format!("`during!` takes a list, `;`, and a block; {help}");
                Err(syn::Error::new(place, message))
            }
        }
    }

    fn check_entries(entries: Vec<Entry>, mistakes: &mut Mistakes) -> Self {
        for Entry { target, .. } in &entries {
            if target.path.is_ident("scope") || target.path.is_ident("crate") {
                let name = text(target);
                let help = format!("help: write `patch!(replace(TARGET = ..), {name} = ..)`");
                mistakes.on(target, format!("`{name}` cannot stand beside replacements; {help}"));
            }
        }
        let mut list = Self::default();
        list.replace(entries, mistakes);
        list
    }

    fn replace(&mut self, entries: Vec<Entry>, mistakes: &mut Mistakes) {
        let mut seen = self.names();
        for Entry { target, replacement } in entries {
            let name = text(&target);
            if seen.contains(&name) {
                mistakes.on(&target, format!("`{name}` is replaced twice; help: keep one of the two"));
            }
            seen.push(name.clone());
            super::target::check(&target, mistakes);
            match &replacement {
                Form::Function(given) if is_value(given) => {
                    let value = names::text(&given.to_token_stream());
                    let help = format!("help: write `{name} = returns({value})`");
                    mistakes.on(given, format!("a value cannot stand in for a function; {help}"));
                }
                _ => {}
            }
            // With a mistake as well: it is still a target, for `expect`.
            self.replacements.push(Replacement { target, given: replacement, count: None, partly: false });
        }
    }

    fn expect(&mut self, counts: Vec<Count>, all_read: bool, mistakes: &mut Mistakes) {
        let names = self.names();
        for Count { target, count } in counts {
            let name = text(&target);
            if is_value(&count) && matches!(count, Expr::Unary(_)) {
                mistakes.on(&count, "a count is not negative; help: write `2`, `1..`, `..=3` or `..`");
            }
            match names.iter().position(|replaced| *replaced == name) {
                None if !all_read => {}
                None => mistakes.on(&target, not_replaced(&name)),
                Some(index) if self.replacements[index].count.is_some() => {
                    mistakes.on(&target, format!("`{name}` is expected twice; help: keep one of the two"));
                }
                Some(index) => self.replacements[index].count = Some(count),
            }
        }
    }

    fn partly(&mut self, targets: Vec<ExprPath>, all_read: bool, mistakes: &mut Mistakes) {
        let names = self.names();
        for target in targets {
            let name = text(&target);
            match names.iter().position(|replaced| *replaced == name) {
                None if !all_read => {}
                None => mistakes.on(&target, not_replaced(&name)),
                Some(index) if self.replacements[index].partly => {
                    mistakes.on(&target, format!("`{name}` stands here twice; help: keep one of the two"));
                }
                Some(index) => self.replacements[index].partly = true,
            }
        }
    }

    /// Takes out what may capture, for a place where there is more to capture.
    pub fn split_capturing(&mut self) -> Self {
        let may_capture = |replacement: &Replacement| match &replacement.given {
            Form::Closure(closure) => closure.capture.is_some(),
            Form::Returns(_) | Form::Sequence(_) => true,
            Form::Function(_) => false,
        };
        let all = std::mem::take(&mut self.replacements);
        let (capturing, others) = all.into_iter().partition(may_capture);
        self.replacements = others;
        Self {
            krate: self.krate.clone(),
            visibility: self.visibility,
            replacements: capturing,
            ..Self::default()
        }
    }

    fn names(&self) -> Vec<String> {
        self.replacements.iter().map(|replacement| text(&replacement.target)).collect()
    }
}

fn not_replaced(name: &str) -> String {
    format!("`{name}` is not replaced here; help: add it to `replace(..)` as it is written here")
}

/// A literal, or a negative one.
fn is_value(expression: &Expr) -> bool {
    match expression {
        Expr::Lit(_) => true,
        Expr::Unary(unary) => matches!((&unary.op, &*unary.expr), (UnOp::Neg(_), Expr::Lit(_))),
        _ => false,
    }
}

fn text(target: &ExprPath) -> String {
    names::text(&target.to_token_stream())
}
