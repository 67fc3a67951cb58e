//! What a symbol's name says about the function: which one it is, and what it leaves open.
use super::bytes::find;
use super::v0;
use std::cell::OnceCell;

/// The two ways in which rustc spells symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mangling {
    /// `_ZN3lib4half17h0123456789abcdefE`: no generic arguments, no crate version, all of that is in the hash.
    Legacy,
    /// `_RNvCs1234_3lib4half`: everything is spelled out. The standard library's own code always has these.
    V0,
}

/// The symbol name of a Rust function, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mangled {
    pub mangling: Mangling,
    /// What every copy's name begins with. Legacy: up to the hash. V0: the whole path.
    pub key: Vec<u8>,
    /// Legacy only. Equal hashes mean the same function; different ones mean nothing.
    pub hash: Vec<u8>,
    /// The function's own identifier.
    pub ident: Vec<u8>,
    /// What the path begins with, and is of one crate: in the v0 mangling that crate; in the legacy one its name, or the type
    /// and the trait of an implementation.
    pub root: Vec<u8>,
    /// Whether this is the function that stands in for a `#[track_caller]` one where a pointer is taken.
    pub shim: bool,
    /// Whether the name admits other instances with other types. A legacy name always does.
    pub generic: bool,
    symbol: Vec<u8>,
    plain: OnceCell<String>,
}

const SHIM_LEGACY: &[u8] = b"$u7b$$u7b$reify";
const ARGUMENTS_LEGACY: &[u8] = b"$LT$";
const HASH: usize = 16;

impl Mangled {
    /// `None` when this is not a Rust name.
    pub fn parse(name: &[u8]) -> Option<Self> {
        match name.get(..2)? {
            b"_R" => Self::v0(name),
            b"_Z" => Self::legacy(name),
            _ => None,
        }
    }

    /// The same for a function of this identifier alone: others are not spelled out, which is what takes the time.
    pub fn parse_if(name: &[u8], ident: &[u8]) -> Option<Self> {
        let other = v0::path(name).is_some_and(|path| name[path.ident.0..path.ident.1] != *ident);
        if other { None } else { Self::parse(name) }
    }

    fn v0(name: &[u8]) -> Option<Self> {
        let path = v0::path(name).filter(|path| v0::may_end(name, path.end))?;
        Some(Self {
            mangling: Mangling::V0,
            key: name[..path.end].to_vec(),
            hash: Vec::new(),
            ident: name[path.ident.0..path.ident.1].to_vec(),
            root: name[path.root.0..path.root.1].to_vec(),
            shim: path.shim,
            generic: path.generic,
            symbol: name.to_vec(),
            plain: OnceCell::new(),
        })
    }

    fn legacy(name: &[u8]) -> Option<Self> {
        let end = legacy_end(name)?;
        let key = &name[..end - HASH - 1];
        let component = last_component(key)?;
        let (shim, ident) = match find(component, SHIM_LEGACY) {
            Some(at) => (true, &component[..at]),
            None => (false, component),
        };
        // `drop_in_place$LT$lib..Conn$GT$`: alone among functions, drop glue has its argument there.
        let ident = find(ident, ARGUMENTS_LEGACY).map_or(ident, |at| &ident[..at]);
        Some(Self {
            mangling: Mangling::Legacy,
            key: key.to_vec(),
            hash: name[end - HASH - 1..end - 1].to_vec(),
            ident: ident.to_vec(),
            root: first_component(key)?.to_vec(),
            shim,
            generic: true,
            symbol: name.to_vec(),
            plain: OnceCell::new(),
        })
    }

    /// The function's own identifier as symbols of a mangling have it: `4half`.
    pub fn ident_with_length(&self, mangling: Mangling) -> Vec<u8> {
        let mut ident = self.ident.len().to_string().into_bytes();
        // There an underscore parts the length from what might be more of it, or more of the underscore.
        if mangling == Mangling::V0
            && self.ident.first().is_some_and(|first| *first == b'_' || first.is_ascii_digit())
        {
            ident.push(b'_');
        }
        ident.extend_from_slice(&self.ident);
        ident
    }

    /// The beginning of the names of the bodies behind a shim (legacy).
    pub fn body_key(&self) -> Option<Vec<u8>> {
        let component = last_component(&self.key)?;
        let digits = component.len().to_string().len();
        let keep = self.key.len().checked_sub(3 + component.len() + digits)?;
        let mut key = self.key[..keep].to_vec();
        key.extend_from_slice(self.ident.len().to_string().as_bytes());
        key.extend_from_slice(&self.ident);
        key.extend_from_slice(b"17h");
        Some(key)
    }

    /// As people write it, without hash. Spelled when it is asked for, which takes longer than all the rest.
    pub fn plain(&self) -> &str {
        self.plain.get_or_init(|| {
            demangled(&self.symbol).unwrap_or_else(|| String::from_utf8_lossy(&self.symbol).into_owned())
        })
    }

    /// The name without the mark of the shim.
    pub fn body_name(&self) -> &str {
        let plain = self.plain();
        let end = plain.find("{{reify").or_else(|| plain.find("::{shim:reify"));
        &plain[..end.unwrap_or(plain.len())]
    }

    /// Whether the path may be in the standard library, seen from the symbol without spelling it: none of that library's
    /// paths can do without the name of one of its crates.
    pub fn may_be_standard(&self) -> bool {
        [&b"core"[..], b"std", b"alloc"].iter().any(|name| find(&self.symbol, name).is_some())
    }

    /// The name without the mark of the shim, and in the v0 mangling with the crates' disambiguators.
    pub fn exact_body(&self) -> String {
        let key = std::str::from_utf8(&self.key).ok().filter(|_| self.mangling == Mangling::V0);
        let Some(path) = key.and_then(|key| rustc_demangle::try_demangle(key).ok()) else {
            return self.body_name().to_owned();
        };
        let mut path = path.to_string();
        path.truncate(path.find("::{shim:reify").unwrap_or(path.len()));
        path
    }

    /// The name with what tells it from other instances: a legacy one's hash.
    pub fn unique(&self) -> String {
        match self.mangling {
            Mangling::Legacy => format!("{}::h{}", self.plain(), String::from_utf8_lossy(&self.hash)),
            Mangling::V0 => self.plain().to_owned(),
        }
    }

    /// Whether `name` begins with this key and has behind it only what differs between copies.
    /// Legacy: whatever the hash is.
    pub fn same_key(&self, name: &[u8]) -> bool {
        name.starts_with(&self.key)
            && match self.mangling {
                Mangling::Legacy => legacy_end(name) == Some(self.key.len() + HASH + 1),
                Mangling::V0 => v0::is_only_instance(name, self.key.len()),
            }
    }

    /// The hash of a legacy name that has this key.
    pub fn same_hash(&self, name: &[u8]) -> bool {
        self.mangling == Mangling::V0
            || name.get(self.key.len()..).is_some_and(|rest| rest.starts_with(&self.hash))
    }
}

/// Where a legacy name ends, without what LLVM appends.
fn legacy_end(name: &[u8]) -> Option<usize> {
    let end = match name.last()? {
        b'E' => name.len(),
        _ => find(name, b"E.llvm.")? + 1,
    };
    let hash = end.checked_sub(HASH + 4)?;
    let tail = &name[hash..end];
    let well = tail.starts_with(b"17h") && tail[HASH + 3] == b'E' && name.starts_with(b"_ZN");
    (well && tail[3..HASH + 3].iter().all(u8::is_ascii_hexdigit)).then_some(end)
}

/// The first component of a legacy name.
fn first_component(key: &[u8]) -> Option<&[u8]> {
    let rest = key.get(3..)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let length: usize = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
    rest.get(digits..digits.checked_add(length)?)
}

/// The last component of a legacy name, `key` ending with the `17h` of its hash.
fn last_component(key: &[u8]) -> Option<&[u8]> {
    let mut rest = key.get(3..key.len().checked_sub(3)?)?;
    let mut last = None;
    while !rest.is_empty() {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let length: usize = std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()?;
        let end = digits.checked_add(length)?;
        last = Some(rest.get(digits..end)?);
        rest = &rest[end..];
    }
    last
}

/// As people write it: no hash, no crate hashes.
pub(super) fn demangled(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let name = name.find(".llvm.").map_or(name, |at| &name[..at]);
    rustc_demangle::try_demangle(name).ok().map(|demangled| format!("{demangled:#}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(name: &str) -> Mangled {
        Mangled::parse(name.as_bytes()).expect("a Rust name")
    }

    #[test]
    fn a_legacy_name_is_its_path_and_a_hash() {
        let half = parse("_ZN3lib4half17hde8e30710f86567eE");
        assert_eq!((half.plain(), half.ident.as_slice()), ("lib::half", &b"half"[..]));
        for (other, key, hash) in [
            ("_ZN3lib4half17hf1f16b8432268a02E", true, false),
            ("_ZN3lib4half17hde8e30710f86567eE.llvm.435083064800607305", true, true),
            ("_ZN3lib4half17hde8e30710f86567eE.cold", false, true),
            ("_ZN3lib4half28_$u7b$$u7b$closure$u7d$$u7d$17hde8e30710f86567eE", false, false),
            ("_ZN3lib4half", false, false),
        ] {
            assert_eq!(half.same_key(other.as_bytes()), key, "{other}");
            assert_eq!(key && half.same_hash(other.as_bytes()), key && hash, "{other}");
        }
    }

    #[test]
    fn a_v0_name_differs_between_copies_in_the_last_crate_only() {
        let half = parse("_RNvCsfTKVkaOEHWr_3lib4halfB1_");
        assert!(half.same_key(b"_RNvCsfTKVkaOEHWr_3lib4halfCs34I7lPuBLho_3app"));
        assert!(half.same_key(b"_RNvCsfTKVkaOEHWr_3lib4half.llvm.106"));
        assert!(!half.same_key(b"_RNvCsfTKVkaOEHWr_3lib4halfCs34I7lPuBLho_3app.cold"));
        assert!(!half.same_key(b"_RNvCsXXXXXXXXXXX_3lib4halfCs34I7lPuBLho_3app"));
    }

    #[test]
    fn shims_lead_to_the_name_of_their_body() {
        let shim = parse(
            "_ZN4core6option15Option$LT$T$GT$36unwrap$u7b$$u7b$reify.shim$u7d$$u7d$17h1043774d69416e09E",
        );
        assert!(shim.shim);
        assert_eq!(shim.body_key().unwrap(), b"_ZN4core6option15Option$LT$T$GT$6unwrap17h");
        assert_eq!(shim.body_name(), "core::option::Option<T>::unwrap");
        let shim = parse("_RNSNvMNtCsgEmfK2I1SDS_4core6optionINtB4_6OptionmE6unwrap5reifyCs34I7lPuBLho_3app");
        assert!(shim.shim);
        assert_eq!(
            (shim.body_name(), shim.ident.as_slice()),
            ("<core::option::Option<u32>>::unwrap", &b"unwrap"[..])
        );
    }

    #[test]
    fn drop_glue_has_the_name_of_its_function_in_both_manglings() {
        let legacy = parse("_ZN4core3ptr31drop_in_place$LT$glue..Conn$GT$17hd56bc07659cdf784E");
        let v0 = parse("_RINvNtCsgEmfK2I1SDS_4core3ptr13drop_in_placeNtCs34I7lPuBLho_4glue4ConnEB4_");
        assert_eq!(
            (legacy.ident.as_slice(), v0.ident.as_slice()),
            (&b"drop_in_place"[..], &b"drop_in_place"[..])
        );
        assert_eq!(legacy.plain(), "core::ptr::drop_in_place<glue::Conn>");
    }

    #[test]
    fn versions_of_a_crate_are_told_apart_in_the_v0_mangling() {
        let shim = parse("_RNSNvCsbY99IlYH8N6_3dup3inl5reifyCs34I7lPuBLho_3app");
        let exact = |name| parse(name).exact_body();
        assert_eq!(shim.exact_body(), exact("_RNvCsbY99IlYH8N6_3dup3inlCs34I7lPuBLho_3app"));
        assert_ne!(shim.exact_body(), exact("_RNvCs34I7lPuBLho_3dup3inlCs34I7lPuBLho_3app"));
    }

    #[test]
    fn c_names_and_garbage_are_no_rust_names() {
        for name in [
            "getpid",
            "_Z3foov",
            "_ZN3foo3barEv",
            "_R",
            "",
            "_ZN3lib4half17hde8e30710f86567",
            "_ZN99x17hde8e30710f86567eE",
        ] {
            assert_eq!(Mangled::parse(name.as_bytes()), None, "{name}");
        }
    }
}
