//! A function's entry in the debug information, and the unit that it is in.
use crate::image::bytes::find_address;
use crate::image::objects::Object;
use crate::sorted::sort_and_dedup;
use gimli::{
    AttributeValue, DebugInfoOffset, DebuggingInformationEntry, DwAt, DwTag, EndianSlice, LittleEndian,
    Section as _, UnitOffset,
};

pub(super) type Slice = EndianSlice<'static, LittleEndian>;
pub(super) type Sections = gimli::Dwarf<Slice>;
pub(super) type Value = AttributeValue<Slice>;
pub(super) type Die = DebuggingInformationEntry<Slice>;

/// What the path of a function consists of.
const SCOPES: [DwTag; 5] = [
    gimli::DW_TAG_namespace,
    gimli::DW_TAG_structure_type,
    gimli::DW_TAG_union_type,
    gimli::DW_TAG_enumeration_type,
    gimli::DW_TAG_subprogram,
];

/// One run of the compiler over one crate, as far as its units tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Build {
    /// The loaded file that it was linked into.
    pub object: usize,
    /// The file of the crate's root module.
    pub root: String,
    /// Crate name and stable crate id, which the compiler writes where it does not compile incrementally.
    pub id: Option<(String, String)>,
}

impl Build {
    /// From a unit's `DW_AT_name`: `src/lib.rs/@/shop.0123456789abcdef-cgu.0`, or `src/lib.rs/@/` and a hash of that.
    pub fn parse(object: &Object, name: &str, directory: &str) -> Option<Self> {
        let (root, codegen_unit) = name.rsplit_once("/@/")?;
        let root = if root.starts_with('/') { root.to_owned() } else { format!("{directory}/{root}") };
        let id = codegen_unit.split_once('.').and_then(|(crate_name, rest)| {
            let id = rest.split('-').next()?;
            let hexadecimal = id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
            hexadecimal.then(|| (crate_name.to_owned(), id.to_owned()))
        });
        Some(Self { object: std::ptr::from_ref(object) as usize, root, id })
    }
}

/// A function with a body.
pub(super) struct Function {
    pub object: &'static Object,
    pub sections: &'static Sections,
    pub unit: gimli::Unit<Slice>,
    pub entry: UnitOffset,
}

impl Function {
    /// The function that begins at `begin` in the file.
    pub fn find(object: &'static Object, sections: &'static Sections, begin: u64) -> Option<Self> {
        let start = object.dwarf()?.unit_start_of(begin)?;
        let header = sections.debug_info.header_from_offset(DebugInfoOffset(start)).ok()?;
        let end = start.checked_add(header.length_including_self())?;
        let unit = sections.unit(header).ok()?;
        let bytes = sections.debug_info.reader().slice().get(start..end)?;
        let entry = search(&unit, bytes, begin).or_else(|| walk(&unit, begin))?;
        Some(Self { object, sections, unit, entry })
    }

    /// The entry, and those that it completes (`DW_AT_specification`, `DW_AT_abstract_origin`).
    pub fn entries(&self) -> Vec<Die> {
        let (mut all, mut next) = (Vec::new(), Some(self.entry));
        while let Some(entry) = next.and_then(|at| self.unit.entry(at).ok()).filter(|_| all.len() < 4) {
            next = [gimli::DW_AT_specification, gimli::DW_AT_abstract_origin]
                .into_iter()
                .find_map(|link| reference(entry.attr_value(link)?));
            all.push(entry);
        }
        all
    }

    /// An attribute of the function, wherever it is written.
    pub fn attribute(&self, name: DwAt) -> Option<Value> {
        self.entries().iter().find_map(|entry| entry.attr_value(name))
    }

    /// Whether other crates may call it by its symbol. Generic and `#[inline]` functions, which have a body in each crate
    /// that uses them, do not have this.
    pub fn is_external(&self) -> bool {
        matches!(self.attribute(gimli::DW_AT_external), Some(AttributeValue::Flag(true)))
    }

    /// The paths of all functions that the unit describes, inlined ones too, without generic arguments; sorted.
    pub fn functions(&self) -> Vec<String> {
        let (mut found, mut around): (_, Vec<(isize, String)>) = (Vec::new(), Vec::new());
        let mut entries = self.unit.entries();
        while let Ok(Some(entry)) = entries.next_dfs() {
            around.retain(|(depth, _)| *depth < entry.depth());
            if !SCOPES.contains(&entry.tag()) {
                continue;
            }
            let name = entry.attr_value(gimli::DW_AT_name);
            let name = name.and_then(|name| self.sections.attr_string(&self.unit, name).ok());
            let Some(name) = name.map(|name| name.to_string_lossy().into_owned()) else { continue };
            around.push((entry.depth(), name.split('<').next().unwrap_or_default().to_owned()));
            if entry.tag() == gimli::DW_TAG_subprogram {
                let path: Vec<&str> = around.iter().map(|(_, name)| name.as_str()).collect();
                found.push(path.join("::"));
            }
        }
        sort_and_dedup(&mut found);
        found
    }

    /// The crate that this body was compiled with.
    pub fn build(&self) -> Option<Build> {
        let text = |text: Option<Slice>| text.map(|text| text.to_string_lossy().into_owned());
        Build::parse(self.object, &text(self.unit.name)?, &text(self.unit.comp_dir).unwrap_or_default())
    }
}

/// Where an attribute leads within its unit.
pub(super) fn reference(value: Value) -> Option<UnitOffset> {
    if let AttributeValue::UnitRef(offset) = value { Some(offset) } else { None }
}

fn begins_at(entry: &Die, begin: u64) -> bool {
    entry.tag() == gimli::DW_TAG_subprogram
        && entry.attr_value(gimli::DW_AT_low_pc) == Some(AttributeValue::Addr(begin))
}

/// rustc writes the address first, behind the entry's code of one to three bytes: searching it is fast.
fn search(unit: &gimli::Unit<Slice>, bytes: &[u8], begin: u64) -> Option<UnitOffset> {
    find_address(bytes, begin).find_map(|place| {
        let starts = (1..=3).filter_map(|size| place.checked_sub(size));
        starts.map(UnitOffset).find(|at| unit.entry(*at).is_ok_and(|entry| begins_at(&entry, begin)))
    })
}

fn walk(unit: &gimli::Unit<Slice>, begin: u64) -> Option<UnitOffset> {
    let mut entries = unit.entries();
    while let Some(entry) = entries.next_dfs().ok()? {
        if begins_at(entry, begin) {
            return Some(entry.offset());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::objects;

    #[test]
    fn a_unit_names_its_crate() {
        let object = objects::loaded()[0];
        let build = |name| Build::parse(object, name, "/home/me").unwrap();
        let incremental = build("shop/src/lib.rs/@/f5lwaaffom71e0l5wbkwdt9ir");
        assert_eq!((incremental.root.as_str(), incremental.id), ("/home/me/shop/src/lib.rs", None));
        let whole = build("/registry/gimli/src/lib.rs/@/gimli.102e881047f7d384-cgu.0");
        assert_eq!(whole.root, "/registry/gimli/src/lib.rs");
        assert_eq!(whole.id, Some(("gimli".to_owned(), "102e881047f7d384".to_owned())));
        assert_eq!(Build::parse(object, "main.c", "/work"), None);
    }
}
