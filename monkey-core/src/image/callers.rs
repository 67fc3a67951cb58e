//! Who made a call: the function and the line that a return address leads back to.
use super::{as_called, find, objects, shortened};

/// The place of a call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Caller {
    /// The function that contains the call: where it was inlined, the one in which it is written.
    pub function: String,
    /// The file that it is written in, without the directory that the test runs in.
    pub file: Option<String>,
    /// Its line.
    pub line: Option<u64>,
}

/// Who made the call that returns to `return_address`.
#[must_use]
pub fn caller(return_address: usize) -> Option<Caller> {
    // The call may be the last instruction of its function.
    let call = return_address.checked_sub(1)?;
    let (object, around) = (objects::around(call)?, find(call)?);
    let (begin, svma) = (object.inside(around.address), object.inside(call));
    let dwarf = object.dwarf();
    let written_in = dwarf.and_then(|dwarf| dwarf.innermost_function(begin, svma));
    let place = dwarf.and_then(|dwarf| dwarf.line_of(begin, svma));
    let (file, line) = place.unzip();
    Some(Caller {
        function: as_called(written_in.unwrap_or(around.name)),
        file: file.map(|file| shortened(&file).to_owned()),
        line,
    })
}
