//! Functions of one path that are no copies of each other: the one that is named is replaced, and no other.
//!
//! A wrong copy gets arguments of another type, so each runs in a process of its own.
//!
//! Optimised, those that nothing keeps from being inlined or merged are marked `#[monkey::patchable]`, which they need not be here otherwise.
#![forbid(unsafe_code)]

limited! {
    /// What tells two on one line apart is neither their path nor their place.
    two_on_one_line in 20 s {
        #[rustfmt::skip]
        let (number, _guard) = { #[cfg_attr(not(debug_assertions), monkey::patchable)] fn convert(x: u64) -> u64 { x } (convert as fn(u64) -> u64, monkey::patch!(convert = |x| x ^ 0xff)) }; let text = { fn convert(x: String) -> String { x } convert as fn(String) -> String };
        assert_eq!(number(1), 0xfe);
        assert_eq!(text("a text".to_owned()), "a text");
    }

    one_line_of_a_macro_for_several_types in 20 s {
        let _guard = u64::replaced_by(|x| x ^ 0xff);
        assert_eq!(1_u64.wire(), 0xfe);
        assert_eq!("a text".to_owned().wire(), "a text");
        assert_eq!(vec![3_u8].wire(), [3]);
    }

    /// The types agree in all but their names.
    one_line_of_a_macro_for_equal_types in 20 s {
        let guard = Metres::replaced_by(|Metres(x)| Metres(x + 1));
        assert_eq!((Metres(1).wire().0, Feet(1).wire().0), (2, 1));
        drop(guard);
        let _guard = Feet::replaced_by(|Feet(x)| Feet(x + 2));
        assert_eq!((Metres(1).wire().0, Feet(1).wire().0), (1, 3));
    }

    /// Not even the types differ.
    one_signature_twice in 20 s {
        let [first, second] = twice();
        let _guard = first.1();
        assert_eq!((first.0(1), second.0(1)), (2, 1));
    }

    local_types_of_one_name in 20 s {
        let (small, guard) = small();
        let _guard = guard;
        assert_eq!(small(), 7);
        assert_eq!(large(), "not replaced, not replaced 1 2 3");
    }

    instances_of_a_generic_impl_block in 20 s {
        let _guard = Instance::<u8>::replaced();
        assert_eq!([Instance::<u8>::inner(), Instance::<u64>::inner()], [99, 8]);
    }
}

trait Wire: Sized {
    fn wire(self) -> Self;
    fn replaced_by(with: fn(Self) -> Self) -> monkey::PatchGuard;
}

struct Metres(u32);
struct Feet(u32);

macro_rules! wire {
    ($($type:ty),*) => {$(const _: () = {
        #[cfg_attr(not(debug_assertions), monkey::patchable)]
        fn convert(x: $type) -> $type {
            std::hint::black_box(x)
        }
        impl Wire for $type {
            fn wire(self) -> Self {
                convert(self)
            }
            fn replaced_by(with: fn(Self) -> Self) -> monkey::PatchGuard {
                monkey::patch!(convert = with)
            }
        }
    };)*};
}
wire!(u64, String, Vec<u8>, Metres, Feet);

type Local = (fn(u64) -> u64, fn() -> monkey::PatchGuard);

fn twice() -> [Local; 2] {
    macro_rules! local {
        () => {{
            #[cfg_attr(not(debug_assertions), monkey::patchable)]
            fn convert(x: u64) -> u64 {
                std::hint::black_box(x)
            }
            (
                convert as fn(u64) -> u64,
                (|| monkey::patch!(convert = |x| x + 1)) as fn() -> monkey::PatchGuard,
            )
        }};
    }
    [local!(), local!()]
}

macro_rules! show {
    ($name:ident { $field:ident: $type:ty } => $result:ty, $body:expr) => {
        #[allow(dead_code, reason = "one of the two is read")]
        struct $name {
            $field: $type,
        }
        impl $name {
            #[allow(clippy::redundant_closure_call, reason = "the macro's way to name the receiver")]
            #[cfg_attr(not(debug_assertions), monkey::patchable)]
            fn show(&self) -> $result {
                ($body)(self)
            }
        }
    };
}

fn small() -> (fn() -> u64, monkey::PatchGuard) {
    show!(Local { value: u64 } => u64, |local: &Local| local.value);
    (|| Local { value: 1 }.show(), monkey::patch!(Local::show = |_: &Local| 7))
}

fn large() -> String {
    show!(Local { value: String } => String, |local: &Local| format!("{0}, {0} 1 2 3", local.value));
    Local { value: "not replaced".into() }.show()
}

struct Instance<T>(std::marker::PhantomData<T>);

impl<T> Instance<T> {
    #[cfg_attr(not(debug_assertions), monkey::patchable)]
    fn inner() -> usize {
        std::hint::black_box(size_of::<T>())
    }

    fn replaced() -> monkey::PatchGuard {
        monkey::patch!(Self::inner = || 99)
    }
}
