//! How long entries are, and where in them a name and a reference are: abbreviations, taken apart for reading all entries.
use super::references::leb;
use gimli::{DwAt, DwForm, DwTag};

/// What an attribute takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Fixed(u8),
    Leb,
    Block,
    Block1,
    Block2,
    Block4,
    Text,
}

impl Form {
    /// In units with addresses of eight bytes and offsets of four.
    fn read(form: DwForm) -> Option<Self> {
        Some(match form {
            gimli::DW_FORM_flag_present | gimli::DW_FORM_implicit_const => Self::Fixed(0),
            gimli::DW_FORM_data1
            | gimli::DW_FORM_ref1
            | gimli::DW_FORM_flag
            | gimli::DW_FORM_strx1
            | gimli::DW_FORM_addrx1 => Self::Fixed(1),
            gimli::DW_FORM_data2 | gimli::DW_FORM_ref2 | gimli::DW_FORM_strx2 | gimli::DW_FORM_addrx2 => {
                Self::Fixed(2)
            }
            gimli::DW_FORM_strx3 | gimli::DW_FORM_addrx3 => Self::Fixed(3),
            gimli::DW_FORM_data4
            | gimli::DW_FORM_ref4
            | gimli::DW_FORM_strp
            | gimli::DW_FORM_line_strp
            | gimli::DW_FORM_sec_offset
            | gimli::DW_FORM_ref_addr
            | gimli::DW_FORM_strx4
            | gimli::DW_FORM_addrx4 => Self::Fixed(4),
            gimli::DW_FORM_addr | gimli::DW_FORM_data8 | gimli::DW_FORM_ref8 | gimli::DW_FORM_ref_sig8 => {
                Self::Fixed(8)
            }
            gimli::DW_FORM_data16 => Self::Fixed(16),
            gimli::DW_FORM_udata
            | gimli::DW_FORM_sdata
            | gimli::DW_FORM_ref_udata
            | gimli::DW_FORM_strx
            | gimli::DW_FORM_addrx
            | gimli::DW_FORM_loclistx
            | gimli::DW_FORM_rnglistx => Self::Leb,
            gimli::DW_FORM_exprloc | gimli::DW_FORM_block => Self::Block,
            gimli::DW_FORM_block1 => Self::Block1,
            gimli::DW_FORM_block2 => Self::Block2,
            gimli::DW_FORM_block4 => Self::Block4,
            gimli::DW_FORM_string => Self::Text,
            _ => return None,
        })
    }
}

/// What is taken of an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Nothing,
    Name,
    /// A reference, from the unit's begin.
    InUnit,
    /// A reference, from that of `.debug_info`.
    Anywhere,
}

/// An attribute that has to be looked at, and the bytes in front of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub before: u32,
    pub form: Form,
    pub taken: Taken,
    /// What a loop over all entries asks, in one instruction each: whether anything is taken of it, and whether its length stands
    /// in front of it, mostly in one byte.
    pub is_taken: bool,
    pub is_short_block: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Function,
    Inlined,
    Other,
}

/// Entries of one abbreviation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// Where its steps begin and end.
    pub first: u32,
    pub end: u32,
    /// The bytes behind them.
    pub rest: u32,
}

/// The abbreviations of a unit.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    /// By their numbers, from 1 on.
    pub all: Vec<Shape>,
    pub steps: Vec<Step>,
    /// Whether something was inlined in the unit.
    pub has_inlined: bool,
}

impl Shapes {
    /// `None` where something is not known.
    pub fn read(data: &[u8], mut at: usize) -> Option<Self> {
        let mut shapes = Self::default();
        loop {
            let (code, behind) = leb(data, at)?;
            if code == 0 {
                return Some(shapes);
            }
            // Compilers number abbreviations from 1.
            if code != shapes.all.len() + 1 {
                return None;
            }
            let (tag, behind) = leb(data, behind)?;
            let kind = match DwTag(tag as u16) {
                gimli::DW_TAG_subprogram => Kind::Function,
                gimli::DW_TAG_inlined_subroutine => Kind::Inlined,
                _ => Kind::Other,
            };
            shapes.has_inlined |= kind == Kind::Inlined;
            // Behind it stands whether entries have others within.
            at = shapes.attributes(data, behind + 1, kind)?;
        }
    }

    fn attributes(&mut self, data: &[u8], mut at: usize, kind: Kind) -> Option<usize> {
        let (first, mut before) = (self.steps.len(), 0);
        loop {
            let (attribute, behind) = leb(data, at)?;
            let (form, behind) = leb(data, behind)?;
            at = behind;
            if attribute == 0 && form == 0 {
                break;
            }
            let (attribute, form) = (DwAt(attribute as u16), DwForm(form as u16));
            if form == gimli::DW_FORM_implicit_const {
                (_, at) = leb(data, at)?;
            }
            let taken = taken(kind, attribute, form)?;
            match Form::read(form)? {
                Form::Fixed(size) if taken == Taken::Nothing => before += u32::from(size),
                form => {
                    let (is_taken, is_short_block) = (taken != Taken::Nothing, form == Form::Block);
                    self.steps.push(Step { before, form, taken, is_taken, is_short_block });
                    before = 0;
                }
            }
        }
        self.all.push(Shape { first: first as u32, end: self.steps.len() as u32, rest: before });
        Some(at)
    }
}

/// `None` where a reference is in a form that compilers do not use for it.
fn taken(kind: Kind, attribute: DwAt, form: DwForm) -> Option<Taken> {
    let refers = attribute == gimli::DW_AT_abstract_origin || attribute == gimli::DW_AT_specification;
    Some(match (kind, form) {
        (Kind::Other, _) => Taken::Nothing,
        (Kind::Function, gimli::DW_FORM_strp) if attribute == gimli::DW_AT_name => Taken::Name,
        (_, gimli::DW_FORM_ref4) if refers => Taken::InUnit,
        (_, gimli::DW_FORM_ref_addr) if refers => Taken::Anywhere,
        _ if refers => return None,
        _ => Taken::Nothing,
    })
}
