//! The target's library was closed, and its code has gone with the hook.
use super::{Closed, Evidence};
use std::fmt::Write as _;

/// Whether that is why.
pub fn tell(evidence: &Evidence, text: &mut String) -> bool {
    let Some(Closed { library, again }) = &evidence.closed else { return false };
    let (name, again) = (evidence.target_name, if *again { " and opened again" } else { "" });
    let _ = write!(
        text,
        "\n  note: its library was closed{again} while it was replaced, and the replacement has gone with it: {library}\n  \
         help: keep the library open while `{name}` is replaced, or replace it whenever it was opened"
    );
    true
}
