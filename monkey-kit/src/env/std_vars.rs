//! `std::env::vars` and `vars_os` walk the process's environment past every function of the C library, so they are
//! replaced themselves.
use crate::border::Entry;
use crate::world;
use monkey_core::border::Bypass;
use std::env::{Vars, VarsOs};
use std::ffi::OsString;
use std::mem;
use std::vec;

pub static VARS: Entry = Entry::at("std::env::vars", std::env::vars as *const (), vars as *const ());
pub static VARS_OS: Entry =
    Entry::at("std::env::vars_os", std::env::vars_os as *const (), vars_os as *const ());

/// What both are made of, and nothing else.
type Iter = vec::IntoIter<(OsString, OsString)>;

const _: () = {
    assert!(size_of::<Vars>() == size_of::<Iter>() && align_of::<Vars>() == align_of::<Iter>());
    assert!(size_of::<VarsOs>() == size_of::<Iter>() && align_of::<VarsOs>() == align_of::<Iter>());
};

fn merged() -> Iter {
    let world = world::enter();
    let _bypass = Bypass::begin();
    match world {
        Some(world) => super::posix::merged(&world),
        None => std::env::vars_os().collect(),
    }
    .into_iter()
}

fn vars() -> Vars {
    // SAFETY: a struct of one field has the size, and the place, of that field.
    unsafe { mem::transmute::<Iter, Vars>(merged()) }
}

fn vars_os() -> VarsOs {
    // SAFETY: a struct of one field has the size, and the place, of that field.
    unsafe { mem::transmute::<Iter, VarsOs>(merged()) }
}
