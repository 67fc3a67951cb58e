//! Whether code was compiled with optimisation, which no attribute says.
use super::unit::Unit;
use super::{Dwarf, root};
use gimli::AttributeValue;

/// The file from which a unit was compiled. rustc appends the name of the code generation unit, behind `/@/`.
pub(super) fn source(unit: &Unit) -> Option<String> {
    let name = unit.attribute_text(gimli::DW_AT_name)?;
    let file = name.split("/@/").next().unwrap_or_default();
    if file.starts_with('/') {
        return Some(file.to_owned());
    }
    let directory = unit.attribute_text(gimli::DW_AT_comp_dir).unwrap_or_default();
    Some(format!("{directory}/{file}"))
}

/// Whether the crate whose root is `source` has `file`: it lies in the root's folder or below.
pub(super) fn is_crate_of(source: &str, file: &str) -> bool {
    source
        .rsplit_once('/')
        .is_some_and(|(folder, _)| file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}

/// How many parameters are enough to tell.
const ENOUGH: u32 = 32;

/// Parameters of functions that have code, by how they are kept.
#[derive(Debug, Clone, Copy, Default)]
struct Parameters {
    /// At one place in the frame.
    fixed: u32,
    /// Now here and now there, in registers or not.
    moving: u32,
}

impl Parameters {
    fn is_enough(self) -> bool {
        self.fixed + self.moving >= ENOUGH
    }

    /// With optimisation next to no parameter has one place in the frame: of 100, two or three. Without it nearly all have, but
    /// those that are handed over by reference come in a register and go to the frame, which in some units are most.
    fn tell(self) -> Option<bool> {
        (self.fixed + self.moving > 0).then_some(self.moving > 4 * self.fixed)
    }

    fn count(&mut self, unit: &Unit) {
        // What was inlined may keep its parameters in the frame of a function that is optimised: it does not count.
        let tags =
            [gimli::DW_TAG_subprogram, gimli::DW_TAG_inlined_subroutine, gimli::DW_TAG_formal_parameter];
        let mut concrete = false;
        unit.walk(&tags, |die| {
            match die.tag {
                gimli::DW_TAG_formal_parameter if concrete => match die.location {
                    Some(AttributeValue::Exprloc(place)) if is_in_frame(place.0.slice()) => self.fixed += 1,
                    Some(_) => self.moving += 1,
                    // What has no size has no place either.
                    None => {}
                },
                gimli::DW_TAG_formal_parameter => {}
                tag => concrete = tag == gimli::DW_TAG_subprogram && die.low_pc.is_some(),
            }
            !self.is_enough()
        });
    }
}

fn is_in_frame(place: &[u8]) -> bool {
    place.first() == Some(&gimli::DW_OP_fbreg.0)
}

/// Whether a unit was compiled with optimisation. `None` when nothing tells.
pub(super) fn of_unit(unit: &Unit) -> Option<bool> {
    let mut parameters = Parameters::default();
    parameters.count(unit);
    parameters.tell()
}

/// The same where so many parameters tell, in the unit itself or in those of its crate that stand beside it, that nothing need
/// be searched.
pub(super) fn surely(dwarf: &Dwarf, unit: &Unit) -> Option<bool> {
    let mut parameters = Parameters::default();
    parameters.count(unit);
    let mut beside = root::beside(&dwarf.sections, unit.range.start);
    while !parameters.is_enough() {
        parameters.count(&Unit::open(&dwarf.sections, beside.next()?)?);
    }
    parameters.tell()
}

/// The same for a crate that has units of its own: that to which `file` belongs.
pub(super) fn of_crate(dwarf: &Dwarf, file: &str) -> Option<bool> {
    let mut parameters = Parameters::default();
    let units = dwarf.units_with_code();
    let (file, mut next) = (file.as_bytes(), 0);
    while next < units.len() && !parameters.is_enough() {
        let start = units[next];
        if root::read(&dwarf.sections, start).is_some_and(|[folder, path]| root::has(folder, path, file))
            && let Some(unit) = Unit::open(&dwarf.sections, start)
        {
            parameters.count(&unit);
        }
        next += 1;
    }
    parameters.tell()
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[test]
    fn parameters_handed_over_by_reference_are_no_optimisation() {
        // Units of test programs, and crates at `opt-level` 1, 2 and s.
        for (fixed, moving) in [(8, 12), (2, 5), (5, 6), (500, 90), (614, 21)] {
            assert_eq!(Parameters { fixed, moving }.tell(), Some(false));
        }
        for (fixed, moving) in [(2, 89), (6, 156), (6, 316), (0, 1)] {
            assert_eq!(Parameters { fixed, moving }.tell(), Some(true));
        }
        assert_eq!(Parameters::default().tell(), None);
    }
}
