//! What a function is called with, as the names of fn pointers say it.
//!
//! A list sees the target's own type, `for<'a> fn(&'a str)`; in the function's body the same is a pointer that takes one lifetime. The
//! names differ in that and in nothing else: calls of one are calls of the other.

/// Whether these are the names of one fn pointer type, but for lifetimes and for what `unsafe` demands of callers.
pub fn are_same(one: &str, other: &str) -> bool {
    one == other || without_lifetimes(one) == without_lifetimes(other)
}

/// The name without lifetimes, and without what only stands there for them: `(dyn Send + '_)` is `dyn Send`.
fn without_lifetimes(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut rest = name.strip_prefix("unsafe ").unwrap_or(name);
    // For each parenthesis that is open, whether it was left out.
    let mut open = Vec::new();
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        match next {
            '\'' => {
                let end = rest[1..].find(|c: char| !c.is_alphanumeric() && c != '_');
                length = end.map_or(rest.len(), |end| end + 1);
                // A character, as the argument of a type, is no lifetime.
                let is_lifetime = !rest[length..].starts_with('\'');
                text.push_str(if is_lifetime { "" } else { &rest[..length] });
            }
            '(' => {
                let is_left_out = rest.starts_with("(dyn ");
                open.push(is_left_out);
                text.extend((!is_left_out).then_some('('));
            }
            ')' if open.pop() == Some(true) => {}
            // What joins lifetimes with the rest; of two neighbours that a space keeps apart none becomes one.
            ' ' | '+' => {}
            next => text.push(next),
        }
        rest = &rest[length..];
    }
    for nothing in ["for<>", "<>"] {
        text = text.replace(nothing, "");
    }
    text.replace("<,", "<").replace(",>", ">")
}

#[cfg(test)]
mod tests {
    use super::are_same;
    use std::any::{type_name, type_name_of_val};

    struct Held<'a, T>(&'a str, T);
    type Boxed<'a> = Box<dyn Iterator<Item = &'a str> + 'a>;

    fn name_of<P>(_: Option<P>) -> &'static str {
        type_name::<P>()
    }

    /// As the expansion of `#[patchable]` finds it.
    macro_rules! asked_as {
        ($($argument:ident)*) => {{
            let replacement: Option<fn($(asked_as!(@any $argument)),*) -> _> = None;
            let name = name_of(replacement);
            if let Some(replacement) = replacement { return replacement($($argument),*); }
            name
        }};
        (@any $argument:ident) => { _ };
    }

    fn nothing() {
        same(asked_as!(), type_name_of_val(&(nothing as fn())));
    }
    fn references(text: &str, count: &mut u8) -> Option<u8> {
        let listed = type_name_of_val(&(references as for<'a, 'b> fn(&'a str, &'b mut u8) -> Option<u8>));
        same(asked_as!(text count), listed);
        None
    }
    fn objects<'a>(held: Held<'a, u8>, object: &(dyn Send + 'a)) -> Boxed<'a> {
        let listed: for<'x, 'y> fn(Held<'x, u8>, &'y (dyn Send + 'x)) -> Boxed<'x> = objects;
        same(asked_as!(held object), type_name_of_val(&listed));
        Box::new(std::iter::once(held.0))
    }
    fn functions(function: fn(&u8) -> &u8, tuple: (u8, &str)) -> u8 {
        same(
            asked_as!(function tuple),
            type_name_of_val(&(functions as for<'x> fn(for<'a> fn(&'a u8) -> &'a u8, (u8, &'x str)) -> u8)),
        );
        *function(&tuple.0)
    }
    fn same(asked: &str, listed: &str) {
        assert!(are_same(asked, listed), "{asked} and {listed}");
    }

    #[test]
    fn lifetimes_make_no_difference() {
        nothing();
        references("", &mut 1);
        objects(Held("a", 1), &2).next();
        functions(|x| x, (1, ""));
        assert!(are_same("unsafe fn(&'_ u8)", "fn(&u8)"));
        assert!(are_same("fn(a::W<'_>)", "fn(a::W)") && are_same("fn(a::W<'_, u8>)", "fn(a::W<u8>)"));
    }

    #[test]
    fn everything_else_does() {
        for (one, other) in [
            ("fn(&u8)", "fn(&mut u8)"),
            ("fn(u8, u8)", "fn((u8, u8))"),
            ("fn(u8)", "fn(u8) -> u8"),
            ("extern \"C\" fn(u8)", "fn(u8)"),
            ("fn(a::W<u8>)", "fn(a::W<u16>)"),
            ("fn(a::W<'a'>)", "fn(a::W<'b'>)"),
            ("fn(&dyn a::T)", "fn(&a::T)"),
        ] {
            assert!(!are_same(one, other), "{one} and {other}");
        }
    }
}
