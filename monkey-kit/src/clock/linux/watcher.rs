//! Looks at the clocks whose threads could not tell, when they began to wait, whether all others waited: one was about to, or
//! has ended since. It is a thread of no scope, and has the real time.
use super::judge::Found;
use super::slot::FIRED;
use super::unseen::Unseen;
use super::{State, deadlock, real_now, service, wake};
use crate::system_call;
use crate::world::World;
use libc::{c_void, timespec};
use monkey_core::border::Bypass;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The worlds whose clocks stand still.
static WATCHED: Mutex<Vec<&'static World>> = Mutex::new(Vec::new());
/// How often somebody began to wait.
static NOTICES: AtomicUsize = AtomicUsize::new(0);
/// Whether the watcher sleeps until somebody waits: a futex.
static IDLE: AtomicU32 = AtomicU32::new(0);

const SHORTEST: Duration = Duration::from_micros(20);
const LONGEST: Duration = Duration::from_millis(1);
/// How long all have to wait, without an end, until that is a deadlock. Who wakes them may be outside.
const GRACE: i64 = 400_000_000;
/// How long after the last wait began the watcher looks on.
const ALERT: i64 = 10_000_000_000;

/// What the watcher remembers of a clock.
#[derive(Debug, Default)]
pub struct Watch {
    stuck_since: AtomicI64,
    stuck_at: AtomicUsize,
    told: AtomicBool,
    unseen: Unseen,
}

fn watched() -> MutexGuard<'static, Vec<&'static World>> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Begins to look at a world's clock.
pub fn watch(world: &'static World) {
    static STARTED: AtomicBool = AtomicBool::new(false);
    let _bypass = Bypass::begin();
    watched().push(world);
    if !STARTED.swap(true, SeqCst) && service::start(run, ptr::null_mut()).is_err() {
        STARTED.store(false, SeqCst);
    }
    notice();
}

/// Looks at it no more.
pub fn forget(world: &World) {
    let _bypass = Bypass::begin();
    watched().retain(|other| !ptr::eq(*other, world));
}

/// Somebody waits. Called while replacements are bypassed. Never sleeps: who does seems to wait for good.
pub fn notice() {
    NOTICES.fetch_add(1, SeqCst);
    if IDLE.swap(0, SeqCst) != 0 {
        // SAFETY: a word that is never freed.
        unsafe {
            system_call::original::syscall(
                libc::SYS_futex,
                IDLE.as_ptr() as usize,
                wake::WAKE as usize,
                1,
                0,
                0,
                0,
            )
        };
    }
}

extern "C" fn run(_: *mut c_void) -> *mut c_void {
    service::name(c"monkey clock");
    let (mut pause, mut notices, mut last) = (SHORTEST, 0, real_now());
    loop {
        let now = NOTICES.load(SeqCst);
        if now != notices {
            (pause, notices, last) = (SHORTEST, now, real_now());
        }
        let someone_waits = look_at_all();
        if !someone_waits || real_now() - last > ALERT && watched().is_empty() {
            idle(notices);
            continue;
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST);
    }
}

/// Sleeps until somebody waits.
fn idle(notices: usize) {
    const WAIT: usize = (libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG) as usize;
    static AT_MOST: timespec = timespec { tv_sec: 0, tv_nsec: 100_000_000 };
    IDLE.store(1, SeqCst);
    if NOTICES.load(SeqCst) == notices {
        let at_most = (&raw const AT_MOST) as usize;
        // SAFETY: a word that is never freed, and a time of our own.
        unsafe {
            system_call::original::syscall(libc::SYS_futex, IDLE.as_ptr() as usize, WAIT, 1, at_most, 0, 0)
        };
    }
    IDLE.store(0, SeqCst);
}

/// Whether anybody waits for any clock.
fn look_at_all() -> bool {
    let worlds: Vec<&'static World> = watched().clone();
    let mut waits = false;
    for world in worlds {
        let clock = &world.clock;
        clock.slots.all().filter(|slot| slot.signal.load(SeqCst) == FIRED).for_each(wake::wake);
        if clock.slots.all().any(super::slot::Slot::waits) {
            waits = true;
            look_at(world);
        } else {
            clock.look_for_unseen(&clock.watch.unseen);
        }
    }
    waits
}

fn look_at(world: &'static World) {
    let clock = &world.clock;
    if clock.is_overturned() && !clock.was_ended() && clock.watch.tell() {
        return deadlock::begin(world, deadlock::Reason::Turns);
    }
    match clock.look(0, &mut || false) {
        Found::Stuck => stuck(world, clock),
        Found::Busy => {
            clock.watch.stuck_since.store(0, SeqCst);
            clock.look_for_unseen(&clock.watch.unseen);
        }
        // Somebody looks whether his wait is over, as he does between two slices of it: if it is not, nothing has moved.
        Found::Settling => {}
        Found::Outside | Found::Turned => clock.watch.stuck_since.store(0, SeqCst),
    }
}

fn stuck(world: &'static World, clock: &State) {
    let order = clock.order() as usize;
    let watch = &clock.watch;
    if watch.stuck_since.load(SeqCst) == 0 || watch.stuck_at.swap(order, SeqCst) != order {
        watch.stuck_since.store(real_now(), SeqCst);
        return;
    }
    // What goes on after a wait was ended waits for good at once, if it does.
    let grace = if clock.was_ended() { GRACE / 4 } else { GRACE };
    if real_now() - watch.stuck_since.load(SeqCst) < grace || watch.told.swap(true, SeqCst) {
        return;
    }
    deadlock::begin(world, deadlock::Reason::Stuck);
}

impl Watch {
    pub fn clear(&self) {
        self.stuck_since.store(0, SeqCst);
        self.told.store(false, SeqCst);
        self.unseen.clear();
    }

    /// Whether this is the first time that something is told of the clock.
    pub fn tell(&self) -> bool {
        !self.told.swap(true, SeqCst)
    }
}
