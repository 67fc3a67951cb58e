//! What each scope has of its own, found by its word without a lock.
//!
//! Worlds are never freed: a thread that was about to look at one when its scope ended finds one that says nothing. Who stays
//! in one for longer is counted, and it is not given to another scope meanwhile.
#[cfg(unix)]
use crate::process;
#[cfg(unix)]
use crate::violation::Violations;
use crate::word::load;
use crate::{clock, env, random};
#[cfg(target_os = "linux")]
use crate::{fs, net};
use monkey_core::border::{self, Bypass};
use std::ops::Deref;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering::SeqCst};

/// A scope's world.
#[derive(Debug, Default)]
pub struct World {
    scope: AtomicU64,
    /// Guards that keep it.
    holds: AtomicUsize,
    /// Threads that are in one of its functions.
    inside: AtomicUsize,
    pub clock: clock::State,
    pub env: env::State,
    #[cfg(target_os = "linux")]
    pub folders: fs::Folders,
    #[cfg(target_os = "linux")]
    pub fs: fs::State,
    #[cfg(target_os = "linux")]
    pub net: net::State,
    #[cfg(unix)]
    pub process: process::State,
    pub random: random::State,
    #[cfg(unix)]
    pub violations: Violations,
}

/// How many scopes may have worlds at once; a power of two.
const PLACES: usize = 1024;
/// How far a scope's place may be from the first that it would have.
const REACH: usize = 16;

#[derive(Debug)]
struct Place {
    scope: AtomicU64,
    world: AtomicPtr<World>,
}

static TABLE: [Place; PLACES] =
    [const { Place { scope: AtomicU64::new(0), world: AtomicPtr::new(ptr::null_mut()) } }; PLACES];

/// The world of a scope that every thread sees.
static EVERYWHERE: AtomicPtr<World> = AtomicPtr::new(ptr::null_mut());

static UNUSED: Mutex<Vec<&'static World>> = Mutex::new(Vec::new());

#[inline]
fn places(scope: u64) -> impl Iterator<Item = &'static Place> {
    // Words of scopes are multiples of four, one after the other.
    let first = (scope / 4) as usize;
    (first..first + REACH).map(|index| &TABLE[index % PLACES])
}

#[inline]
fn deref(world: &AtomicPtr<World>) -> Option<&'static World> {
    // SAFETY: null, or a world, which is never freed.
    unsafe { world.load(SeqCst).as_ref() }
}

/// The world of the caller's scope alone, for who only reads words of it.
///
/// Written flat: every look at a clock comes by, and where nothing is optimised each step of an iterator is a call.
#[inline]
pub fn own() -> Option<&'static World> {
    let scope = border::scope();
    let first = (scope / 4) as usize;
    let mut step = 0;
    while step < REACH {
        let place = &TABLE[(first + step) % PLACES];
        if load(&place.scope) == scope {
            let world = load(&place.world) as *const World;
            // SAFETY: null, or a world, which is never freed.
            return unsafe { world.as_ref() };
        }
        step += 1;
    }
    None
}

/// A world that somebody is in.
#[derive(Debug)]
pub struct Inside(&'static World);

impl Deref for Inside {
    type Target = World;
    fn deref(&self) -> &World {
        self.0
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, SeqCst);
    }
}

/// The world of the caller's scope, or the one that every thread sees; `None` if neither is there.
pub fn enter() -> Option<Inside> {
    let world = own().or_else(|| deref(&EVERYWHERE))?;
    world.inside.fetch_add(1, SeqCst);
    let inside = Inside(world);
    let scope = world.scope.load(SeqCst);
    let is_mine = scope != 0 && (scope == border::scope() || ptr::eq(EVERYWHERE.load(SeqCst), world));
    is_mine.then_some(inside)
}

/// Keeps a scope's world.
#[derive(Debug)]
pub struct Hold(&'static World);

impl Deref for Hold {
    type Target = World;
    fn deref(&self) -> &World {
        self.0
    }
}

impl Hold {
    pub fn world(&self) -> &'static World {
        self.0
    }

    /// Makes the world if the scope has none.
    ///
    /// # Panics
    /// When more scopes have worlds at once than there is room for.
    pub fn new(scope: u64, everywhere: bool) -> Self {
        let _bypass = Bypass::begin();
        let mut unused = UNUSED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = places(scope).find(|place| place.scope.load(SeqCst) == scope);
        if let Some(world) = known.and_then(|place| deref(&place.world)) {
            world.holds.fetch_add(1, SeqCst);
            return Self(world);
        }
        let idle = unused.iter().position(|world| world.inside.load(SeqCst) == 0);
        let world: &'static World =
            idle.map_or_else(|| &*Box::leak(Box::default()), |index| unused.swap_remove(index));
        let place = places(scope).find(|place| place.scope.load(SeqCst) == 0);
        let Some(place) = place else { panic!("more than {PLACES} tests at once have worlds of their own") };
        world.scope.store(scope, SeqCst);
        world.holds.store(1, SeqCst);
        place.world.store(ptr::from_ref(world).cast_mut(), SeqCst);
        place.scope.store(scope, SeqCst);
        if everywhere {
            EVERYWHERE.store(ptr::from_ref(world).cast_mut(), SeqCst);
        }
        Self(world)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let _bypass = Bypass::begin();
        let mut unused = UNUSED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if self.0.holds.fetch_sub(1, SeqCst) > 1 {
            return;
        }
        let scope = self.0.scope.swap(0, SeqCst);
        #[cfg(target_os = "linux")]
        self.0.folders.clear();
        let world = ptr::from_ref(self.0).cast_mut();
        let _ = EVERYWHERE.compare_exchange(world, ptr::null_mut(), SeqCst, SeqCst);
        places(scope)
            .filter(|place| place.scope.load(SeqCst) == scope)
            .for_each(|place| place.scope.store(0, SeqCst));
        unused.push(self.0);
    }
}
