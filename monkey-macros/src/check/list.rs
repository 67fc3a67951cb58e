//! The rules of a list: what may stand in it, once, and with what.
use super::{changes, foreign_crate};
use crate::args::{self, Argument, Count, Entry, Expected, Form, Kind, Visibility};
use crate::free_names::may_capture;
use crate::function;
use crate::listed;
use crate::mistakes::Mistakes;
use crate::names;
use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use std::fmt::Write as _;
use syn::{Expr, ExprPath, Path, UnOp};

/// A list without a mistake.
#[derive(Default)]
pub struct List {
    pub krate: Option<Path>,
    pub visibility: Option<Visibility>,
    pub replacements: Vec<Replacement>,
    pub watched: Vec<Watched>,
    /// What `expect(order[..])` says.
    pub order: Option<Vec<Step>>,
    /// Another attribute has made the function a test.
    pub is_test: bool,
    /// Closures may borrow what is around them.
    pub lends: bool,
    /// Where `hermetic` stands.
    pub hermetic: Option<Span>,
}

pub struct Replacement {
    pub target: ExprPath,
    pub given: Form,
    pub count: Option<Expr>,
    /// Calls may go past it.
    pub partly: bool,
}

/// A target that is not replaced.
pub struct Watched {
    pub target: ExprPath,
    pub count: Option<Expr>,
    /// Calls may be inlined elsewhere.
    pub partly: bool,
}

/// One place of an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A call of the target of this number: the replaced ones first, then the watched ones.
    Call(usize),
    Others,
}

/// Who takes the arguments, and with them which there are.
#[derive(Clone, Copy)]
pub struct Taker {
    pub name: &'static str,
    pub arguments: &'static [&'static str],
}

const LIST: &[&str] = &["replace", "watch", "expect", "partly", "scope", "crate"];
const TEST_LIST: &[&str] = &["replace", "watch", "expect", "partly", "scope", "hermetic", "crate"];
pub const TEST: Taker = Taker { name: "test", arguments: TEST_LIST };
pub const WITH: Taker = Taker { name: "with", arguments: LIST };
pub const PATCH: Taker = Taker { name: "patch!", arguments: LIST };
pub const TRY_PATCH: Taker = Taker { name: "try_patch!", arguments: LIST };
pub const DURING: Taker = Taker { name: "during!", arguments: LIST };
pub const PATCHABLE: Taker = Taker { name: "patchable", arguments: &["skip", "crate"] };

const ENABLE: &str = "help: enable the feature `runtime` of the package monkey-mock: `monkey-mock = \"..\"` under [dev-dependencies]";

impl Taker {
    /// Arguments that it has, once each.
    pub fn check(self, arguments: &[Argument], mistakes: &mut Mistakes) {
        for (index, Argument { name, kind }) in arguments.iter().enumerate() {
            if name == args::IS_TEST {
                continue;
            }
            if !self.arguments.iter().any(|known| name == known) {
                let known: Vec<_> = self.arguments.iter().map(|known| format!("`{known}`")).collect();
                let mut message =
                    format!("`{}` has no argument `{name}`; help: it has {}", self.name, known.join(", "));
                if let Kind::Unknown(Some(path)) = kind
                    && self.arguments.contains(&"replace")
                {
                    let _ = write!(message, "; a function is replaced by `replace({path} = ..)`");
                }
                mistakes.add_at(name.span(), message);
            } else if arguments[..index].iter().any(|earlier| earlier.name == *name) {
                mistakes.add_at(
                    name.span(),
                    format!("`{name}` is given twice; help: put everything into the first"),
                );
            }
        }
    }

    /// Nothing of it works without the engine.
    pub fn needs_runtime(self, place: Span, runtime: bool, mistakes: &mut Mistakes) {
        if !runtime {
            mistakes.add_at(
                place,
                format!("`{}` needs the engine, which is not in this build; {ENABLE}", self.name),
            );
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
        let (mut watched, mut expected, mut partly) = (Vec::new(), Vec::new(), Vec::new());
        for Argument { name, kind } in arguments {
            match kind {
                Kind::Replace(entries) => {
                    if !entries.is_empty() && !runtime {
                        mistakes.add_at(
                            name.span(),
                            format!("replacements need the engine, which is not in this build; {ENABLE}"),
                        );
                    }
                    list.replace(entries, mistakes);
                }
                Kind::Watch(names) => {
                    if !names.is_empty() && !runtime {
                        mistakes.add_at(
                            name.span(),
                            format!("watching needs the engine, which is not in this build; {ENABLE}"),
                        );
                    }
                    watched.extend(names);
                }
                Kind::Expect(all) => expected.extend(all),
                Kind::Partly(names) => partly.extend(names),
                Kind::Scope(visibility) => list.visibility = list.visibility.or(Some(visibility)),
                Kind::Crate(path) => list.krate = Some(path),
                Kind::IsTest => list.is_test = true,
                Kind::Hermetic => {
                    if runtime && !cfg!(feature = "kit") {
                        let message = "`hermetic` needs the feature `kit` of the package monkey-mock, which is not in this build; \
                                       help: enable it, or leave out `default-features = false`";
                        mistakes.add_at(name.span(), message);
                    }
                    taker.needs_runtime(name.span(), runtime, mistakes);
                    list.hermetic = Some(name.span());
                }
                Kind::Skip | Kind::Unknown(_) => {}
            }
        }
        list.watch(watched, mistakes);
        list.expect(expected, all_read, mistakes);
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
            listed::note(&name);
            super::target::check(&target, mistakes);
            match &replacement {
                Form::Function(given) if is_value(given) => {
                    let value = names::text(&given.to_token_stream());
                    let help = format!("help: write `{name} = returns({value})`");
                    mistakes.on(given, format!("a value cannot stand in for a function; {help}"));
                }
                Form::Closure(closure) if function::gives_future(closure) => {
                    if let Some(krate) = foreign_crate::of_target(&target) {
                        let message = format!(
                            "the `async fn`s of `{krate}` do not ask for a replacement, and give it no arguments; help: write \
                             `{name} = returns(..)` or `{name} = sequence[..]`, or replace a function of yours that calls it; if \
                             `{krate}` is a module of yours, begin with `self::` or `crate::`"
                        );
                        mistakes.on(closure, message);
                    }
                    changes::check(closure, mistakes);
                }
                _ => {}
            }
            // With a mistake as well: it is still a target, for `expect`.
            self.replacements.push(Replacement { target, given: replacement, count: None, partly: false });
        }
    }

    fn watch(&mut self, targets: Vec<ExprPath>, mistakes: &mut Mistakes) {
        for target in targets {
            let name = text(&target);
            match self.names().iter().position(|known| *known == name) {
                Some(index) if index < self.replacements.len() => {
                    let help = "help: keep one of the two, what is replaced is counted as well";
                    mistakes.on(&target, format!("`{name}` is replaced and watched; {help}"));
                }
                Some(_) => {
                    mistakes.on(&target, format!("`{name}` is watched twice; help: keep one of the two"));
                }
                None => {
                    listed::note(&name);
                    super::target::check(&target, mistakes);
                    self.watched.push(Watched { target, count: None, partly: false });
                }
            }
        }
    }

    fn expect(&mut self, all: Vec<Expected>, all_read: bool, mistakes: &mut Mistakes) {
        let names = self.names();
        for expected in all {
            match expected {
                Expected::Count(count) => self.count(*count, &names, all_read, mistakes),
                Expected::Order(order) if self.order.is_some() => {
                    mistakes
                        .add_at(order.word.span(), "`order` is given twice; help: put everything into one");
                }
                Expected::Order(order) => {
                    let steps = order.steps.into_iter();
                    self.order =
                        Some(steps.filter_map(|one| step(one, &names, all_read, mistakes)).collect());
                }
            }
        }
    }

    fn count(
        &mut self,
        Count { target, count }: Count,
        names: &[String],
        all_read: bool,
        mistakes: &mut Mistakes,
    ) {
        let name = text(&target);
        if is_value(&count) && matches!(count, Expr::Unary(_)) {
            mistakes.on(&count, "a count is not negative; help: write `2`, `1..`, `..=3` or `..`");
        }
        let Some(index) = known(&target, names, all_read, mistakes) else { return };
        let (expected, _) = self.told(index);
        if expected.replace(count).is_some() {
            mistakes.on(&target, format!("`{name}` is expected twice; help: keep one of the two"));
        }
    }

    fn partly(&mut self, targets: Vec<ExprPath>, all_read: bool, mistakes: &mut Mistakes) {
        let names = self.names();
        for target in targets {
            let name = text(&target);
            let Some(index) = known(&target, &names, all_read, mistakes) else { continue };
            let (_, partly) = self.told(index);
            if std::mem::replace(partly, true) {
                mistakes.on(&target, format!("`{name}` stands here twice; help: keep one of the two"));
            }
        }
    }

    /// Takes out what may capture, for a place where there is more to capture.
    pub fn split_capturing(&mut self) -> Self {
        let may_capture = |replacement: &Replacement| match &replacement.given {
            Form::Closure(closure) => may_capture(closure),
            Form::Prepared(_) | Form::Returns(_) | Form::Sequence(_) => true,
            Form::Function(_) => false,
        };
        // An order is one of all calls together, by numbers of the whole list.
        if self.order.is_some() {
            return Self::default();
        }
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

    /// What is said of a target, by its number.
    fn told(&mut self, index: usize) -> (&mut Option<Expr>, &mut bool) {
        if let Some(watched) = index.checked_sub(self.replacements.len()) {
            let Watched { count, partly, .. } = &mut self.watched[watched];
            return (count, partly);
        }
        let Replacement { count, partly, .. } = &mut self.replacements[index];
        (count, partly)
    }

    /// Whether nothing is replaced and nothing watched.
    pub fn is_empty(&self) -> bool {
        self.replacements.is_empty() && self.watched.is_empty()
    }

    /// The targets, replaced ones first.
    fn names(&self) -> Vec<String> {
        let replaced = self.replacements.iter().map(|replacement| &replacement.target);
        replaced.chain(self.watched.iter().map(|watched| &watched.target)).map(text).collect()
    }
}

fn step(step: args::Step, names: &[String], all_read: bool, mistakes: &mut Mistakes) -> Option<Step> {
    match step {
        args::Step::Others => Some(Step::Others),
        args::Step::Call(target) => known(&target, names, all_read, mistakes).map(Step::Call),
    }
}

/// The number of a target that stands in the list.
fn known(target: &ExprPath, names: &[String], all_read: bool, mistakes: &mut Mistakes) -> Option<usize> {
    let name = text(target);
    let found = names.iter().position(|known| *known == name);
    if found.is_none() && all_read {
        mistakes.on(target, not_replaced(&name));
    }
    found
}

fn not_replaced(name: &str) -> String {
    format!(
        "`{name}` is not replaced here; help: add it to `replace(..)` or `watch(..)` as it is written here"
    )
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
