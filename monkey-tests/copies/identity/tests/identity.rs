//! Only the function that is named is replaced, whatever else has its path, its file and its line.
#![forbid(unsafe_code)]

/// Two functions of one path on one line.
#[test]
#[rustfmt::skip]
fn on_one_line() {
    let (first, _guard) = { fn convert(x: u64) -> u64 { x } (convert as fn(u64) -> u64, monkey::patch!(convert = |x| x ^ 0xff)) }; let second = { fn convert(x: String) -> String { x } convert as fn(String) -> String };
    assert_eq!(first(1), 0xfe);
    assert_eq!(second("a string".to_owned()), "a string");
}

/// Two functions of one path, on lines of their own.
#[test]
fn in_two_blocks() {
    let (first, _guard) = {
        fn convert(x: u64) -> u64 {
            x
        }
        (convert as fn(u64) -> u64, monkey::patch!(convert = |x| x ^ 0xff))
    };
    let second = {
        fn convert(x: String) -> String {
            x
        }
        convert as fn(String) -> String
    };
    assert_eq!(first(1), 0xfe);
    assert_eq!(second("a string".to_owned()), "a string");
}

trait Wire {
    fn wire(self) -> Self;
}

trait Fake: Sized {
    fn fake(with: fn(Self) -> Self) -> monkey::PatchGuard;
}

macro_rules! wire {
    ($($t:ty),*) => { $( const _: () = {
        fn convert(x: $t) -> $t { std::hint::black_box(x) }
        impl Wire for $t { fn wire(self) -> Self { convert(self) } }
        impl Fake for $t { fn fake(with: fn($t) -> $t) -> monkey::PatchGuard { monkey::patch!(convert = with) } }
    }; )* };
}
wire!(u64, String);

#[test]
fn written_by_a_macro() {
    let _guard = <u64 as Fake>::fake(|x| x ^ 0xff);
    assert_eq!(1_u64.wire(), 0xfe);
    assert_eq!("a string".to_owned().wire(), "a string");
}

/// Two types of one name: instances for them have one path, one line and one spelling.
#[test]
fn for_types_of_one_name() {
    let (first, _guard) = {
        struct Local(u64);
        let width: fn(&Local) -> u64 = deep::width::<Local>;
        let guard = monkey::patch!(deep::width::<Local> = |local: &Local| local.0);
        (width(&Local(77)), guard)
    };
    let second = {
        struct Local(#[allow(dead_code)] [String; 3]);
        deep::width(&Local(std::array::from_fn(|_| String::new())))
    };
    assert_eq!((first, second), (77, 72));
}
