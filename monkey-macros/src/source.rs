//! What stands above an attribute in its file: rustc has expanded that, and of its own `#[test]` it leaves no trace.
use proc_macro2::Ident;
use std::fs;
use syn::Signature;

/// Whether an attribute above this one has made the function a test already.
pub fn is_a_test_already() -> bool {
    if !proc_macro::is_available() {
        return false;
    }
    let in_front = with_place(|text, end| text.get(..end).map(makes_a_test));
    in_front.unwrap_or(false)
}

/// The signature of the function `name` that stands below this attribute, whatever has been made of it meanwhile.
pub fn signature_below(name: &Ident) -> Option<Signature> {
    if !proc_macro::is_available() {
        return None;
    }
    with_place(|text, end| signature(text.get(end..)?, &name.to_string()))
}

/// The file's text, and where in it this attribute begins.
fn with_place<R>(read: impl FnOnce(&str, usize) -> Option<R>) -> Option<R> {
    let span = proc_macro::Span::call_site();
    let text = fs::read_to_string(span.local_file()?).ok()?;
    let end = before(&text, span.line(), span.column())?.len();
    read(&text, end)
}

/// The first function of this name, from its `fn` to its body.
fn signature(text: &str, name: &str) -> Option<Signature> {
    let is_its = |(at, _): &(usize, &str)| {
        let rest = text[at + 2..].trim_start().strip_prefix(name);
        rest.is_some_and(|rest| rest.trim_start().starts_with(['(', '<']))
    };
    let (start, _) = text.match_indices("fn").find(is_its)?;
    let end = text[start..].find('{')?;
    syn::parse_str(&text[start..start + end]).ok()
}

/// The text in front of a place; both numbers begin at 1, columns are characters.
fn before(text: &str, line: usize, column: usize) -> Option<&str> {
    let start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let rest = text.get(start..)?;
    let end = rest.char_indices().nth(column.checked_sub(1)?).map_or(rest.len(), |(end, _)| end);
    text.get(..start + end)
}

/// Whether one of the attributes that the text ends with is `#[test]`, a runtime's, or one of `test_case`'s.
fn makes_a_test(mut text: &str) -> bool {
    loop {
        text = text.trim_end();
        let line = &text[text.rfind('\n').map_or(0, |end| end + 1)..];
        if line.trim_start().starts_with("//") {
            text = &text[..text.len() - line.len()];
            continue;
        }
        let Some(start) = start_of_attribute(text) else { return false };
        let path: String = text[start + 2..].chars().take_while(|letter| !"(]={".contains(*letter)).collect();
        let last = path.rsplit("::").next().unwrap_or_default().trim();
        if ["test", "test_case", "test_matrix"].contains(&last) && !path.trim().starts_with("monkey::") {
            return true;
        }
        text = &text[..start];
    }
}

/// Where the attribute begins that ends with the text. Brackets in its strings count, so that it may not be found.
fn start_of_attribute(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (index, letter) in text.char_indices().rev() {
        match letter {
            ']' => depth += 1,
            '[' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return text[..index].ends_with('#').then(|| index - 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{before, makes_a_test, signature};

    #[test]
    fn the_text_in_front_of_a_place() {
        assert_eq!(before("äb\ncd", 1, 2), Some("ä"));
        assert_eq!(before("ab\ncd", 2, 2), Some("ab\nc"));
        assert_eq!(before("ab", 4, 1), Some("ab"));
    }

    #[test]
    fn the_signature_is_that_of_the_function_below() {
        let text = "#[monkey::test(replace(now = move || x))]\n/// Of fn f.\nfn f(x: u64, name: &str) -> u64 {\n x }\nfn f2() {}";
        let found = signature(text, "f").unwrap();
        assert_eq!((found.ident.to_string().as_str(), found.inputs.len()), ("f", 2));
        assert!(signature(text, "g").is_none());
    }

    #[test]
    fn attributes_above_are_read_back_to_what_is_none() {
        assert!(makes_a_test("fn a() {}\n#[test]\n"));
        assert!(makes_a_test("#[tokio::test(start_paused = true)]\n// why\n/// [it]\n#[ignore = \"x\"]\n"));
        assert!(makes_a_test("#[test_case::test_case(vec![1] ; \"one\")] #[allow(x)] "));
        assert!(!makes_a_test("#[test]\nfn a() {}\n#[ignore]\n"));
        assert!(!makes_a_test("#[rstest]\n#[case(1)]\n"));
        assert!(!makes_a_test("let x = [1];\n"));
        assert!(!makes_a_test(""));
    }
}
