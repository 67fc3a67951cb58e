//! Every message of the engine is in the book's page of errors, in its own words.
use super::root;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands between double quotes in a source, without its tests and comments, as the compiler reads it.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    let source = lines.collect::<Vec<_>>().join("\n").replace("'\"'", "");
    let mut found = Vec::new();
    let mut rest = source.as_str();
    while let Some(start) = rest.find('"') {
        let mut literal = String::new();
        let mut letters = rest[start + 1..].char_indices();
        let mut end = rest.len();
        while let Some((index, letter)) = letters.next() {
            match letter {
                '"' => {
                    end = start + 1 + index + 1;
                    break;
                }
                '\\' => match letters.next().map(|(_, letter)| letter) {
                    Some('n' | '\n') => literal.push(' '),
                    Some(letter) => literal.push(letter),
                    None => {}
                },
                letter => literal.push(letter),
            }
        }
        found.push(literal);
        rest = &rest[end..];
    }
    found
}

/// Words with single spaces, without what marks code.
fn plain(text: &str) -> String {
    text.replace(['`', '\\'], "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The longest part of a message that is the same each time.
fn fixed(message: &str) -> String {
    let message = message.replace("{{", "(").replace("}}", ")");
    let mut parts = Vec::new();
    let mut rest = message.as_str();
    while let Some(open) = rest.find('{') {
        parts.push(&rest[..open]);
        rest = rest[open..].find('}').map_or("", |close| &rest[open + close + 1..]);
    }
    parts.push(rest);
    plain(parts.into_iter().max_by_key(|part| part.len()).unwrap_or_default())
}

/// What the page has to have of a literal: of each note and help in it, the longest part that never changes.
fn told(literal: &str) -> Vec<String> {
    let starts = ["note: ", "help: "].iter().flat_map(|mark| literal.match_indices(mark).map(|(at, _)| at));
    let mut starts: Vec<usize> = starts.collect();
    starts.sort_unstable();
    let ends = starts.iter().skip(1).copied().chain([literal.len()]).collect::<Vec<_>>();
    starts.into_iter().zip(ends).map(|(start, end)| fixed(&literal[start + 6..end])).collect()
}

fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, all);
        } else {
            all.push(path);
        }
    }
}

#[test]
fn every_note_and_help_is_in_the_page() {
    let page = plain(&fs::read_to_string(root().join("docs/src/errors.md")).unwrap());
    let mut all = Vec::new();
    sources(&root().join("monkey-core/src"), &mut all);
    let mut missing = Vec::new();
    let mut count = 0;
    for path in all {
        let source = fs::read_to_string(&path).unwrap();
        let mut messages: Vec<String> = literals(&source).iter().flat_map(|one| told(one)).collect();
        if path.ends_with("src/error.rs") {
            // Causes and remedies are sentences of their own.
            messages.extend(literals(&source).iter().map(|one| fixed(one)));
        }
        messages.retain(|message| message.split(' ').count() > 3);
        count += messages.len();
        missing.extend(messages.into_iter().filter(|message| !page.contains(message.as_str())));
    }
    assert!(count > 40, "the messages are looked for in vain: {count}");
    assert!(missing.is_empty(), "not in docs/src/errors.md:\n{}", missing.join("\n"));
}

#[test]
fn messages_are_read_as_the_compiler_does() {
    let source = "// \"no\"\nlet a = \"one \\\n    two\\n  help: write `{x}` to the other one\";";
    let literal = &literals(source)[0];
    assert_eq!(plain(literal), "one two help: write {x} to the other one");
    assert_eq!(told(literal), ["to the other one"]);
}
