//! The program's functions: those that others name, by their symbols, and those that only their module has ever known, of which the
//! file has no symbol, by that of another body of the same function.
use super::Pdb;
use super::lines::Lines;
use super::records::{Procedure, Public, four};
use super::{spelling, writer};
use crate::image::name::Mangled;
use crate::sorted::sort_by_number;
use std::borrow::Cow;

/// A function and its mangled name.
#[derive(Debug, Clone, Copy)]
pub(in crate::image) struct Symbol {
    pub name: &'static [u8],
    pub section: usize,
    pub offset: usize,
    /// 0 where nothing tells.
    pub size: usize,
    /// Whether nobody outside of its module names it.
    pub local: bool,
}

/// What tells a function from all others: its path with all generic arguments, the file in which it is written, and its type. That
/// names a crate without its version, but another version lies in another folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key<'a> {
    pub name: &'a [u8],
    pub file: u32,
    pub kind_of_type: usize,
}

impl Key<'_> {
    /// The same for all functions of one path in one file.
    pub fn hash(&self) -> u64 {
        writer::hash(self.name) ^ u64::from(self.file).rotate_left(32)
    }

    /// The same for those of one type alone.
    fn hash_with_type(&self) -> u64 {
        self.hash() ^ (self.kind_of_type as u64).rotate_left(40)
    }
}

/// A body of a function that has a symbol.
#[derive(Debug)]
struct Named {
    hash: u64,
    key: Key<'static>,
    symbol: &'static [u8],
}

#[derive(Debug, Default)]
pub(super) struct Functions {
    pub symbols: Vec<Symbol>,
    /// In the order of their hashes.
    named: Vec<Named>,
    /// What `symbol_of_body` gave, by the places of the functions, in their order.
    local: Vec<(u64, &'static [u8])>,
    /// The hashes of keys that several functions have, with their types; sorted.
    ambiguous: Vec<u64>,
}

/// What a key's functions that others name are called.
enum Known {
    Nothing,
    One(&'static [u8]),
    Several,
}

/// A function of a module.
#[derive(Debug, Clone, Copy)]
struct Body {
    procedure: Procedure,
    file: u32,
    rust: bool,
    /// The number of its module.
    module: usize,
}

impl Functions {
    pub fn read(pdb: &Pdb) -> Self {
        let publics = publics(pdb);
        let bodies = bodies(pdb);
        let (named, ambiguous) = (named(&publics, &bodies), ambiguous(&bodies));
        let mut functions = Self { named, ambiguous, ..Self::default() };
        functions.add_publics(&publics, &bodies);
        functions.add_local(&publics, &bodies);
        functions
    }

    fn add_publics(&mut self, publics: &[Public], bodies: &[Body]) {
        let mut body = 0;
        for public in publics {
            while bodies.get(body).is_some_and(|body| body.procedure.place() < public.place) {
                body += 1;
            }
            let own = bodies.get(body).filter(|body| body.procedure.place() == public.place);
            let size = own.map_or(0, |body| body.procedure.size);
            let Public { section, offset, name, .. } = *public;
            self.symbols.push(Symbol { name, section, offset, size, local: false });
        }
    }

    fn add_local(&mut self, publics: &[Public], bodies: &[Body]) {
        for body in bodies {
            let own = &body.procedure;
            if !own.local && find(publics, own.place()).is_some() {
                continue;
            }
            let name = if body.rust { kept(self.symbol_of_body(body)) } else { own.name };
            self.local.push((own.place(), name));
            let (section, offset, size) = (own.section, own.offset, own.size);
            self.symbols.push(Symbol { name, section, offset, size, local: own.local });
        }
    }

    /// The symbol of a function: that of its bodies which have one, or one that all others share.
    pub fn symbol_of(&self, key: &Key) -> Cow<'static, [u8]> {
        match self.known(key) {
            Known::One(symbol) => Cow::Borrowed(symbol),
            Known::Nothing | Known::Several => Cow::Owned(spelling::symbol(key.name, key.hash_with_type())),
        }
    }

    /// The same of a body. Where several functions have its key, it has a symbol that says nothing but the path.
    fn symbol_of_body(&self, body: &Body) -> Cow<'static, [u8]> {
        let (key, place) = (body.key(), body.procedure.place());
        let is_one = !self.is_ambiguous(&key);
        match self.known(&key) {
            Known::One(symbol) if is_one => Cow::Borrowed(symbol),
            Known::Nothing if is_one => self.symbol_of(&key),
            _ => Cow::Owned(spelling::symbol(key.name, key.hash_with_type() ^ place.rotate_left(17))),
        }
    }

    /// Whether several functions of one module have the key.
    pub fn is_ambiguous(&self, key: &Key) -> bool {
        self.ambiguous.binary_search(&key.hash_with_type()).is_ok()
    }

    fn known(&self, key: &Key) -> Known {
        let hash = key.hash();
        let begin = self.named.partition_point(|named| named.hash < hash);
        let alike = self.named[begin..].iter().take_while(|named| named.hash == hash);
        let same = alike.filter(|named| named.key.name == key.name && named.key.file == key.file);
        let mut same = same.filter(|named| named.key.kind_of_type == key.kind_of_type);
        let Some(first) = same.next() else { return Known::Nothing };
        let mut all =
            |own: &Mangled| same.all(|other| own.same_key(other.symbol) && own.same_hash(other.symbol));
        if Mangled::parse(first.symbol).is_none_or(|own| all(&own)) {
            Known::One(first.symbol)
        } else {
            Known::Several
        }
    }

    /// The symbol of the function at a place.
    pub fn symbol_at(&self, pdb: &Pdb, place: u64) -> Option<&'static [u8]> {
        let local = self.local.partition_point(|(own, _)| *own < place);
        let local = self.local.get(local).filter(|(own, _)| *own == place);
        local.map(|(_, name)| *name).or_else(|| pdb.public_at(place))
    }
}

impl Body {
    fn key(&self) -> Key<'static> {
        let Procedure { name, kind_of_type, .. } = self.procedure;
        Key { name, file: self.file, kind_of_type }
    }
}

impl Pdb {
    fn public(&self, index: usize) -> Option<Public> {
        Public::read(self.publics.records, four(self.publics.places, 4 * index)?)
    }

    /// The name of the function at a place, which others name.
    fn public_at(&self, place: u64) -> Option<&'static [u8]> {
        let (mut begin, mut end) = (0, self.publics.places.len() / 4);
        while begin < end {
            let middle = usize::midpoint(begin, end);
            if self.public(middle)?.place < place {
                begin = middle + 1;
            } else {
                end = middle;
            }
        }
        self.public(begin).filter(|public| public.place == place).map(|public| public.name)
    }
}

fn kept(symbol: Cow<'static, [u8]>) -> &'static [u8] {
    match symbol {
        Cow::Borrowed(symbol) => symbol,
        Cow::Owned(symbol) => symbol.leak(),
    }
}

/// In the order of their places.
fn publics(pdb: &Pdb) -> Vec<Public> {
    let mut publics: Vec<Public> =
        (0..pdb.publics.places.len() / 4).filter_map(|index| pdb.public(index)).collect();
    sort_by_number(&mut publics, &|public| public.place);
    publics
}

fn find(publics: &[Public], place: u64) -> Option<&Public> {
    publics.get(publics.partition_point(|public| public.place < place)).filter(|public| public.place == place)
}

/// In the order of their places.
fn bodies(pdb: &Pdb) -> Vec<Body> {
    let mut bodies = Vec::new();
    for (number, module) in pdb.modules.iter().enumerate() {
        let (lines, rust) = (Lines::parse(module.lines), module.is_rust());
        module.procedures(|procedure| {
            let file = lines.file_of(procedure.place()).unwrap_or(0);
            bodies.push(Body { procedure: *procedure, file, rust, module: number });
        });
    }
    sort_by_number(&mut bodies, &|body: &Body| body.procedure.place());
    bodies
}

/// In the order of their hashes.
fn named(publics: &[Public], bodies: &[Body]) -> Vec<Named> {
    let with_symbol = |body: &Body| {
        let public = find(publics, body.procedure.place()).filter(|_| body.rust && !body.procedure.local)?;
        let key = body.key();
        Some(Named { hash: key.hash(), key, symbol: public.name })
    };
    let mut named: Vec<Named> = bodies.iter().filter_map(with_symbol).collect();
    sort_by_number(&mut named, &|named| named.hash);
    named
}

/// What two bodies of one module have is not one function's: the blocks of a function may have several of one name, which is not
/// written down.
fn ambiguous(bodies: &[Body]) -> Vec<u64> {
    let mut keys: Vec<(u64, usize)> = bodies
        .iter()
        .filter(|body| body.rust)
        .map(|body| (body.key().hash_with_type(), body.module))
        .collect();
    sort_by_number(&mut keys, &|(_, module)| *module as u64);
    sort_by_number(&mut keys, &|(hash, _)| *hash);
    let twice = keys.windows(2).filter(|pair| pair[0] == pair[1]);
    let mut ambiguous: Vec<u64> = twice.map(|pair| pair[0].0).collect();
    ambiguous.dedup();
    ambiguous
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_module_has_twice_is_several_functions() {
        let body = |name: &'static str, kind_of_type, module, offset| Body {
            procedure: Procedure {
                inside: 0,
                end: 0,
                size: 8,
                kind_of_type,
                section: 1,
                offset,
                local: true,
                name: name.as_bytes(),
            },
            file: 1,
            rust: true,
            module,
        };
        let one = [body("a::inner", 1, 0, 0), body("a::inner", 1, 1, 16), body("a::inner", 2, 0, 32)];
        assert_eq!(ambiguous(&one), []);
        let two = [one[0], one[1], body("a::inner", 1, 0, 48), body("a::other", 1, 1, 64)];
        let functions = Functions { ambiguous: ambiguous(&two), ..Functions::default() };
        let symbols = two.map(|body| functions.symbol_of_body(&body));
        let keys = symbols.each_ref().map(|symbol| Mangled::parse(symbol).unwrap());
        assert_eq!(keys[0].key, keys[2].key);
        assert!(keys[0].hash != keys[1].hash && keys[0].hash != keys[2].hash && keys[1].hash != keys[2].hash);
        // Those of which a module has one are one function.
        let functions = Functions::default();
        assert_eq!(functions.symbol_of_body(&one[0]), functions.symbol_of_body(&one[1]));
        assert_ne!(functions.symbol_of_body(&one[0]), functions.symbol_of_body(&one[2]));
    }
}
