//! Bodies that are the same as others, or too short for a jump.

/// Defines functions with one and the same body.
macro_rules! same {
    ($($name:ident)*) => {$(
        #[monkey::patchable]
        pub fn $name(value: u32) -> u32 {
            value ^ 3
        }
    )*};
}
same!(one_of_three two_of_three three_of_three);

#[monkey::patchable]
pub fn typed<T>(_: &T) -> u32 {
    4
}
#[monkey::patchable]
pub fn sized<const N: usize>() -> u32 {
    4
}
#[inline(never)]
pub fn calls_generics() -> [u32; 4] {
    [typed(&1u32), typed(&1i32), sized::<1>(), sized::<2>()]
}

pub trait Numbered {
    #[monkey::patchable]
    fn number(&self) -> u32 {
        4
    }
    fn name(&self) -> u32;
}
pub struct Left(pub u32);
pub struct Right(pub u32);

#[monkey::patchable]
impl Left {
    pub fn get(&self) -> u32 {
        self.0
    }
    pub fn make() -> u32 {
        6
    }
}
#[monkey::patchable]
impl Right {
    pub fn get(&self) -> u32 {
        self.0
    }
    pub fn make() -> u32 {
        6
    }
}
#[monkey::patchable]
impl Numbered for Left {
    fn name(&self) -> u32 {
        5
    }
}
#[monkey::patchable]
impl Numbered for Right {
    fn name(&self) -> u32 {
        5
    }
}
#[inline(never)]
pub fn calls_methods() -> [u32; 8] {
    let (left, right) = (Left(3), Right(3));
    let inherent = [left.get(), right.get(), Left::make(), Right::make()];
    let [first, second, third, fourth] = inherent;
    [first, second, third, fourth, left.number(), right.number(), left.name(), right.name()]
}

#[monkey::patchable]
pub fn empty() {}
#[monkey::patchable]
pub fn empty_too() {}
#[monkey::patchable]
pub fn zero() -> u32 {
    0
}
#[monkey::patchable]
pub extern "C" fn empty_c() {}
#[inline(never)]
pub fn calls_short() -> u32 {
    empty();
    empty_too();
    empty_c();
    zero()
}

/// Two whose functions are the same, and not patchable.
pub trait Store {
    fn put(&self, key: u32) -> u32;
}
pub struct Disk(pub u32);
pub struct Tape(pub u32);

impl Store for Disk {
    #[inline(never)]
    fn put(&self, key: u32) -> u32 {
        (0..key).fold(self.0, |sum, next| (sum * 7) ^ std::hint::black_box(next))
    }
}

impl Store for Tape {
    #[inline(never)]
    fn put(&self, key: u32) -> u32 {
        (0..key).fold(self.0, |sum, next| (sum * 7) ^ std::hint::black_box(next))
    }
}

impl Disk {
    #[inline(never)]
    pub fn get(&self, key: u32) -> u32 {
        (0..key).fold(self.0, |sum, next| (sum * 5) ^ std::hint::black_box(next))
    }
}

impl Tape {
    #[inline(never)]
    pub fn get(&self, key: u32) -> u32 {
        (0..key).fold(self.0, |sum, next| (sum * 5) ^ std::hint::black_box(next))
    }
}

#[inline(never)]
pub fn thrice<T: Copy>(value: T) -> [T; 3] {
    [std::hint::black_box(value), std::hint::black_box(value), value]
}
