//! Which crates one loaded file was built from, and whether each was built once.
//!
//! A legacy symbol names its crate, but not which build of it: a package's unit tests and the library that a
//! dev-dependency was built with have the same symbols, hash apart. Units name the file of their crate's root module.
use super::function::{Build, Function, Sections, Slice};
use crate::append_only::AppendOnly;
use crate::image::bytes::find_all;
use crate::image::name::Mangled;
use crate::image::objects::Object;
use crate::sorted::{SortedMap, insert, sort_by};
use gimli::{AttributeValue, UnitHeader};
use std::path::Path;

/// Why it is not known that a crate is there once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Several {
    /// It is a program, beside which a library of the same name may exist (a package and its unit tests).
    Program,
    /// It was built more than once.
    Builds,
    /// Nothing in the debug information is surely its own.
    Unknown,
}

/// What was read of each loaded file, and wanted again by each function whose symbol leaves something open.
static READ: AppendOnly<Builds> = AppendOnly::new();

/// The builds that a loaded file consists of.
#[derive(Debug)]
pub(super) struct Builds {
    object: &'static Object,
    /// Their units.
    units: SortedMap<Build, Vec<usize>>,
    /// The crates that each build may be.
    names: Vec<(Build, Vec<String>)>,
    /// Crates with a function `main` in their root.
    programs: Vec<String>,
    /// There are units that do not say what they are.
    unknown: bool,
}

impl Builds {
    pub fn get(object: &'static Object, sections: &'static Sections) -> &'static Self {
        READ.find_or_add(|read| std::ptr::eq(read.object, object), || Self::read(object, sections))
    }

    fn read(object: &'static Object, sections: &'static Sections) -> Self {
        let mut all = Self {
            object,
            units: SortedMap::new(),
            names: Vec::new(),
            programs: programs(object),
            unknown: false,
        };
        let mut units = sections.units();
        while let Ok(Some(header)) = units.next() {
            all.take(sections, header);
        }
        let names = |(build, units): &(Build, Vec<usize>)| (build.clone(), names_of(sections, build, units));
        all.names = all.units.iter().map(names).collect();
        all
    }

    fn take(&mut self, sections: &'static Sections, header: UnitHeader<Slice>) {
        let start = header.debug_info_offset().map(|offset| offset.0);
        match root(self.object, sections, header) {
            Root::Crate(build) => self.units.get_or_insert_with(build, Vec::new).extend(start),
            Root::Foreign => {}
            Root::Unknown => self.unknown = true,
        }
    }

    /// Whether a crate is known to have been built once, or, with the file in which a function of it is written, whether
    /// one build alone has that file.
    pub fn once(
        &self,
        sections: &'static Sections,
        crate_name: &str,
        file: Option<&str>,
    ) -> Result<(), Several> {
        if self.programs.iter().any(|name| name == crate_name) {
            return Err(Several::Program);
        }
        let undescribed = self.unknown || self.names.iter().any(|(_, names)| names.is_empty());
        if undescribed || self.has_code_without_unit(crate_name) {
            return Err(Several::Unknown);
        }
        let named = self.names.iter().filter(|(_, names)| names.iter().any(|name| name == crate_name));
        let mut builds: Vec<&Build> = named.map(|(build, _)| build).collect();
        if builds.len() > 1
            && let Some(file) = file
        {
            builds.retain(|build| file.starts_with(folder(&build.root)));
        }
        match builds[..] {
            [] => Err(Several::Unknown),
            // An id says that it is one run of the compiler.
            [build] if build.id.is_some() || !self.twice(sections, crate_name, build) => Ok(()),
            _ => Err(Several::Builds),
        }
    }

    /// Whether functions of the crate were compiled without debug information, so that a build may be missing here.
    fn has_code_without_unit(&self, crate_name: &str) -> bool {
        let Some(dwarf) = self.object.dwarf() else { return true };
        let functions = self.object.with_prefix(&symbols_of(crate_name));
        functions.into_iter().any(|(entry, _)| dwarf.unit_start_of(self.object.begin(&entry)).is_none())
    }

    /// Whether a build without id is in truth two: then a function that has one body in each has two symbols.
    fn twice(&self, sections: &'static Sections, crate_name: &str, build: &Build) -> bool {
        let named = self.object.with_prefix(&symbols_of(crate_name)).into_iter();
        let mut bodies: Vec<(&[u8], u64)> = named
            .filter(|(_, name)| name.len() >= HASH && name.ends_with(b"E"))
            .map(|(entry, name)| (name, self.object.begin(&entry)))
            .collect();
        sort_by(&mut bodies, &Ord::cmp);
        bodies.dedup_by_key(|(name, _)| *name);
        bodies.chunk_by(|(one, _), (other, _)| path(one) == path(other)).any(|bodies| {
            let functions = bodies.iter().filter(|_| bodies.len() > 1);
            let functions = functions.filter_map(|(_, begin)| Function::find(self.object, sections, *begin));
            functions.filter(|one| one.is_external() && one.build().as_ref() == Some(build)).count() > 1
        })
    }
}

/// `17h`, sixteen digits and an `E`: what stands behind the path in a legacy symbol.
const HASH: usize = 20;

fn path(symbol: &[u8]) -> &[u8] {
    &symbol[..symbol.len() - HASH]
}

/// Which crate a build is: its name in the units, or what the functions in them say that are surely its own.
fn names_of(sections: &'static Sections, build: &Build, units: &[usize]) -> Vec<String> {
    if let Some((name, _)) = &build.id {
        return vec![name.clone()];
    }
    let (mut written_here, mut near) = (Vec::new(), Vec::new());
    let folder = folder(&build.root);
    for start in units {
        for function in top_functions(sections, *start) {
            if function.external {
                return vec![function.crate_name];
            }
            match function.file {
                Some(file) if file == build.root => insert(&mut written_here, function.crate_name),
                Some(file) if file.starts_with(folder) => insert(&mut near, function.crate_name),
                _ => false,
            };
        }
    }
    if written_here.is_empty() { near } else { written_here }
}

/// What the symbols of a crate's functions begin with, those of traits' functions apart.
fn symbols_of(crate_name: &str) -> Vec<u8> {
    format!("_ZN{}{crate_name}", crate_name.len()).into_bytes()
}

fn folder(root: &str) -> &str {
    Path::new(root).parent().and_then(Path::to_str).unwrap_or(root)
}

/// What a unit's root entry says.
enum Root {
    Crate(Build),
    /// C, assembly.
    Foreign,
    Unknown,
}

fn root(object: &Object, sections: &'static Sections, header: UnitHeader<Slice>) -> Root {
    let Ok(abbreviations) = sections.abbreviations(&header) else { return Root::Unknown };
    let Ok(entry) = header.entry(&abbreviations, header.root_offset()) else { return Root::Unknown };
    if entry.tag() == gimli::DW_TAG_skeleton_unit {
        return Root::Unknown;
    }
    let text = |name| {
        let text = match entry.attr_value(name)? {
            AttributeValue::String(text) => text,
            value @ (AttributeValue::DebugStrRef(_) | AttributeValue::DebugLineStrRef(_)) => {
                sections.attr_line_string(value).ok()?
            }
            value => sections.unit(header).ok().and_then(|unit| sections.attr_string(&unit, value).ok())?,
        };
        Some(text.to_string_lossy().into_owned())
    };
    match (text(gimli::DW_AT_producer), text(gimli::DW_AT_name)) {
        (Some(producer), _) if !producer.contains("rustc") => Root::Foreign,
        (Some(_), Some(name)) => {
            let directory = text(gimli::DW_AT_comp_dir).unwrap_or_default();
            Build::parse(object, &name, &directory).map_or(Root::Unknown, Root::Crate)
        }
        _ => Root::Unknown,
    }
}

/// A function and the outermost namespace around it, which is its crate.
struct TopFunction {
    crate_name: String,
    external: bool,
    file: Option<String>,
}

/// The functions that a unit describes, as they are asked for.
fn top_functions(sections: &'static Sections, start: usize) -> Vec<TopFunction> {
    let header = sections.debug_info.header_from_offset(gimli::DebugInfoOffset(start));
    let Some(unit) = header.and_then(|header| sections.unit(header)).ok() else { return Vec::new() };
    let (mut found, mut crate_name): (Vec<TopFunction>, _) = (Vec::new(), String::new());
    let mut files: SortedMap<u64, Option<String>> = SortedMap::new();
    let mut entries = unit.entries();
    while let Ok(Some(entry)) = entries.next_dfs() {
        if entry.depth() == 1 {
            let name = entry.attr_value(gimli::DW_AT_name).filter(|_| entry.tag() == gimli::DW_TAG_namespace);
            let name = name.and_then(|name| sections.attr_string(&unit, name).ok());
            crate_name = name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        }
        if entry.tag() != gimli::DW_TAG_subprogram || crate_name.is_empty() {
            continue;
        }
        let external = entry.attr_value(gimli::DW_AT_external) == Some(AttributeValue::Flag(true));
        let number = entry.attr(gimli::DW_AT_decl_file).and_then(gimli::Attribute::udata_value);
        let file = number
            .and_then(|number| files.get_or_insert_with(number, || file(sections, &unit, number)).clone());
        found.push(TopFunction { crate_name: crate_name.clone(), external, file });
        if external {
            break;
        }
    }
    found
}

/// The path of a unit's file, from its root.
fn file(sections: &'static Sections, unit: &gimli::Unit<Slice>, number: u64) -> Option<String> {
    let header = unit.line_program.as_ref()?.header();
    let entry = header.file(number)?;
    let text = |value| Some(sections.attr_string(unit, value).ok()?.to_string_lossy().into_owned());
    let mut path = text(entry.path_name())?;
    let own = unit.comp_dir.map(|own| own.to_string_lossy().into_owned());
    for directory in [entry.directory(header).and_then(text), own] {
        if let Some(directory) = directory.filter(|_| !path.starts_with('/')) {
            path = format!("{directory}/{path}");
        }
    }
    Some(path)
}

/// The names of the crates that have a function `main` in their root.
fn programs(object: &Object) -> Vec<String> {
    let Some(elf) = object.elf() else { return Vec::new() };
    let places = find_all(elf.strings, b"4main");
    let names = places.filter_map(|at| {
        let start = elf.strings[..at].iter().rposition(|byte| *byte == 0)? + 1;
        let name = Mangled::parse(elf.name(u32::try_from(start).ok()?))?;
        let (crate_name, function) = name.plain().split_once("::")?;
        (function == "main").then(|| crate_name.to_owned())
    });
    names.collect()
}
