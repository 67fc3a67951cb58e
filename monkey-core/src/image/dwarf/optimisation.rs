//! Whether code was compiled with optimisation, which no attribute says.
use super::layout::Key;
use super::unit::Unit;
use super::{Dwarf, names};
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

/// How many entries are enough to tell.
const ENOUGH: u32 = 32;

/// Whether a unit was compiled with optimisation. Without it every parameter and variable has one place in the frame; with it
/// places change or vanish. `None` when nothing tells.
pub(super) fn of_unit(unit: &Unit) -> Option<bool> {
    let (mut fixed, mut moving, mut concrete) = (0, 0, false);
    let tags = [
        gimli::DW_TAG_subprogram,
        gimli::DW_TAG_inlined_subroutine,
        gimli::DW_TAG_formal_parameter,
        gimli::DW_TAG_variable,
    ];
    unit.walk(&tags, |die| {
        match die.tag {
            gimli::DW_TAG_subprogram | gimli::DW_TAG_inlined_subroutine => {
                concrete = die.low_pc.is_some() || die.ranges.is_some();
            }
            _ if !concrete => {}
            _ => match die.location {
                Some(AttributeValue::Exprloc(place)) if is_in_frame(place.0.slice()) => fixed += 1,
                // A static.
                Some(AttributeValue::Exprloc(place))
                    if place.0.slice().first() == Some(&gimli::DW_OP_addr.0) => {}
                _ => moving += 1,
            },
        }
        fixed + moving < ENOUGH
    });
    (fixed + moving > 0).then_some(moving > fixed)
}

fn is_in_frame(place: &[u8]) -> bool {
    place.first() == Some(&gimli::DW_OP_fbreg.0)
}

/// The same for a crate that has units of its own: that to which `file` belongs.
pub(super) fn of_crate(dwarf: &Dwarf, file: &str) -> Option<bool> {
    let key =
        Key { tag: gimli::DW_TAG_compile_unit, attribute: gimli::DW_AT_name, form: gimli::DW_FORM_strp };
    names::unit_names(dwarf, file).into_iter().find_map(|place| {
        let units = dwarf.dies_with(&[key], place as u32, |_| true);
        let mut own =
            units.iter().filter(|(unit, _)| source(&unit.unit).is_some_and(|own| is_crate_of(&own, file)));
        own.find_map(|(unit, _)| of_unit(&unit.unit))
    })
}
