//! What works on which platform: the page `docs/src/features.md` is made of the lists in `monkey-tests/everywhere/passed`, which each run of
//! these tests is held to. `MONKEY_BLESS=1 cargo test -p monkey-tests --test docs` writes it.
use super::root;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

/// Lists, and the columns that they are.
const PLATFORMS: [(&str, &str); 14] = [
    ("x86_64-unknown-linux-gnu", "x86-64 Linux"),
    ("source", "the same, in source"),
    ("aarch64-unknown-linux-gnu", "AArch64 Linux"),
    ("x86_64-unknown-linux-musl-dynamic", "musl"),
    ("x86_64-unknown-linux-musl-static", "musl, static"),
    ("x86_64-pc-windows-gnu", "Windows, GNU"),
    ("x86_64-pc-windows-gnu-source", "the same, in source"),
    ("x86_64-pc-windows-msvc", "Windows, MSVC"),
    ("x86_64-pc-windows-msvc-source", "the same, in source"),
    ("i686-unknown-linux-gnu", "i686 Linux"),
    ("armv7-unknown-linux-gnueabihf", "ARMv7 Linux"),
    ("riscv64gc-unknown-linux-gnu", "RISC-V Linux"),
    ("wasm32-wasip1", "wasm"),
    ("macos", "macOS"),
];

/// The sources, in the page's order.
const FILES: [&str; 10] = [
    "attributes",
    "values",
    "threads",
    "panics",
    "messages",
    "debug_information",
    "foreign",
    "prologues",
    "races",
    "world",
];

const INTRODUCTION: &str = "\
# Feature by feature

Each line is a test of `monkey-tests/everywhere`, a crate outside the workspace, and each \"yes\" a platform on which it passed. `.ci/run` and
`.ci/run full` fail where other tests pass than this page says. What runs where, and how, is in [Platforms](platforms.md): macOS is
empty because nothing of it was run on a Mac by us; [Trying it on a Mac](mac.md) runs these tests there. \"In source\" is
[dispatch in source](dispatch.md).
";

/// A list's tests, each as `FILE NAME`; none if there is no list.
fn passed(platform: &str) -> BTreeSet<String> {
    let list = root().join("monkey-tests/everywhere/passed").join(platform);
    let text = fs::read_to_string(list).unwrap_or_default();
    text.lines().map(|line| without_number(line).to_owned()).collect()
}

/// Tests that differ by a number are one feature.
fn without_number(name: &str) -> &str {
    name.trim_end_matches(|letter: char| letter.is_ascii_digit()).trim_end_matches('_')
}

/// What a source says of itself in its first lines, up to the first full stop.
fn title(file: &str) -> String {
    let source = root().join(format!("monkey-tests/everywhere/tests/{file}.rs"));
    let text = fs::read_to_string(source).unwrap();
    let lines = text.lines().map_while(|line| line.strip_prefix("//! "));
    let words = lines.collect::<Vec<_>>().join(" ");
    words.split(". ").next().unwrap().trim_end_matches('.').to_owned()
}

fn page() -> String {
    let lists = PLATFORMS.map(|(platform, _)| passed(platform));
    let mut page = INTRODUCTION.to_owned();
    for file in FILES {
        let columns = PLATFORMS.map(|(_, title)| title).join(" | ");
        let _ = write!(
            page,
            "\n## {}\n\n| | {columns} |\n|{}\n",
            title(file),
            " --- |".repeat(PLATFORMS.len() + 1)
        );
        let start = format!("{file} ");
        let tests: BTreeSet<&String> =
            lists.iter().flatten().filter(|test| test.starts_with(&start)).collect();
        for test in tests {
            let name = test[start.len()..].rsplit("::").next().unwrap().replace('_', " ");
            let cells = lists.each_ref().map(|list| if list.contains(test) { "yes" } else { "" });
            let _ = writeln!(page, "| {name} | {} |", cells.join(" | "));
        }
    }
    page
}

#[test]
fn the_page_is_what_the_platforms_have_shown() {
    let path = root().join("docs/src/features.md");
    if std::env::var_os("MONKEY_BLESS").is_some() {
        fs::write(&path, page()).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), page());
}

#[test]
fn every_list_has_a_column() {
    let lists = fs::read_dir(root().join("monkey-tests/everywhere/passed")).unwrap();
    let known = |list: &str| PLATFORMS.iter().any(|(platform, _)| *platform == list);
    assert!(lists.flatten().all(|list| known(list.file_name().to_str().unwrap())));
}
