//! The kinds of entries.
use crate::image::pdb::writer::Bytes;
use gimli::{DwAt, DwForm, DwTag};

/// Each kind of entry, by its number less one: its tag, whether others stand within it, and its attributes.
type Abbreviation = (DwTag, bool, &'static [(DwAt, DwForm)]);
const ABBREVIATIONS: [Abbreviation; 7] = [
    (
        gimli::DW_TAG_compile_unit,
        true,
        &[
            (gimli::DW_AT_producer, gimli::DW_FORM_strp),
            (gimli::DW_AT_name, gimli::DW_FORM_strp),
            (gimli::DW_AT_comp_dir, gimli::DW_FORM_strp),
            (gimli::DW_AT_stmt_list, gimli::DW_FORM_sec_offset),
            (gimli::DW_AT_low_pc, gimli::DW_FORM_addr),
        ],
    ),
    (
        gimli::DW_TAG_subprogram,
        false,
        &[
            (gimli::DW_AT_linkage_name, gimli::DW_FORM_strp),
            (gimli::DW_AT_name, gimli::DW_FORM_strp),
            (gimli::DW_AT_decl_file, gimli::DW_FORM_data2),
            (gimli::DW_AT_decl_line, gimli::DW_FORM_data4),
        ],
    ),
    (
        gimli::DW_TAG_subprogram,
        true,
        &[
            (gimli::DW_AT_low_pc, gimli::DW_FORM_addr),
            (gimli::DW_AT_high_pc, gimli::DW_FORM_data4),
            (gimli::DW_AT_linkage_name, gimli::DW_FORM_strp),
            (gimli::DW_AT_name, gimli::DW_FORM_strp),
            (gimli::DW_AT_decl_file, gimli::DW_FORM_data2),
            (gimli::DW_AT_decl_line, gimli::DW_FORM_data4),
        ],
    ),
    (
        gimli::DW_TAG_inlined_subroutine,
        true,
        &[
            (gimli::DW_AT_abstract_origin, gimli::DW_FORM_ref4),
            (gimli::DW_AT_low_pc, gimli::DW_FORM_addr),
            (gimli::DW_AT_high_pc, gimli::DW_FORM_data4),
            (gimli::DW_AT_call_file, gimli::DW_FORM_data2),
            (gimli::DW_AT_call_line, gimli::DW_FORM_data4),
        ],
    ),
    (
        gimli::DW_TAG_inlined_subroutine,
        true,
        &[
            (gimli::DW_AT_abstract_origin, gimli::DW_FORM_ref4),
            (gimli::DW_AT_ranges, gimli::DW_FORM_sec_offset),
            (gimli::DW_AT_call_file, gimli::DW_FORM_data2),
            (gimli::DW_AT_call_line, gimli::DW_FORM_data4),
        ],
    ),
    (gimli::DW_TAG_formal_parameter, false, &[(gimli::DW_AT_location, gimli::DW_FORM_exprloc)]),
    (gimli::DW_TAG_formal_parameter, false, &[]),
];
pub(super) const UNIT: u8 = 1;
pub(super) const ABSTRACT: u8 = 2;
pub(super) const CONCRETE: u8 = 3;
pub(super) const INLINED: u8 = 4;
pub(super) const INLINED_IN_PIECES: u8 = 5;
pub(super) const PARAMETER: u8 = 6;
pub(super) const PARAMETER_NOWHERE: u8 = 7;

/// `.debug_abbrev`.
pub(super) fn abbreviations() -> Bytes {
    let mut bytes = Bytes::default();
    for (number, (tag, has_children, attributes)) in (1..).zip(ABBREVIATIONS) {
        bytes.unsigned(number);
        bytes.unsigned(tag.0.into());
        bytes.one(has_children.into());
        for (attribute, form) in attributes {
            bytes.unsigned(attribute.0.into());
            bytes.unsigned(form.0.into());
        }
        bytes.two(0);
    }
    bytes.one(0);
    bytes
}
