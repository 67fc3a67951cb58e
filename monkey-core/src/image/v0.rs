//! The grammar of v0 symbol names, as far as needed to say where the function's own path ends.
//!
//! Behind the path comes the crate that made this instance. Two symbols with the same path and different crates
//! behind it are copies of one function; everything else that differs is part of the path.

/// How deep a name may nest before it is taken for garbage.
const DEPTH: usize = 200;

/// What the walk over one path found out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Path {
    /// Where the path ends, in bytes from the name's start.
    pub end: usize,
    /// The function's own identifier: start and end in the name.
    pub ident: (usize, usize),
    /// The crate that the path begins with, its disambiguator included: start and end in the name.
    pub root: (usize, usize),
    /// Whether anything in the path says that the function could exist for several types.
    pub generic: bool,
    /// Whether the path names the stand-in for a `#[track_caller]` function; the identifier is that function's.
    pub shim: bool,
}

/// Walks the path of `name`, which begins with `_R`.
pub(super) fn path(name: &[u8]) -> Option<Path> {
    let mut walk = Walk { name, at: 2, depth: 0, found: Path::default() };
    let ident = walk.path()?;
    Some(Path { end: walk.at, ident, ..walk.found })
}

/// Whether `rest`, which follows a path at `at`, is nothing but the crate that made the instance and a suffix of LLVM's.
pub(super) fn is_only_instance(name: &[u8], at: usize) -> bool {
    let mut walk = Walk { name, at, depth: 0, found: Path::default() };
    match name.get(at) {
        None => true,
        Some(b'.') => is_llvm_suffix(&name[at..]),
        Some(b'C' | b'B') => walk.path().is_some() && is_llvm_suffix(name.get(walk.at..).unwrap_or_default()),
        Some(_) => false,
    }
}

/// Whether what follows a path at `at` may: the crate that made the instance, and a suffix.
pub(super) fn may_end(name: &[u8], at: usize) -> bool {
    let mut walk = Walk { name, at, depth: 0, found: Path::default() };
    if matches!(name.get(at), Some(b'C' | b'B')) && walk.path().is_none() {
        return false;
    }
    matches!(name.get(walk.at), None | Some(b'.'))
}

/// What LLVM appends when it makes a local symbol visible to other units. Other suffixes (`.cold`) name parts of functions.
pub(super) fn is_llvm_suffix(suffix: &[u8]) -> bool {
    suffix.is_empty() || suffix.starts_with(b".llvm.")
}

struct Walk<'a> {
    name: &'a [u8],
    at: usize,
    depth: usize,
    found: Path,
}

impl Walk<'_> {
    fn peek(&self) -> Option<u8> {
        self.name.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn eat(&mut self, byte: u8) -> bool {
        let hit = self.peek() == Some(byte);
        self.at += usize::from(hit);
        hit
    }

    /// `path`; gives its last identifier.
    fn path(&mut self) -> Option<(usize, usize)> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let ident = match self.next()? {
            b'C' => self.crate_root()?,
            b'M' => self.impl_path().and_then(|()| self.self_type())?,
            b'X' => {
                self.impl_path()?;
                self.self_type()?;
                self.path()?
            }
            b'Y' => {
                self.found.generic = true;
                self.kind()?;
                self.path()?
            }
            b'N' => self.nested()?,
            b'I' => {
                self.found.generic = true;
                let ident = self.path()?;
                self.until_end(Self::generic_argument)?;
                ident
            }
            b'B' => self.base62().map(|()| (0, 0))?,
            _ => return None,
        };
        self.depth -= 1;
        Some(ident)
    }

    fn crate_root(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        let ident = self.ident()?;
        if self.found.root == (0, 0) {
            self.found.root = (start, self.at);
        }
        Some(ident)
    }

    fn nested(&mut self) -> Option<(usize, usize)> {
        let namespace = self.next()?;
        let outer = self.path()?;
        let ident = self.ident()?;
        let is_shim = namespace == b'S' && self.name[ident.0..ident.1].starts_with(b"reify");
        self.found.shim |= is_shim && self.depth == 1;
        Some(if is_shim { outer } else { ident })
    }

    fn impl_path(&mut self) -> Option<()> {
        self.disambiguator()?;
        self.path().map(drop)
    }

    fn self_type(&mut self) -> Option<(usize, usize)> {
        self.kind().map(|()| (0, 0))
    }

    fn until_end(&mut self, item: fn(&mut Self) -> Option<()>) -> Option<()> {
        while !self.eat(b'E') {
            item(self)?;
        }
        Some(())
    }

    fn generic_argument(&mut self) -> Option<()> {
        match self.peek()? {
            b'L' => self.lifetime(),
            b'K' => {
                self.at += 1;
                self.constant()
            }
            _ => self.kind(),
        }
    }

    fn lifetime(&mut self) -> Option<()> {
        if self.eat(b'L') { self.base62() } else { Some(()) }
    }

    /// `type`. Whatever is not a plain named type could be the argument of an `impl<T>`.
    fn kind(&mut self) -> Option<()> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let tag = self.peek()?;
        self.found.generic |= b"ASTRQPOFDW".contains(&tag);
        if b"CMXYNI".contains(&tag) {
            self.path()?;
        } else {
            self.at += 1;
            self.kind_after(tag)?;
        }
        self.depth -= 1;
        Some(())
    }

    fn kind_after(&mut self, tag: u8) -> Option<()> {
        match tag {
            b'A' => {
                self.kind()?;
                self.constant()
            }
            b'S' | b'P' | b'O' => self.kind(),
            b'T' => self.until_end(Self::kind),
            b'R' | b'Q' => {
                self.lifetime()?;
                self.kind()
            }
            b'F' => self.signature(),
            b'D' => {
                self.binder()?;
                self.until_end(Self::bound)?;
                self.lifetime()
            }
            b'B' => self.base62(),
            b'a'..=b'z' => Some(()),
            // `W`, pattern types, are unstable: whoever meets one takes the name as a whole.
            _ => None,
        }
    }

    fn signature(&mut self) -> Option<()> {
        self.binder()?;
        self.eat(b'U');
        if self.eat(b'K') && !self.eat(b'C') {
            self.plain_ident()?;
        }
        self.until_end(Self::kind)?;
        self.kind()
    }

    fn bound(&mut self) -> Option<()> {
        self.path()?;
        while self.eat(b'p') {
            self.plain_ident()?;
            self.kind()?;
        }
        Some(())
    }

    fn binder(&mut self) -> Option<()> {
        if self.eat(b'G') { self.base62() } else { Some(()) }
    }

    fn constant(&mut self) -> Option<()> {
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        match self.next()? {
            b'p' => {}
            b'B' => self.base62()?,
            b'R' | b'Q' => self.constant()?,
            b'A' | b'T' => self.until_end(Self::constant)?,
            b'V' => self.variant()?,
            b'a'..=b'z' => while self.next()? != b'_' {},
            _ => return None,
        }
        self.depth -= 1;
        Some(())
    }

    fn variant(&mut self) -> Option<()> {
        self.path()?;
        match self.next()? {
            b'U' => Some(()),
            b'T' => self.until_end(Self::constant),
            b'S' => self.until_end(|walk| {
                walk.ident()?;
                walk.constant()
            }),
            _ => None,
        }
    }

    fn disambiguator(&mut self) -> Option<()> {
        if self.eat(b's') { self.base62() } else { Some(()) }
    }

    fn ident(&mut self) -> Option<(usize, usize)> {
        self.disambiguator()?;
        self.plain_ident()
    }

    fn plain_ident(&mut self) -> Option<(usize, usize)> {
        self.eat(b'u');
        let mut length = 0_usize;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            length = length.checked_mul(10)?.checked_add(usize::from(digit - b'0'))?;
            self.at += 1;
        }
        self.eat(b'_');
        let end = self.at.checked_add(length).filter(|end| *end <= self.name.len())?;
        let start = std::mem::replace(&mut self.at, end);
        Some((start, end))
    }

    fn base62(&mut self) -> Option<()> {
        while self.next()? != b'_' {}
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(name: &str) -> (&str, &str, &str, bool) {
        let path = path(name.as_bytes()).expect("a v0 name");
        (&name[..path.end], &name[path.ident.0..path.ident.1], &name[path.end..], path.generic)
    }

    #[test]
    fn the_crate_that_made_an_instance_is_not_part_of_the_path() {
        assert_eq!(
            split("_RNvCsbY99IlYH8N6_3dup3inlCs34I7lPuBLho_3app"),
            ("_RNvCsbY99IlYH8N6_3dup3inl", "inl", "Cs34I7lPuBLho_3app", false)
        );
        assert_eq!(split("_RNvCsfTKVkaOEHWr_3lib4halfB1_").2, "B1_");
        assert_eq!(
            split("_RNvCs8pzlJ216WBJ_3lib4half.llvm.10670137581939331852").2,
            ".llvm.10670137581939331852"
        );
    }

    #[test]
    fn generic_arguments_are() {
        let name = "_RINvMNtCsgEmfK2I1SDS_4core3stre5parsemECsfTKVkaOEHWr_3lib";
        assert_eq!(split(name), (&name[..40], "parse", "CsfTKVkaOEHWr_3lib", true));
        assert_eq!(split("_RNvMCsbY99IlYH8N6_3dupINtB2_1SmE3getCsfTKVkaOEHWr_3lib").1, "get");
        assert!(!split("_RNvMNtCslNYArtu3iFV_5alloc6stringNtB2_6String3len").3);
    }

    #[test]
    fn closures_shims_and_odd_types_are_walked() {
        for name in [
            "_RNSNvMNtCsgEmfK2I1SDS_4core6optionINtB4_6OptionmE6unwrap5reifyCs34I7lPuBLho_3app",
            "_RNCINvMs0_NtNtCsjrHSEGnQ3l9_3std4sync4onceNtB8_4Once9call_onceNCNvNtBc_2rt7cleanup0E0Bc_",
            "_RINvCs1_1a1fFG_KCRL0_hEuE",
            "_RINvCs1_1a1fDNtCs2_1b1Tp4ItemmEL_E",
            "_RINvCs1_1a1fAhj4_Kb1_KRe616263_E",
        ] {
            let (_, _, rest, _) = split(name);
            assert!(is_only_instance(name.as_bytes(), name.len() - rest.len()), "{name}");
        }
    }

    #[test]
    fn garbage_is_refused() {
        let deep = "_RNv".to_owned() + &"Nv".repeat(100_000);
        for name in
            ["_R", "_RNvC9abc", "_RB", "_RNvCs99999999999999999999_99999999999999999999999a", "_RZ", &deep]
        {
            assert_eq!(path(name.as_bytes()), None, "{name}");
        }
    }
}
