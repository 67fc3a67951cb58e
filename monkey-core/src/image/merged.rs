//! Functions that the optimiser has made one body of, where one symbol is all that is left: it is another function's then.
use super::is_declared;
use super::name::{Mangled, Mangling};
use super::objects::{self, Object};
use super::spelling::{canonical, legacy_key, loose};

/// The name of the function at `address`, if it is another one than that whose own type `std::any::type_name` calls `type_name`.
/// Beyond its identifier, which every name of its address may lack, it is only looked at where `may_be_merged`.
pub(super) fn other_name(
    address: usize,
    type_name: &str,
    may_be_merged: impl FnOnce() -> bool,
) -> Option<String> {
    let object = objects::around(address)?;
    let names = object.mangled_at(address);
    let target = Target::new(type_name);
    let Some(first) = names.first() else { return target.other_export(object, address) };
    if names.iter().any(|name| !target.has_another_ident(name)) && !may_be_merged() {
        return None;
    }
    if names.iter().any(|name| !target.is_another(name)) {
        let instance = target.other_instance(object, address, first)?;
        return Some(instance);
    }
    Some(first.body_name().to_owned())
}

/// A function by its own type.
struct Target<'a> {
    type_name: &'a str,
    /// Its path without generic arguments.
    path: String,
}

impl<'a> Target<'a> {
    fn new(type_name: &'a str) -> Self {
        Self { type_name, path: loose(type_name) }
    }

    /// Whether a symbol is surely that of another function. What the manglings write in a way of their own says nothing.
    fn is_another(&self, name: &Mangled) -> bool {
        if name.shim || legacy_key(self.type_name).is_some_and(|key| key == name.key) {
            return false;
        }
        if self.has_another_ident(name) {
            return true;
        }
        let path = loose(name.body_name());
        let spelled = name.mangling == Mangling::V0;
        contradict(&self.path, &path)
            || self.is_of_another_trait(&path)
            || spelled && contradict(&canonical(self.type_name), &canonical(name.body_name()))
    }

    fn has_another_ident(&self, name: &Mangled) -> bool {
        !name.shim && self.ident().is_some_and(|ident| ident.as_bytes() != name.ident)
    }

    /// Of a function whose symbol is its own name (`#[no_mangle]`): another name that its body has.
    fn other_export(&self, object: &Object, address: usize) -> Option<String> {
        let own = self.ident().filter(|_| !is_declared(self.type_name))?;
        let names = object.foreign_at(address);
        if names.iter().any(|name| name == own) { names.into_iter().find(|name| name != own) } else { None }
    }

    fn ident(&self) -> Option<&str> {
        let ident = self.path.rsplit("::").next()?;
        let plain = ident.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (plain && !ident.is_empty()).then_some(ident)
    }

    /// A trait's default method has the trait's path in the legacy mangling. All other functions of traits have the type's as well,
    /// and no others have both.
    fn is_of_another_trait(&self, path: &str) -> bool {
        match (on_trait(&self.path), on_trait(path)) {
            (Some(method), None) => contradict(&method, path),
            (None, Some(_)) => is_plain(&self.path),
            _ => false,
        }
    }

    /// The instance whose body is at `address` by the debug information, where the symbol does not have it and it is another one.
    fn other_instance(&self, object: &Object, address: usize, name: &Mangled) -> Option<String> {
        let whole = canonical(self.type_name);
        if name.mangling == Mangling::V0
            || !whole.ends_with('>')
            || object.dwarf()?.optimised(object.inside(address)) != Some(true)
        {
            return None;
        }
        let own = canonical(&object.dwarf()?.identity(object.inside(address))?.name);
        let (path, function) = whole.split_at(whole.rfind("::")? + 2);
        (function.contains('<') && contradict(function, &own)).then(|| format!("{path}{own}"))
    }
}

/// `app::Store::put` of `<app::Disk as app::Store>::put`.
fn on_trait(path: &str) -> Option<String> {
    let (on, method) = path.strip_prefix('<')?.rsplit_once(">::")?;
    let (_, of) = on.rsplit_once(" as ")?;
    (is_plain(of) && is_plain(method)).then(|| format!("{of}::{method}"))
}

fn is_plain(path: &str) -> bool {
    path.bytes().all(is_of_path)
}

fn is_of_path(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'
}

/// Whether two names differ in nothing but paths, and in one that both spell out. A type parameter stands for any type.
fn contradict(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (parts(one), parts(other));
    let mut differ = false;
    loop {
        match (one.next(), other.next()) {
            (None, None) => return differ,
            (Some(one), Some(other)) if one == other => {}
            (Some(one), Some(other)) if is_plain(one) && is_plain(other) => {
                differ |= is_spelled_out(one) && is_spelled_out(other);
            }
            _ => return false,
        }
    }
}

/// A name in runs that are paths and single bytes that are not.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let path = rest.bytes().take_while(|byte| is_of_path(*byte)).count();
        let (part, behind) = rest.split_at(if path == 0 { first.len_utf8() } else { path });
        rest = behind;
        Some(part)
    })
}

fn is_spelled_out(path: &str) -> bool {
    const PRIMITIVE: [&str; 17] = [
        "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32", "f64",
        "bool", "char", "str",
    ];
    path.contains("::") || PRIMITIVE.contains(&path) || path.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_another(type_name: &str, symbol: &str) -> bool {
        Target::new(type_name).is_another(&Mangled::parse(symbol.as_bytes()).unwrap())
    }

    fn legacy(components: &[&str]) -> String {
        let parts: Vec<_> = components.iter().map(|part| format!("{}{part}", part.len())).collect();
        let path = parts.concat();
        format!("_ZN{path}17hde8e30710f86567eE")
    }

    const PUT: &str = "_$LT$app..Disk$u20$as$u20$app..Store$GT$";

    #[test]
    fn another_function_is_told_by_its_path() {
        for (type_name, components) in [
            ("app::half", &["app", "third"][..]),
            ("app::a::rate", &["app", "b", "rate"]),
            ("app::Tape::len", &["app", "Disk", "len"]),
            ("<app::Tape as app::Store>::put", &[PUT, "put"]),
            ("<app::Disk as app::Other>::put", &[PUT, "put"]),
            ("<app::Disk as app::Other>::put", &["app", "Store", "put"]),
            ("app::Disk::put", &[PUT, "put"]),
            ("<app::Disk as app::Store>::put", &["app", "Tape", "put"]),
        ] {
            assert!(is_another(type_name, &legacy(components)), "{type_name}: {components:?}");
        }
    }

    #[test]
    fn a_function_is_not_another_one_than_itself() {
        for (type_name, components) in [
            ("app::half", &["app", "half"][..]),
            ("app::half<u32>", &["app", "half"]),
            ("app::Disk<u8>::len", &["app", "Disk$LT$T$GT$", "len"]),
            ("<app::Disk as app::Store>::put", &[PUT, "put"]),
            // Its default method.
            ("<app::Disk as app::Store>::put", &["app", "Store", "put"]),
            // Implemented for all types.
            ("<app::Disk as app::Store>::put", &["_$LT$T$u20$as$u20$app..Store$GT$", "put"]),
            ("<u32 as app::Store>::put", &["_$LT$T$u20$as$u20$app..Store$GT$", "put"]),
            (
                "<app::Disk as app::Store>::put",
                &["app", "m", "_$LT$impl$u20$app..Store$u20$for$u20$app..Disk$GT$", "put"],
            ),
            ("core::str::<impl str>::trim", &["core", "str", "_$LT$impl$u20$str$GT$", "trim"]),
            ("core::slice::<impl [u8]>::len", &["core", "slice", "_$LT$impl$u20$$u5b$T$u5d$$GT$", "len"]),
            ("app::outer::{{closure}}::half", &["app", "outer", "_$u7b$$u7b$closure$u7d$$u7d$", "half"]),
        ] {
            assert!(!is_another(type_name, &legacy(components)), "{type_name}: {components:?}");
        }
    }

    #[test]
    fn instances_are_told_apart_where_both_spell_their_types() {
        for (one, other) in [
            ("app::half<u8>", "app::half<i8>"),
            ("app::half<app::A>", "app::half<app::B>"),
            ("app::sized<1>", "app::sized<2>"),
            ("half<u8>", "half<u16>"),
            ("app::Disk<u8>::len", "app::Disk<i8>::len"),
        ] {
            assert!(contradict(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("app::half<u8>", "app::half<T>"),
            ("app::half<&str>", "app::half<&'a str>"),
            ("app::half<u8>", "app::half<u8, u8>"),
            ("app::half<fn(u8)>", "app::half<u8>"),
            ("app::half", "app::half<u8>"),
        ] {
            assert!(!contradict(one, other), "{one} {other}");
        }
    }
}
