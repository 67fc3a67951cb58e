//! Locks of the C library's own, and signals. As in `thread`, they are waited for in slices of real time.
use super::State;
use super::slot::Kind;
use super::thread::{SHORT_SLICE, SLICE, paused, real};
use super::time;
use super::wait::{End, Slept};
use crate::border::{errno, fail, functions};
use crate::world::Inside;
use libc::{
    c_int, clockid_t, pthread_barrier_t, pthread_mutex_t, pthread_rwlock_t, siginfo_t, sigset_t, timespec,
};
use monkey_core::border;
use std::cell::Cell;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

functions! {
    MUTEX = pthread_mutex_lock(lock: *mut pthread_mutex_t) -> c_int => mutex;
    READ = pthread_rwlock_rdlock(lock: *mut pthread_rwlock_t) -> c_int => read;
    WRITE = pthread_rwlock_wrlock(lock: *mut pthread_rwlock_t) -> c_int => write;
    BARRIER = pthread_barrier_wait(barrier: *mut pthread_barrier_t) -> c_int => barrier;
    MUTEX_TIMED = pthread_mutex_timedlock(lock: *mut pthread_mutex_t, until: *const timespec) -> c_int => mutex_timed;
    MUTEX_CLOCK = pthread_mutex_clocklock(lock: *mut pthread_mutex_t, clock: clockid_t, until: *const timespec) -> c_int => mutex_clock;
    READ_TIMED = pthread_rwlock_timedrdlock(lock: *mut pthread_rwlock_t, until: *const timespec) -> c_int => read_timed;
    READ_CLOCK = pthread_rwlock_clockrdlock(lock: *mut pthread_rwlock_t, clock: clockid_t, until: *const timespec) -> c_int => read_clock;
    WRITE_TIMED = pthread_rwlock_timedwrlock(lock: *mut pthread_rwlock_t, until: *const timespec) -> c_int => write_timed;
    WRITE_CLOCK = pthread_rwlock_clockwrlock(lock: *mut pthread_rwlock_t, clock: clockid_t, until: *const timespec) -> c_int => write_clock;
    SIGNAL_TIMED = sigtimedwait(set: *const sigset_t, information: *mut siginfo_t, span: *const timespec) -> c_int => signal_timed;
}

/// Locks until a clock shows a time: `lock` takes one of the wall's. `None`: the clock is not paused, or there is no time.
///
/// # Safety
/// The time is null or the caller's.
pub unsafe fn until(
    clock: clockid_t,
    until: *const timespec,
    lock: &dyn Fn(*const timespec) -> c_int,
) -> Option<c_int> {
    let world = paused()?;
    // SAFETY: as the caller says.
    let until = unsafe { until.as_ref() }.copied()?;
    let deadline = world.clock.time.moment(clock, until)?;
    // Asking is having it.
    Some(try_lock(lock, 0).or_else(|| wait(&world, 0, Some(deadline), lock)).unwrap_or(libc::ETIMEDOUT))
}

/// Locks for as long as it takes. `None`: the clock is not paused, or somebody outside the scope has the lock, for whom it stands still.
fn for_ever(
    address: usize,
    holder: &dyn Fn() -> Option<i32>,
    lock: &dyn Fn(*const timespec) -> c_int,
) -> Option<c_int> {
    let world = paused()?;
    if let Some(over) = try_lock(lock, 0) {
        return Some(over);
    }
    if holder().is_some_and(|holder| !world.clock.has_member(holder)) || world.clock.is_waiting() {
        return None;
    }
    wait(&world, address, None, lock)
}

/// Locks, or waits for this long in real time; `None`: in vain.
fn try_lock(lock: &dyn Fn(*const timespec) -> c_int, span: i64) -> Option<c_int> {
    let until = if span == 0 { time::timespec_of(0) } else { real(libc::CLOCK_REALTIME, span) };
    match lock(&raw const until) {
        libc::ETIMEDOUT => None,
        over => Some(over),
    }
}

/// `None`: the time is over, or there is no such clock any more.
fn wait(
    world: &Inside,
    address: usize,
    deadline: Option<u64>,
    lock: &dyn Fn(*const timespec) -> c_int,
) -> Option<c_int> {
    let had = Cell::new(None);
    let mut is_free = || {
        had.set(try_lock(lock, 0));
        had.get().is_some()
    };
    let slice = if deadline.is_some() { SHORT_SLICE } else { SLICE };
    let end = world.clock.wait(Kind::Slices, address, deadline, &mut is_free, &mut |_| {
        let over = had.take().or_else(|| try_lock(lock, slice));
        over.map_or(Slept::Again, Slept::Over)
    });
    match (had.take(), end) {
        (Some(over), _) | (None, End::Woken(over)) => Some(over),
        (None, End::TimedOut | End::Gone) => None,
        (None, End::Deadlocked) => Some(libc::EDEADLK),
    }
}

impl State {
    fn has_member(&self, thread: i32) -> bool {
        border::members(self.scope.load(SeqCst)).any(|member| member.thread == Some(thread))
    }

    /// Whether the caller is in one of its waits: this C library waits for a condition by functions that are replaced.
    fn is_waiting(&self) -> bool {
        self.slots.own().waits()
    }
}

/// The thread that has a mutex, where this C library's are known from within.
///
/// # Safety
/// The mutex is the caller's.
unsafe fn holder(lock: *mut pthread_mutex_t) -> Option<i32> {
    /// After the word that is waited on and the count.
    const OWNER: usize = 2;
    if cfg!(not(target_env = "gnu")) {
        return None;
    }
    // SAFETY: within the mutex, which others may write to.
    let owner = unsafe { AtomicI32::from_ptr(lock.cast::<i32>().wrapping_add(OWNER)) }.load(SeqCst);
    (owner > 0).then_some(owner)
}

unsafe extern "C-unwind" fn mutex(lock: *mut pthread_mutex_t) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_mutex_timedlock(lock, until) };
    // SAFETY: as above.
    let locked = for_ever(lock as usize, &|| unsafe { holder(lock) }, &by);
    // SAFETY: as above.
    locked.unwrap_or_else(|| unsafe { original::pthread_mutex_lock(lock) })
}

unsafe extern "C-unwind" fn read(lock: *mut pthread_rwlock_t) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_rwlock_timedrdlock(lock, until) };
    // SAFETY: as above.
    for_ever(lock as usize, &|| None, &by).unwrap_or_else(|| unsafe { original::pthread_rwlock_rdlock(lock) })
}

unsafe extern "C-unwind" fn write(lock: *mut pthread_rwlock_t) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_rwlock_timedwrlock(lock, until) };
    // SAFETY: as above.
    for_ever(lock as usize, &|| None, &by).unwrap_or_else(|| unsafe { original::pthread_rwlock_wrlock(lock) })
}

/// There is no waiting for one until a time: who waits here cannot be ended.
unsafe extern "C-unwind" fn barrier(barrier: *mut pthread_barrier_t) -> c_int {
    // SAFETY: the caller's barrier.
    let by = || unsafe { original::pthread_barrier_wait(barrier) };
    let Some(world) = paused() else { return by() };
    let passed = Cell::new(None);
    // The last one does not wait, which only the barrier knows: others see who sleeps.
    world.clock.wait(Kind::Sealed, barrier as usize, None, &mut || true, &mut |_| {
        passed.set(Some(by()));
        Slept::Over(0)
    });
    passed.take().unwrap_or_else(by)
}

unsafe extern "C-unwind" fn mutex_timed(lock: *mut pthread_mutex_t, until: *const timespec) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_mutex_timedlock(lock, until) };
    // SAFETY: the caller's time.
    unsafe { self::until(libc::CLOCK_REALTIME, until, &by) }.unwrap_or_else(|| by(until))
}

unsafe extern "C-unwind" fn mutex_clock(
    lock: *mut pthread_mutex_t,
    clock: clockid_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_mutex_timedlock(lock, until) };
    // SAFETY: the caller's time.
    let locked = unsafe { self::until(clock, until, &by) };
    // SAFETY: the caller's arguments.
    locked.unwrap_or_else(|| unsafe { original::pthread_mutex_clocklock(lock, clock, until) })
}

unsafe extern "C-unwind" fn read_timed(lock: *mut pthread_rwlock_t, until: *const timespec) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_rwlock_timedrdlock(lock, until) };
    // SAFETY: the caller's time.
    unsafe { self::until(libc::CLOCK_REALTIME, until, &by) }.unwrap_or_else(|| by(until))
}

unsafe extern "C-unwind" fn read_clock(
    lock: *mut pthread_rwlock_t,
    clock: clockid_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_rwlock_timedrdlock(lock, until) };
    // SAFETY: the caller's time.
    let locked = unsafe { self::until(clock, until, &by) };
    // SAFETY: the caller's arguments.
    locked.unwrap_or_else(|| unsafe { original::pthread_rwlock_clockrdlock(lock, clock, until) })
}

unsafe extern "C-unwind" fn write_timed(lock: *mut pthread_rwlock_t, until: *const timespec) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_rwlock_timedwrlock(lock, until) };
    // SAFETY: the caller's time.
    unsafe { self::until(libc::CLOCK_REALTIME, until, &by) }.unwrap_or_else(|| by(until))
}

unsafe extern "C-unwind" fn write_clock(
    lock: *mut pthread_rwlock_t,
    clock: clockid_t,
    until: *const timespec,
) -> c_int {
    // SAFETY: the caller's lock.
    let by = |until| unsafe { original::pthread_rwlock_timedwrlock(lock, until) };
    // SAFETY: the caller's time.
    let locked = unsafe { self::until(clock, until, &by) };
    // SAFETY: the caller's arguments.
    locked.unwrap_or_else(|| unsafe { original::pthread_rwlock_clockwrlock(lock, clock, until) })
}

unsafe extern "C-unwind" fn signal_timed(
    set: *const sigset_t,
    information: *mut siginfo_t,
    span: *const timespec,
) -> c_int {
    let by = |span: timespec| {
        // SAFETY: the caller's arguments, and a span of our own.
        match unsafe { original::sigtimedwait(set, information, &raw const span) } {
            -1 if errno() == libc::EAGAIN => None,
            -1 => Some(-errno()),
            signal => Some(signal),
        }
    };
    // SAFETY: null, or the caller's.
    let (Some(world), Some(given)) = (paused(), unsafe { span.as_ref() }.copied()) else {
        // SAFETY: the caller's arguments.
        return unsafe { original::sigtimedwait(set, information, span) };
    };
    let taken = Cell::new(by(time::timespec_of(0)));
    let deadline = Some(world.clock.time.moment_in(given));
    let mut is_over = || {
        taken.set(taken.get().or_else(|| by(time::timespec_of(0))));
        taken.get().is_some()
    };
    if taken.get().is_none() {
        world.clock.wait(Kind::Slices, 0, deadline, &mut is_over, &mut |_| {
            taken.set(taken.get().or_else(|| by(time::timespec_of(SHORT_SLICE))));
            if taken.get().is_some() { Slept::Over(0) } else { Slept::Again }
        });
    }
    match taken.get() {
        None => fail(libc::EAGAIN),
        Some(error) if error < 0 => fail(-error),
        Some(signal) => signal,
    }
}
