//! Waiting for descriptors: what is ready is ready at once, and otherwise the wait is for the clock.
use super::slot::{Kind, Slot};
use super::wait::{End, Slept};
use super::{State, time};
use crate::border::{errno, fail, functions};
use crate::world;
use libc::{c_int, c_void, epoll_event, fd_set, nfds_t, pollfd, sigset_t, timespec, timeval};
use monkey_core::border::Bypass;
use std::ptr;
use std::sync::PoisonError;

functions! {
    EPOLL_WAIT = epoll_wait(epoll: c_int, events: *mut epoll_event, most: c_int, timeout: c_int) -> c_int => epoll_wait;
    EPOLL_PWAIT = epoll_pwait(epoll: c_int, events: *mut epoll_event, most: c_int, timeout: c_int, mask: *const sigset_t) -> c_int => epoll_pwait;
    EPOLL_PWAIT2 = epoll_pwait2(epoll: c_int, events: *mut epoll_event, most: c_int, timeout: *const timespec, mask: *const sigset_t) -> c_int => epoll_pwait2;
    POLL = poll(all: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int => poll;
    PPOLL = ppoll(all: *mut pollfd, count: nfds_t, timeout: *const timespec, mask: *const sigset_t) -> c_int => ppoll;
    SELECT = select(count: c_int, read: *mut fd_set, write: *mut fd_set, except: *mut fd_set, timeout: *mut timeval) -> c_int => select;
    PSELECT = pselect(count: c_int, read: *mut fd_set, write: *mut fd_set, except: *mut fd_set, timeout: *const timespec, mask: *const sigset_t) -> c_int => pselect;
}

/// A span in milliseconds, where less than none is for ever.
fn span_of(milliseconds: c_int) -> Option<timespec> {
    (milliseconds >= 0).then(|| time::timespec_of(i64::from(milliseconds) * 1_000_000))
}

/// Waits until `ready` gives something but 0; `sets` are what may make it so. `None`: the clock is not paused.
pub fn wait(
    span: Option<timespec>,
    mask: *const sigset_t,
    sets: &dyn Fn(&mut Vec<pollfd>),
    ready: &mut dyn FnMut() -> c_int,
) -> Option<c_int> {
    let world = world::enter().filter(|world| world.clock.counts())?;
    let clock = &world.clock;
    if span.is_some_and(|span| !time::is_valid(span)) {
        return Some(fail(libc::EINVAL));
    }
    let deadline = span.map(|span| clock.time.moment_in(span));
    loop {
        let now = ready();
        if now > 0 {
            clock.note_input();
        }
        if now != 0 || deadline.is_some_and(|deadline| deadline <= clock.time.elapsed()) {
            return Some(now);
        }
        let mut all = polled(clock, sets);
        let mut looked = all.clone();
        let end = clock.wait(Kind::Poll, 0, deadline, &mut || is_any_ready(&mut looked), &mut |slot| {
            sleep(slot, &mut all, mask)
        });
        match end {
            End::Woken(0) => {}
            End::Woken(error) => return Some(fail(error)),
            End::TimedOut | End::Gone => return Some(ready()),
            End::Deadlocked => return Some(fail(libc::EDEADLK)),
        }
    }
}

/// Whether the kernel would wake who polls these.
pub fn is_any_ready(all: &mut [pollfd]) -> bool {
    // SAFETY: memory of its size.
    unsafe { original::poll(all.as_mut_ptr(), all.len() as nfds_t, 0) > 0 }
}

/// The descriptors, and the event of the thread's slot.
fn polled(clock: &State, sets: &dyn Fn(&mut Vec<pollfd>)) -> Vec<pollfd> {
    let _bypass = Bypass::begin();
    let mut all = Vec::new();
    sets(&mut all);
    let slot = clock.slots.own();
    let descriptors = all.iter().map(|polled| polled.fd).collect();
    *slot.descriptors.lock().unwrap_or_else(PoisonError::into_inner) = descriptors;
    all.push(pollfd { fd: slot.event(), events: libc::POLLIN, revents: 0 });
    all
}

fn sleep(slot: &Slot, all: &mut [pollfd], mask: *const sigset_t) -> Slept {
    // SAFETY: memory of its size, and the caller's mask.
    let result = unsafe { original::ppoll(all.as_mut_ptr(), all.len() as nfds_t, ptr::null(), mask) };
    if result < 0 {
        return Slept::Over(errno());
    }
    let Some((event, others)) = all.split_last() else { return Slept::Over(0) };
    if event.revents != 0 {
        let mut count = [0; 8];
        let _bypass = Bypass::begin();
        // SAFETY: memory of its size; the descriptor is the slot's.
        unsafe { libc::read(slot.event(), count.as_mut_ptr().cast::<c_void>(), count.len()) };
    }
    if others.iter().any(|other| other.revents != 0) { Slept::Over(0) } else { Slept::Again }
}

/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn epoll_wait(
    epoll: c_int,
    events: *mut epoll_event,
    most: c_int,
    timeout: c_int,
) -> c_int {
    // SAFETY: the caller's arguments.
    let mut ready = || unsafe { original::epoll_wait(epoll, events, most, 0) };
    wait(span_of(timeout), ptr::null(), &|all| all.push(readable(epoll)), &mut ready)
        // SAFETY: the caller's arguments.
        .unwrap_or_else(|| unsafe { original::epoll_wait(epoll, events, most, timeout) })
}

fn readable(fd: c_int) -> pollfd {
    polled_for(fd, libc::POLLIN)
}

pub fn polled_for(fd: c_int, events: i16) -> pollfd {
    pollfd { fd, events, revents: 0 }
}

/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn epoll_pwait(
    epoll: c_int,
    events: *mut epoll_event,
    most: c_int,
    timeout: c_int,
    mask: *const sigset_t,
) -> c_int {
    // SAFETY: the caller's arguments.
    let mut ready = || unsafe { original::epoll_pwait(epoll, events, most, 0, mask) };
    wait(span_of(timeout), mask, &|all| all.push(readable(epoll)), &mut ready)
        // SAFETY: the caller's arguments.
        .unwrap_or_else(|| unsafe { original::epoll_pwait(epoll, events, most, timeout, mask) })
}

/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn epoll_pwait2(
    epoll: c_int,
    events: *mut epoll_event,
    most: c_int,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> c_int {
    // SAFETY: the caller's arguments.
    let mut ready = || unsafe { original::epoll_pwait(epoll, events, most, 0, mask) };
    // SAFETY: null, or the caller's.
    let span = unsafe { timeout.as_ref() }.copied();
    wait(span, mask, &|all| all.push(readable(epoll)), &mut ready)
        // SAFETY: the caller's arguments.
        .unwrap_or_else(|| unsafe { original::epoll_pwait2(epoll, events, most, timeout, mask) })
}

/// The caller's descriptors.
///
/// # Safety
/// It is null or an array of this many.
unsafe fn given<'a>(all: *mut pollfd, count: nfds_t) -> &'a [pollfd] {
    if all.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: as the caller says.
    unsafe { std::slice::from_raw_parts(all, count as usize) }
}

/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn poll(all: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int {
    // SAFETY: the caller's arguments.
    let mut ready = || unsafe { original::poll(all, count, 0) };
    // SAFETY: the caller's array.
    let sets = |to: &mut Vec<pollfd>| to.extend_from_slice(unsafe { given(all, count) });
    wait(span_of(timeout), ptr::null(), &sets, &mut ready)
        // SAFETY: the caller's arguments.
        .unwrap_or_else(|| unsafe { original::poll(all, count, timeout) })
}

/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn ppoll(
    all: *mut pollfd,
    count: nfds_t,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> c_int {
    let at_once = time::timespec_of(0);
    // SAFETY: the caller's arguments, and a span of our own.
    let mut ready = || unsafe { original::ppoll(all, count, &raw const at_once, mask) };
    // SAFETY: the caller's array.
    let sets = |to: &mut Vec<pollfd>| to.extend_from_slice(unsafe { given(all, count) });
    // SAFETY: null, or the caller's.
    let span = unsafe { timeout.as_ref() }.copied();
    wait(span, mask, &sets, &mut ready)
        // SAFETY: the caller's arguments.
        .unwrap_or_else(|| unsafe { original::ppoll(all, count, timeout, mask) })
}

/// Three sets of descriptors, as `select` takes them.
struct Sets {
    count: c_int,
    places: [*mut fd_set; 3],
    given: [Option<fd_set>; 3],
}

const EVENTS: [i16; 3] = [libc::POLLIN, libc::POLLOUT, libc::POLLPRI];

impl Sets {
    /// # Safety
    /// They are null or the caller's.
    unsafe fn new(count: c_int, places: [*mut fd_set; 3]) -> Self {
        // SAFETY: as the caller says.
        Self { count, places, given: places.map(|place| unsafe { place.as_ref() }.copied()) }
    }

    fn add_to(&self, all: &mut Vec<pollfd>) {
        for (set, events) in self.given.iter().zip(EVENTS) {
            let Some(set) = set else { continue };
            // SAFETY: within the set's size.
            let is_in = |fd: &c_int| unsafe { libc::FD_ISSET(*fd, set) };
            all.extend((0..self.count.min(1024)).filter(is_in).map(|fd| pollfd { fd, events, revents: 0 }));
        }
    }

    /// What is ready now, of what was given.
    fn ready(&self) -> c_int {
        for (place, given) in self.places.iter().zip(&self.given) {
            // SAFETY: null, or the caller's.
            if let (Some(place), Some(given)) = (unsafe { place.as_mut() }, given) {
                *place = *given;
            }
        }
        let [read, write, except] = self.places;
        let mut at_once = timeval { tv_sec: 0, tv_usec: 0 };
        // SAFETY: the caller's sets.
        unsafe { original::select(self.count, read, write, except, &raw mut at_once) }
    }
}

/// How far the caller's clock was turned.
fn elapsed() -> i64 {
    world::enter().map_or(0, |world| world.clock.time.elapsed() as i64)
}

/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn select(
    count: c_int,
    read: *mut fd_set,
    write: *mut fd_set,
    except: *mut fd_set,
    timeout: *mut timeval,
) -> c_int {
    // SAFETY: the caller's sets.
    let sets = unsafe { Sets::new(count, [read, write, except]) };
    // SAFETY: null, or the caller's.
    let span = unsafe { timeout.as_ref() }
        .map(|span| timespec { tv_sec: span.tv_sec, tv_nsec: span.tv_usec * 1000 });
    let begun = elapsed();
    let Some(ready) = wait(span, ptr::null(), &|all| sets.add_to(all), &mut || sets.ready()) else {
        // SAFETY: the caller's arguments.
        return unsafe { original::select(count, read, write, except, timeout) };
    };
    // Linux says what is left of the time.
    // SAFETY: null, or the caller's.
    if let (Some(timeout), Some(span)) = (unsafe { timeout.as_mut() }, span) {
        let left = time::timespec_of((time::nanoseconds(span) - (elapsed() - begun)).max(0));
        *timeout = timeval { tv_sec: left.tv_sec, tv_usec: left.tv_nsec / 1000 };
    }
    ready
}

/// # Safety
/// As the function of this name.
pub unsafe extern "C-unwind" fn pselect(
    count: c_int,
    read: *mut fd_set,
    write: *mut fd_set,
    except: *mut fd_set,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> c_int {
    // SAFETY: the caller's sets.
    let sets = unsafe { Sets::new(count, [read, write, except]) };
    // SAFETY: null, or the caller's.
    let span = unsafe { timeout.as_ref() }.copied();
    wait(span, mask, &|all| sets.add_to(all), &mut || sets.ready())
        // SAFETY: the caller's arguments.
        .unwrap_or_else(|| unsafe { original::pselect(count, read, write, except, timeout, mask) })
}
