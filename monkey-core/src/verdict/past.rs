//! Calls that went past the replacement, into a copy of the target within another function.
use super::{Evidence, callers};
use std::fmt::Write as _;

pub fn tell_places(evidence: &Evidence, text: &mut String) {
    for past in &evidence.past {
        let from =
            callers::places(&past.return_addresses).map_or_else(String::new, |places| format!(" {places},"));
        let _ = write!(
            text,
            "\n  note: `{}` was called{from} and contains a copy of it (inlined at {}:{})",
            past.container, past.file, past.line
        );
    }
}

pub fn tell_remedy(evidence: &Evidence, text: &mut String) {
    if !evidence.past.is_empty() {
        let border = border(evidence.target_type.unwrap_or(evidence.target_name))
            .map_or_else(String::new, |function| format!(", or below both (`{function}`)"));
        let marked = if evidence.can_be_marked() { "mark the target #[monkey::patchable], or " } else { "" };
        let _ = write!(
            text,
            "\n  help: {marked}replace that function as well{border}; if such calls need not see the replacement, write \
             `partly({})` in the list",
            evidence.target_name
        );
    }
}

/// The function of libc that std's functions of this path end in, where nothing is inlined.
fn border(path: &str) -> Option<&'static str> {
    [
        ("std::time::", "libc::clock_gettime"),
        ("std::fs::File::open", "libc::open64"),
        ("std::fs::OpenOptions", "libc::open64"),
        ("std::env::var", "libc::getenv"),
        ("std::thread::sleep", "libc::clock_nanosleep"),
    ]
    .into_iter()
    .find_map(|(start, function)| path.starts_with(start).then_some(function))
}
