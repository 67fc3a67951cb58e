//! Looks at the clocks whose threads could not tell, when they began to wait, whether all others waited: one was about to, or
//! has ended since. It is a thread of no scope, and has the real time.
use super::judge::Found;
use super::slot::FIRED;
use super::unseen::Unseen;
use super::{State, deadlock, real_now, wake};
use crate::world::World;
use monkey_core::border::Bypass;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, Once, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

/// The worlds whose clocks stand still.
static WATCHED: Mutex<Vec<&'static World>> = Mutex::new(Vec::new());
/// How often somebody began to wait.
static NOTICES: AtomicUsize = AtomicUsize::new(0);
static IDLE: AtomicBool = AtomicBool::new(false);
static WATCHER: OnceLock<Thread> = OnceLock::new();

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
    static STARTED: Once = Once::new();
    let _bypass = Bypass::begin();
    watched().push(world);
    // Started while replacements are bypassed, it is of no scope.
    STARTED.call_once(|| {
        if let Ok(started) = thread::Builder::new().name("monkey clock".to_owned()).spawn(run) {
            let _ = WATCHER.set(started.thread().clone());
        }
    });
    notice();
}

/// Looks at it no more.
pub fn forget(world: &World) {
    let _bypass = Bypass::begin();
    watched().retain(|other| !std::ptr::eq(*other, world));
}

/// Somebody waits. Called while replacements are bypassed. Never sleeps: who does seems to wait for good.
pub fn notice() {
    NOTICES.fetch_add(1, SeqCst);
    if IDLE.swap(false, SeqCst) {
        WATCHER.get().inspect(|watcher| watcher.unpark());
    }
}

fn run() {
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
    IDLE.store(true, SeqCst);
    if NOTICES.load(SeqCst) == notices {
        thread::park_timeout(Duration::from_millis(100));
    }
    IDLE.store(false, SeqCst);
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
        _ => clock.watch.stuck_since.store(0, SeqCst),
    }
}

fn stuck(world: &'static World, clock: &State) {
    let order = clock.order() as usize;
    let watch = &clock.watch;
    if watch.stuck_since.load(SeqCst) == 0 || watch.stuck_at.swap(order, SeqCst) != order {
        watch.stuck_since.store(real_now(), SeqCst);
        return;
    }
    if real_now() - watch.stuck_since.load(SeqCst) < GRACE || watch.told.swap(true, SeqCst) {
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
