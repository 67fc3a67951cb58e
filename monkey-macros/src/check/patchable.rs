//! The rules of `#[monkey::patchable]`.
use super::lifetimes;
use super::list::PATCHABLE;
use crate::args::{self, Argument, Kind};
use crate::function::{self, Parsed, conditional, is_harness, last_segment};
use crate::mistakes::Mistakes;
use crate::names;
use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{
    Attribute, Block, Generics, Ident, ImplItem, ImplItemFn, Item, ItemFn, ItemImpl, Meta, Path, Signature,
    TraitItem, TraitItemFn, Visibility,
};

/// An annotated item without a mistake.
pub struct Patchable<'a> {
    pub krate: Option<Path>,
    /// All that are to be made replaceable.
    pub functions: Vec<Function<'a>>,
    /// A `patchable(skip)` inside was removed: the item is not as it came in.
    pub changed: bool,
}

/// A function of an item, wherever in it it stands.
pub struct Function<'a> {
    pub place: Place,
    pub attrs: &'a mut Vec<Attribute>,
    pub sig: &'a mut Signature,
    pub block: &'a mut Block,
}

/// Where a function stands, as far as can be seen, which says by what path it can be named in its own body.
#[derive(Clone)]
pub enum Place {
    /// Annotated itself: free, associated or a trait's, nobody knows.
    Unknown,
    Module,
    /// In a block `impl Type`, or an annotated method that can only stand in one.
    Inherent {
        generic: bool,
        /// The block's type parameters, as far as they can be seen.
        types: Vec<Ident>,
    },
    /// In a block `impl Trait for Type`.
    Implementation {
        of: Path,
        generic: bool,
        types: Vec<Ident>,
    },
    /// A trait's default method.
    Trait {
        name: Ident,
        generics: Generics,
    },
}

impl Place {
    fn of_impl(block: &ItemImpl) -> Self {
        let generic = has_instances(&block.generics);
        let types = block.generics.type_params().map(|parameter| parameter.ident.clone()).collect();
        match &block.trait_ {
            Some((_, of, _)) => Self::Implementation { of: of.clone(), generic, types },
            None => Self::Inherent { generic, types },
        }
    }

    /// Visibility is what functions in modules and in `impl Type` have; of these, only the latter know a `Self`.
    fn of_function(function: &ItemFn) -> Self {
        match function.vis {
            Visibility::Inherited => Self::Unknown,
            _ if function::mentions_self(function) => Self::Inherent { generic: true, types: Vec::new() },
            _ => Self::Unknown,
        }
    }
}

/// Whether there is one body for each type (or constant) that it is used with.
pub fn has_instances(generics: &Generics) -> bool {
    generics.type_params().next().is_some() || generics.const_params().next().is_some()
}

/// Parses the item into `slot` and finds its functions there.
pub fn check(
    arguments: TokenStream,
    item: TokenStream,
    slot: &mut Option<Item>,
) -> syn::Result<Patchable<'_>> {
    let mut mistakes = Mistakes::default();
    let (krate, skip) = options(args::arguments(arguments, &mut mistakes), &mut mistakes);
    let mut search = Search { functions: Vec::new(), changed: false, mistakes };
    if !skip {
        *slot = parse(item, &mut search.mistakes);
        if let Some(item) = slot {
            search.item(item, Depth::Annotated);
        }
    }
    let Search { functions, changed, mistakes } = search;
    mistakes.into_result().map(|()| Patchable { krate, functions, changed })
}

fn options(arguments: Vec<Argument>, mistakes: &mut Mistakes) -> (Option<Path>, bool) {
    PATCHABLE.check(&arguments, mistakes);
    let (mut krate, mut skip) = (None, false);
    for argument in arguments {
        match argument.kind {
            Kind::Crate(path) => krate = Some(path),
            Kind::Skip => skip = true,
            _ => {}
        }
    }
    (krate, skip)
}

/// A function is tried first: a method is none of the things that may stand in a module.
fn parse(item: TokenStream, mistakes: &mut Mistakes) -> Option<Item> {
    match function::parse(item.clone()) {
        Parsed::Function(function) => return Some(Item::Fn(*function)),
        Parsed::Bodiless(function) => {
            mistakes.on(
                &function.sig.ident,
                "`patchable` needs a function with a body; help: annotate the function that implements it",
            );
            return None;
        }
        Parsed::Other => {}
    }
    match syn::parse2(item.clone()) {
        Ok(item @ (Item::Impl(_) | Item::Trait(_) | Item::Mod(_))) => return Some(item),
        Ok(_) => mistakes.add_at(
            keyword(item),
            "`patchable` is for functions, impl blocks, traits and inline modules; help: annotate the functions",
        ),
        Err(error) => mistakes.add(error),
    }
    None
}

/// The first token behind attributes and visibility, which says what an item is.
pub fn keyword(item: TokenStream) -> Span {
    let mut behind_pub = false;
    for token in item {
        match token {
            TokenTree::Punct(_) => {}
            TokenTree::Group(group) if behind_pub || group.delimiter() == proc_macro2::Delimiter::Bracket => {
            }
            TokenTree::Ident(ident) if ident == "pub" => behind_pub = true,
            other => return other.span(),
        }
    }
    Span::call_site()
}

fn is_destructor(block: &ItemImpl) -> bool {
    block.trait_.as_ref().is_some_and(|(_, of, _)| last_segment(of) == "Drop")
}

/// Whether the attribute stands on the item or function, or on something around it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Annotated,
    Inside,
}

struct Search<'a> {
    functions: Vec<Function<'a>>,
    changed: bool,
    mistakes: Mistakes,
}

impl<'a> Search<'a> {
    /// In a module it is left alone: no list can name it.
    fn destructor(&mut self, block: &ItemImpl, depth: Depth) {
        if depth == Depth::Inside {
            return;
        }
        let dropped = names::text(&block.self_ty.to_token_stream());
        let mistake = format!(
            "a destructor cannot be patchable, it is called by what drops a value and not by its name; help: leave the attribute out, \
             and replace `std::ptr::drop_in_place::<{dropped}>`"
        );
        self.mistakes.on(&block.self_ty, mistake);
    }

    fn item(&mut self, item: &'a mut Item, depth: Depth) {
        let attrs = match item {
            Item::Fn(item) => &mut item.attrs,
            Item::Impl(item) => &mut item.attrs,
            Item::Trait(item) => &mut item.attrs,
            Item::Mod(item) => &mut item.attrs,
            _ => return,
        };
        if depth == Depth::Inside && self.is_left_alone(attrs) {
            return;
        }
        match item {
            Item::Fn(item) => {
                let place = match depth {
                    Depth::Annotated => Place::of_function(item),
                    Depth::Inside => Place::Module,
                };
                let ItemFn { attrs, sig, block, .. } = item;
                self.function(Function { place, attrs, sig, block }, depth);
            }
            Item::Impl(item) if is_destructor(item) => self.destructor(item, depth),
            Item::Impl(item) => {
                let place = Place::of_impl(item);
                for item in &mut item.items {
                    if let ImplItem::Fn(method) = item
                        && !self.is_left_alone(&mut method.attrs)
                    {
                        let ImplItemFn { attrs, sig, block, .. } = method;
                        self.function(Function { place: place.clone(), attrs, sig, block }, Depth::Inside);
                    }
                }
            }
            Item::Trait(item) => {
                let place = Place::Trait { name: item.ident.clone(), generics: item.generics.clone() };
                for item in &mut item.items {
                    if let TraitItem::Fn(method) = item
                        && !self.is_left_alone(&mut method.attrs)
                        && let Some(block) = &mut method.default
                    {
                        let TraitItemFn { attrs, sig, .. } = method;
                        self.function(Function { place: place.clone(), attrs, sig, block }, Depth::Inside);
                    }
                }
            }
            Item::Mod(module) => match &mut module.content {
                Some((_, items)) => items.iter_mut().for_each(|item| self.item(item, Depth::Inside)),
                None => self.mistakes.on(
                    &module.ident,
                    "a module in a file of its own cannot be patchable; help: annotate the items in that file",
                ),
            },
            _ => {}
        }
    }

    /// An item with `patchable(skip)`, which goes, or with a `patchable` of its own, which will see to it.
    fn is_left_alone(&mut self, attrs: &mut Vec<Attribute>) -> bool {
        let is_patchable = |attribute: &Attribute| last_segment(attribute.path()) == "patchable";
        let is_skip = |attribute: &Attribute| {
            let Meta::List(list) = &attribute.meta else { return false };
            let arguments = args::arguments(list.tokens.clone(), &mut Mistakes::default());
            is_patchable(attribute) && arguments.iter().any(|argument| matches!(argument.kind, Kind::Skip))
        };
        let left_alone = attrs.iter().any(is_patchable);
        let before = attrs.len();
        attrs.retain(|attribute| !is_skip(attribute));
        self.changed |= attrs.len() != before;
        left_alone
    }

    fn function(&mut self, function: Function<'a>, depth: Depth) {
        if depth == Depth::Inside && function.attrs.iter().any(is_harness) {
            return;
        }
        let help = match depth {
            Depth::Annotated => "help: remove one of the two",
            Depth::Inside => "help: leave it alone with `#[monkey::patchable(skip)]`",
        };
        if let Some(constness) = &function.sig.constness {
            let message = "a `const fn` cannot be patchable, it may run in the compiler";
            self.mistakes.on(constness, format!("{message}; {help}"));
        }
        if depth == Depth::Annotated {
            self.lifetimes(function.sig);
        }
        for attribute in function.attrs.iter() {
            self.attribute(attribute, help);
        }
        self.functions.push(function);
    }

    /// What replaces a method could keep what it is lent for a lifetime that is chosen before the method. Only who sees the block
    /// can say what it has to be.
    fn lifetimes(&mut self, sig: &Signature) {
        if let Some(lifetime) = lifetimes::of_the_block(sig) {
            let message = format!(
                "`{lifetime}` is a lifetime of the block, and a replacement could keep what it is lent for it; help: \
                 write `#[monkey::patchable]` on the `impl` or trait, which holds replacements to it, and \
                 `#[monkey::patchable(skip)]` on what is to be left alone there"
            );
            self.mistakes.on(&lifetime, message);
        }
    }

    fn attribute(&mut self, attribute: &Attribute, help: &str) {
        let metas = conditional(attribute)
            .map_or_else(|| vec![attribute.meta.clone()], |metas| metas.into_iter().skip(1).collect());
        for meta in &metas {
            let tokens = meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
            let why = match last_segment(meta.path()).as_str() {
                "track_caller" => {
                    "a `#[track_caller]` function cannot be patchable, direct calls do not go where its pointer does"
                }
                "inline" if tokens == "always" => {
                    "an `#[inline(always)]` function cannot be patchable, it has no calls"
                }
                "naked" => "a naked function cannot be patchable, its body is assembly only",
                "unsafe" if tokens == "naked" => {
                    "a naked function cannot be patchable, its body is assembly only"
                }
                _ => continue,
            };
            self.mistakes.on(attribute, format!("{why}; {help}"));
        }
    }
}
