//! The book hangs together: every page is listed, tested and linked rightly. (Its snippets run as doctests, see
//! `monkey-tests/src/documentation.rs`.)
#[path = "docs/features.rs"]
mod features;
#[path = "docs/messages.rs"]
mod messages;

use monkey::Cause;
use monkey_tests::prologues::{self, Fate, Function};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// All pages of the book, by their paths in it.
fn pages() -> Vec<String> {
    fn collect(folder: &Path, prefix: &str, pages: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                collect(&entry.path(), &format!("{name}/"), pages);
            } else if entry.path().extension().is_some_and(|extension| extension == "md") {
                pages.push(name);
            }
        }
    }
    let mut pages = Vec::new();
    collect(&root().join("docs/src"), "", &mut pages);
    pages.sort();
    pages
}

/// The text outside of code.
fn prose(text: &str) -> String {
    let mut code = false;
    let lines = text.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        code ^= fence;
        !code && !fence
    });
    // Of what stands between single backticks every second part is code.
    let lines = lines.map(|line| line.split('`').step_by(2).collect::<Vec<_>>().join("``"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What the links of a text lead to.
fn links(text: &str) -> Vec<String> {
    let text = prose(text);
    let starts = text.match_indices("](").map(|(at, _)| &text[at + 2..]);
    starts.filter_map(|rest| Some(rest[..rest.find(')')?].to_owned())).collect()
}

/// The anchors that a page's headings have.
fn anchors(text: &str) -> Vec<String> {
    let mut code = false;
    let headings = text.lines().filter(|line| {
        code ^= line.trim_start().starts_with("```");
        !code && line.starts_with('#')
    });
    let anchor = |heading: &str| -> String {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        words
            .chars()
            .map(|c| if c == ' ' { '-' } else { c })
            .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
            .collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn every_page_is_in_the_summary_and_is_a_doctest() {
    let summary = fs::read_to_string(root().join("docs/src/SUMMARY.md")).unwrap();
    let doctests = fs::read_to_string(root().join("monkey-tests/src/documentation.rs")).unwrap();
    let mut listed = links(&summary);
    listed.sort();
    let pages: Vec<_> = pages().into_iter().filter(|page| page != "SUMMARY.md").collect();
    assert_eq!(listed, pages);
    for page in &pages {
        assert!(doctests.contains(&format!("\"docs/src/{page}\"")), "{page} is not in documentation.rs");
    }
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages().into_iter().map(|page| format!("docs/src/{page}"));
    for page in pages.chain(["README.md".to_owned(), "CHANGELOG.md".to_owned()]) {
        let path = root().join(&page);
        let text = fs::read_to_string(&path).unwrap();
        for link in links(&text).iter().filter(|link| !link.starts_with("https://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(to.exists(), "{page}: {link}");
            if !anchor.is_empty() {
                let there = anchors(&fs::read_to_string(&to).unwrap());
                assert!(there.iter().any(|one| one == anchor), "{page}: {link} is not among {there:?}");
            }
        }
    }
}

/// A snippet that nobody compiles goes stale.
#[test]
fn no_snippet_is_left_out_of_the_tests() {
    let pages = pages().into_iter().map(|page| format!("docs/src/{page}"));
    for page in pages.chain(["README.md".to_owned()]) {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        let mut code = false;
        for line in text.lines().filter(|line| line.trim_start().starts_with("```")) {
            code = !code;
            let kind = line.trim_start().trim_start_matches('`');
            let known =
                ["rust", "rust,test_harness", "rust,compile_fail", "rust,should_panic", "toml", "text", "sh"];
            assert!(!code || known.contains(&kind), "{page}: {line}");
        }
    }
}

#[test]
fn the_first_example_has_twelve_lines_and_names_the_version() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let example = readme.split("```").nth(1).unwrap();
    assert_eq!(example.trim_end().lines().count() - 1, 12, "{example}");
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let version = manifest.lines().find_map(|line| line.strip_prefix("version = \"")).unwrap();
    let wanted = version.trim_end_matches('"').rsplit_once('.').unwrap().0;
    assert!(readme.contains(&format!("monkey-mock = \"{wanted}\"")), "{wanted}");
    assert!(
        readme.contains(&format!("monkey-mock = {{ version = \"{wanted}\", default-features = false }}"))
    );
}

/// All files under a folder that have one of these endings.
fn files(folder: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() && !path.ends_with("target") {
            files(&path, endings, found);
        } else if path.extension().is_some_and(|end| endings.iter().any(|one| end == *one)) {
            found.push(path);
        }
    }
}

/// Who copies a line with the library's name in place of the package's gets somebody else's package.
#[test]
fn every_manifest_names_the_package() {
    let mut found = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    for folder in ["docs/src", "src", "examples", "monkey-core", "monkey-macros", "monkey-tests"] {
        files(&root().join(folder), &["md", "rs", "toml"], &mut found);
    }
    for file in found {
        for line in fs::read_to_string(&file).unwrap().lines() {
            let line = line.trim_start_matches(['/', '!', ' ']);
            let dependency = line.strip_prefix("monkey = ").filter(|value| value.starts_with(['"', '{']));
            assert!(dependency.is_none_or(|value| value.contains("package =")), "{}: {line}", file.display());
        }
    }
}

#[monkey::patchable]
fn left() -> u32 {
    1
}

#[monkey::patchable]
fn right() -> u32 {
    2
}

#[monkey::with]
fn not_alone() -> monkey::PatchError {
    monkey::try_patch!(replace(right = || 4), scope = process).unwrap_err()
}

/// What the engine and the kit ask of the environment. (`MONKEY_TARGET` is asked when they are compiled.)
#[test]
fn every_variable_is_in_the_table() {
    let safety = fs::read_to_string(root().join("docs/src/safety.md")).unwrap();
    let mut sources = Vec::new();
    for folder in ["monkey-core/src", "monkey-kit/src"] {
        files(&root().join(folder), &["rs"], &mut sources);
    }
    for source in sources {
        let text = fs::read_to_string(&source).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        let variables = code.split("\"MONKEY_").skip(1).map(|rest| rest.split(['"', '=']).next().unwrap());
        for variable in variables.filter(|variable| *variable != "TARGET") {
            assert!(
                safety.contains(&format!("| `MONKEY_{variable}` |")),
                "MONKEY_{variable} in {}",
                source.display()
            );
        }
    }
}

/// Every error that can be had without a hostile system.
fn errors() -> Vec<monkey::PatchError> {
    extern "C-unwind" fn replacement(x: u64) -> u64 {
        x
    }
    let mut errors = Vec::new();
    // SAFETY: nothing is called; the address is refused.
    errors.push(unsafe { monkey::patch_at(16 as *const (), left as *const ()) }.unwrap_err());
    errors.push(monkey::try_patch!(left = left).unwrap_err());
    errors.push(monkey::try_patch!(left = right, right = left).unwrap_err());
    errors.push(not_alone());
    let refused = prologues::all().into_iter().filter(|prologue| prologue.fate != Fate::Works);
    errors.extend(refused.map(|prologue| {
        let target: Function = prologue.function;
        // SAFETY: both have the type `Function`.
        unsafe { monkey::patch_at(target as *const (), replacement as *const ()) }.unwrap_err()
    }));
    errors
}

/// Addresses, numbers and places differ from run to run, and from the page.
fn without_particulars(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let particular = word.contains("0x")
            || word.contains(".rs:")
            || word.contains("::")
            || word.parse::<u32>().is_ok();
        if particular { "_" } else { word }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_of_errors_has_what_errors_say() {
    let page = fs::read_to_string(root().join("docs/src/errors.md")).unwrap();
    let lines: Vec<_> = page.lines().map(without_particulars).collect();
    let has = |text: &str| assert!(lines.iter().any(|line| *line == without_particulars(text)), "{text}");
    for error in errors() {
        has(&error.cause().to_string());
        let text = error.to_string();
        has(text.lines().last().unwrap());
    }
    let (thread, name) = (9510, "blocker".to_owned());
    let reason = "it blocks SIGTRAP, and would die of the trap that keeps threads out".to_owned();
    has(&Cause::SharedAddress { with: vec!["shop::other".into()] }.to_string());
    has(&Cause::ThreadInTheWay { thread, name, reason }.to_string());
    for cause in [Cause::NoMemory { reason: String::new() }, Cause::NotWritable { reason: String::new() }] {
        assert!(page.contains(cause.to_string().trim_end()), "{cause}");
    }
}
