//! Whether two functions take and give the same types, down to their layout.
use super::function::{Die, Function, Slice, Value, reference};
use gimli::{DwAt, DwTag, UnitOffset};
use std::collections::HashSet;

/// What the types of two functions say about them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Same,
    Different,
    /// Not all of them are described.
    Unknown,
}

/// What describes a type, its members, variants and parameters, apart from other types.
const LAYOUT: [DwAt; 11] = [
    gimli::DW_AT_byte_size,
    gimli::DW_AT_alignment,
    gimli::DW_AT_encoding,
    gimli::DW_AT_data_member_location,
    gimli::DW_AT_const_value,
    gimli::DW_AT_discr_value,
    gimli::DW_AT_count,
    gimli::DW_AT_upper_bound,
    gimli::DW_AT_lower_bound,
    gimli::DW_AT_bit_size,
    gimli::DW_AT_artificial,
];

/// The children that are part of a type. Methods and nested types are not: a unit has those that it uses.
const PARTS: [DwTag; 8] = [
    gimli::DW_TAG_member,
    gimli::DW_TAG_variant_part,
    gimli::DW_TAG_variant,
    gimli::DW_TAG_enumerator,
    gimli::DW_TAG_formal_parameter,
    gimli::DW_TAG_subrange_type,
    gimli::DW_TAG_template_type_parameter,
    gimli::DW_TAG_inheritance,
];

/// How many pairs of entries are looked at before it is given up.
const MOST: usize = 20_000;

/// Compares the types of parameters, result and generic arguments.
pub(super) fn compare(one: &Function, other: &Function) -> Comparison {
    let mut walk = Walk { one, other, seen: HashSet::new(), open: Vec::new() };
    match walk.functions().and_then(|()| walk.rest()) {
        Ok(()) => Comparison::Same,
        Err(found) => found,
    }
}

/// The types on both sides, in step. A type that leads back to itself is looked at once.
struct Walk<'a> {
    one: &'a Function,
    other: &'a Function,
    seen: HashSet<(UnitOffset, UnitOffset)>,
    open: Vec<(UnitOffset, UnitOffset)>,
}

impl Walk<'_> {
    fn functions(&mut self) -> Result<(), Comparison> {
        if !has_types(self.one) || !has_types(self.other) {
            return Err(Comparison::Unknown);
        }
        self.types(self.one.attribute(gimli::DW_AT_type), self.other.attribute(gimli::DW_AT_type))?;
        for kind in [gimli::DW_TAG_formal_parameter, gimli::DW_TAG_template_type_parameter] {
            let (one, other) = (given(self.one, kind)?, given(self.other, kind)?);
            if one.len() != other.len() {
                return Err(Comparison::Different);
            }
            for (one, other) in one.into_iter().zip(other) {
                self.types(one, other)?;
            }
        }
        Ok(())
    }

    fn rest(&mut self) -> Result<(), Comparison> {
        while let Some((one, other)) = self.open.pop() {
            self.entries(one, other)?;
        }
        Ok(())
    }

    /// Two attributes that lead to types; neither is there for `()`.
    fn types(&mut self, one: Option<Value>, other: Option<Value>) -> Result<(), Comparison> {
        let (one, other) = match (one, other) {
            (None, None) => return Ok(()),
            (Some(one), Some(other)) => (one, other),
            _ => return Err(Comparison::Different),
        };
        // A type in another unit (link-time optimisation) is not followed.
        let pair = reference(one).zip(reference(other)).ok_or(Comparison::Unknown)?;
        if self.seen.insert(pair) {
            self.open.push(pair);
        }
        if self.seen.len() > MOST { Err(Comparison::Unknown) } else { Ok(()) }
    }

    fn entries(&mut self, one: UnitOffset, other: UnitOffset) -> Result<(), Comparison> {
        let (one, other) = (entry(self.one, one)?, entry(self.other, other)?);
        if one.tag() != other.tag() || name(self.one, &one)? != name(self.other, &other)? {
            return Err(Comparison::Different);
        }
        if [&one, &other].iter().any(|entry| entry.attr_value(gimli::DW_AT_declaration).is_some()) {
            return Err(Comparison::Unknown);
        }
        for attribute in LAYOUT {
            let number = |entry: &Die| entry.attr(attribute).map(number);
            if number(&one) != number(&other) {
                return Err(Comparison::Different);
            }
        }
        self.types(one.attr_value(gimli::DW_AT_type), other.attr_value(gimli::DW_AT_type))?;
        let (parts, others) = (parts(self.one, &one)?, parts(self.other, &other)?);
        if parts.len() != others.len() {
            return Err(Comparison::Different);
        }
        for pair in parts.into_iter().zip(others) {
            if self.seen.insert(pair) {
                self.open.push(pair);
            }
        }
        Ok(())
    }
}

/// A number in whichever form it is written; what is none (an expression) as it is.
fn number(attribute: &gimli::Attribute<Slice>) -> Result<i128, Value> {
    let number = attribute.udata_value().map(i128::from);
    number.or_else(|| attribute.sdata_value().map(i128::from)).ok_or_else(|| attribute.value())
}

/// Whether the unit describes types at all, which it does not with `debug = 1`.
fn has_types(function: &Function) -> bool {
    let shapes = (1..).map_while(|code| function.unit.abbreviations.get(code));
    shapes.into_iter().any(|shape| shape.tag() == gimli::DW_TAG_base_type)
}

fn entry(function: &Function, at: UnitOffset) -> Result<Die, Comparison> {
    function.unit.entry(at).map_err(|_| Comparison::Unknown)
}

fn name(function: &Function, entry: &Die) -> Result<Option<Slice>, Comparison> {
    let name = entry.attr_value(gimli::DW_AT_name);
    let text = |value| function.sections.attr_string(&function.unit, value);
    name.map(text).transpose().map_err(|_| Comparison::Unknown)
}

fn parts(function: &Function, entry: &Die) -> Result<Vec<UnitOffset>, Comparison> {
    children(function, entry.offset(), |child| PARTS.contains(&child.tag()).then(|| child.offset()))
}

/// The types of a function's parameters of one kind. An optimised body may lack some of those that its origin has.
fn given(function: &Function, kind: DwTag) -> Result<Vec<Option<Value>>, Comparison> {
    let entries = function.entries();
    let origin = |entry: &Die| entry.attr_value(gimli::DW_AT_abstract_origin).is_some();
    let from = if entries.first().is_some_and(origin) { entries.get(1) } else { entries.first() };
    let from = from.ok_or(Comparison::Unknown)?;
    children(function, from.offset(), |child| {
        (child.tag() == kind).then(|| child.attr_value(gimli::DW_AT_type))
    })
}

fn children<T>(
    function: &Function,
    of: UnitOffset,
    mut take: impl FnMut(&Die) -> Option<T>,
) -> Result<Vec<T>, Comparison> {
    let mut all = Vec::new();
    let mut read = || {
        let mut tree = function.unit.entries_tree(Some(of))?;
        let mut children = tree.root()?.children();
        while let Some(child) = children.next()? {
            all.extend(take(child.entry()));
        }
        Ok::<(), gimli::Error>(())
    };
    read().map_err(|_| Comparison::Unknown)?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::objects;

    /// A type that leads back to itself.
    struct Tree {
        _value: u64,
        _children: Vec<Self>,
    }

    mod other {
        pub struct Tree {
            pub _value: u32,
            pub _more: u32,
            pub _children: Vec<Self>,
        }
    }

    enum Choice {
        _One(u8),
        _Two(Tree),
    }

    #[inline(never)]
    fn first(tree: &Tree, _: u8) -> u64 {
        std::hint::black_box(tree);
        1
    }

    #[inline(never)]
    fn second(tree: &Tree, _: u8) -> u64 {
        std::hint::black_box(tree);
        2
    }

    #[inline(never)]
    fn other_members(tree: &other::Tree, _: u8) -> u64 {
        std::hint::black_box(tree);
        3
    }

    #[inline(never)]
    fn other_result(tree: &Tree, _: u8) -> Option<Choice> {
        std::hint::black_box(tree);
        None
    }

    fn function(address: usize) -> Option<Function> {
        let object = objects::around(address)?;
        Function::find(object, &object.dwarf()?.sections, object.inside(address))
    }

    /// What a PDB says of types is not read.
    #[cfg(not(all(windows, target_env = "msvc")))]
    #[test]
    fn types_are_compared_down_to_their_members() {
        let own = first as fn(&Tree, u8) -> u64 as usize;
        let Some(own) = function(own) else {
            return println!("skipped: no debug information");
        };
        let with = |address| compare(&own, &function(address).unwrap());
        assert_eq!(with(second as fn(&Tree, u8) -> u64 as usize), Comparison::Same);
        assert_eq!(with(other_members as fn(&other::Tree, u8) -> u64 as usize), Comparison::Different);
        assert_eq!(with(other_result as fn(&Tree, u8) -> Option<Choice> as usize), Comparison::Different);
    }
}
