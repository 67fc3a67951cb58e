//! Calls that went past the replacement: into a copy of the target within another function, or into what may be one by itself.
use super::{Evidence, Past, callers};
use crate::group::WayPast;
use crate::image::Inlined;
use std::fmt::Write as _;

impl Past {
    fn is_doubt(&self) -> bool {
        matches!(self.way, WayPast::PerhapsCopy)
    }

    /// Whether it is by this inlined copy.
    pub fn is_of(&self, call: &Inlined) -> bool {
        match self.way {
            WayPast::Inlined(container) => (container.line, &container.file) == (call.line, &call.file),
            WayPast::PerhapsCopy => false,
        }
    }
}

/// What the first line says of it.
pub fn head(all: &[Past]) -> &'static str {
    if only_doubts(all) { ", but a call may have gone past it" } else { ", but a call went past it" }
}

/// Whether none of them surely went past.
fn only_doubts(all: &[Past]) -> bool {
    !all.is_empty() && all.iter().all(Past::is_doubt)
}

/// Whether the doubt about copies is told with these.
pub fn tells_doubt(all: &[Past]) -> bool {
    all.iter().any(Past::is_doubt)
}

pub fn tell_places(evidence: &Evidence, text: &mut String) {
    for past in &evidence.past {
        let from =
            callers::places(&past.return_addresses).map_or_else(String::new, |places| format!(" {places},"));
        let _ = match past.way {
            WayPast::Inlined(container) => write!(
                text,
                "\n  note: `{}` was called{from} and contains a copy of it (inlined at {}:{})",
                container.name, container.file, container.line
            ),
            WayPast::PerhapsCopy => write!(
                text,
                "\n  note: another body with its path was called{from} and may be a copy of it: {}",
                evidence.doubt.as_deref().unwrap_or_default()
            ),
        };
    }
}

pub fn tell_remedy(evidence: &Evidence, text: &mut String) {
    if only_doubts(&evidence.past) {
        let marked = if evidence.can_be_marked() { "mark the target #[monkey::patchable]; " } else { "" };
        let _ = write!(
            text,
            "\n  help: {marked}if such calls need not see the replacement, write `partly({})` in the list",
            evidence.target_name
        );
    } else if !evidence.past.is_empty() {
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
