//! Another instance of a generic target than the replaced one.
use super::Evidence;
use crate::image;
use std::fmt::Write as _;

/// Instances that are worth naming.
const MOST: usize = 5;

/// Whether there are others, which is then told: one of them was perhaps meant.
pub fn tell(evidence: &Evidence, text: &mut String) -> bool {
    let Some(type_name) = evidence.target_type.filter(|name| evidence.calls == 0 && name.contains('<'))
    else {
        return false;
    };
    let others = image::instances(evidence.target, type_name);
    if others.is_empty() {
        return false;
    }
    let names: Vec<String> = others.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let more = if others.len() > MOST { ", .." } else { "" };
    let _ = write!(
        text,
        "\n  note: replaced is `{type_name}`; the program has other instances, each a function of its own: {}{more}\n  \
         help: replace the one that is called, with its types written out",
        names.join(", ")
    );
    true
}
