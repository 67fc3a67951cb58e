//! The ways in which each crate patches a function that is known by its address.
use std::hint::black_box;

pub type Function = fn(u64) -> u64;

/// What every function is replaced by.
#[inline(never)]
pub fn seven(x: u64) -> u64 {
    black_box(x);
    7
}

/// The crates, by what they do.
pub const CRATES: [(&str, fn(Function) -> Box<dyn Guard>); 5] = [
    ("monkey", |target| Box::new(monkey_at(target))),
    ("injectorpp", |target| Box::new(injectorpp(target))),
    ("guerrilla", |target| Box::new(guerrilla::patch1(target, seven as Function))),
    ("mockrs", |target| Box::new(mockrs::mock!(target, seven))),
    ("retour", |target| Box::new(retour(target))),
];

/// What takes a replacement away when it is dropped.
pub trait Guard {}
impl<T> Guard for T {}

pub fn monkey_at(target: Function) -> monkey::PatchGuard {
    // SAFETY: both are of this type.
    unsafe { monkey::patch_at(target as *const (), seven as *const ()) }.unwrap()
}

fn injectorpp(target: Function) -> impl Guard {
    use injectorpp::interface::injector::{FuncPtr, InjectorPP};
    let mut injector = InjectorPP::new();
    injector
        .when_called(injectorpp::func!(target, Function))
        .will_execute_raw(injectorpp::func!(seven as Function, Function));
    injector
}

/// Takes its jump away when it is dropped.
fn retour(target: Function) -> retour::RawDetour {
    // SAFETY: both are of this type.
    let detour = unsafe { retour::RawDetour::new(target as *const (), seven as *const ()) }.unwrap();
    // SAFETY: nobody runs the target meanwhile, or the measurement is of what happens then.
    unsafe { detour.enable() }.unwrap();
    detour
}
