//! The README and the book, whose snippets are tests: `cargo test --doc -p monkey-tests`.
//!
//! Every page stands here; `tests/docs.rs` sees to that.

macro_rules! pages {
    ($($name:ident = $path:literal)*) => {$(
        #[cfg(doctest)]
        #[doc = include_str!(concat!("../../", $path))]
        pub struct $name;
    )*};
}

pages! {
    Readme = "README.md"
    Introduction = "docs/src/introduction.md"
    GettingStarted = "docs/src/guide/getting-started.md"
    Recipes = "docs/src/recipes.md"
    Targets = "docs/src/guide/targets.md"
    Replacements = "docs/src/guide/replacements.md"
    Scopes = "docs/src/guide/scopes.md"
    ProcessScope = "docs/src/guide/process-scope.md"
    Originals = "docs/src/guide/originals.md"
    Counting = "docs/src/guide/counting.md"
    Guards = "docs/src/guide/guards.md"
    Async = "docs/src/guide/async.md"
    IntegrationTests = "docs/src/guide/integration-tests.md"
    World = "docs/src/guide/world.md"
    Runners = "docs/src/guide/runners.md"
    Compared = "docs/src/compared.md"
    Kinds = "docs/src/kinds.md"
    Patchable = "docs/src/patchable.md"
    Dispatch = "docs/src/dispatch.md"
    Copies = "docs/src/copies.md"
    Errors = "docs/src/errors.md"
    Limits = "docs/src/limits.md"
    Platforms = "docs/src/platforms.md"
    Features = "docs/src/features.md"
    Mac = "docs/src/mac.md"
    Safety = "docs/src/safety.md"
    HowItWorks = "docs/src/how-it-works.md"
    Costs = "docs/src/costs.md"
    Vocabulary = "docs/src/vocabulary.md"
    Porting = "docs/src/porting.md"
    Contributing = "docs/src/contributing.md"
}
