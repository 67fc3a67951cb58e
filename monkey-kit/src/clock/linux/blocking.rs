//! Reading, accepting and writing that blocks. Where the other end is the scope's own, or there is a timeout, it is waited for as in `poll`;
//! everything else is real input, for which the clock stands still.
use super::descriptors::{Reach, Watched, option};
use super::poll::{self, polled_for};
use super::thread::paused;
use crate::border::{errno, fail, functions};
use libc::{c_int, c_uint, c_void, mmsghdr, msghdr, size_t, sockaddr, socklen_t, ssize_t, timespec};
use monkey_core::border::Bypass;
use std::ptr;

functions! {
    RECV = recv(socket: c_int, buffer: *mut c_void, length: size_t, flags: c_int) -> ssize_t => recv;
    RECVFROM = recvfrom(socket: c_int, buffer: *mut c_void, length: size_t, flags: c_int, from: *mut sockaddr, size: *mut socklen_t) -> ssize_t => recvfrom;
    RECVMSG = recvmsg(socket: c_int, message: *mut msghdr, flags: c_int) -> ssize_t => recvmsg;
    RECVMMSG = recvmmsg(socket: c_int, messages: *mut mmsghdr, count: c_uint, flags: Flags, span: *mut timespec) -> c_int => recvmmsg;
    ACCEPT = accept(socket: c_int, from: *mut sockaddr, size: *mut socklen_t) -> c_int => accept;
    ACCEPT4 = accept4(socket: c_int, from: *mut sockaddr, size: *mut socklen_t, flags: c_int) -> c_int => accept4;
    SEND = send(socket: c_int, buffer: *const c_void, length: size_t, flags: c_int) -> ssize_t => send;
}

#[cfg(not(target_env = "musl"))]
type Flags = c_int;
#[cfg(target_env = "musl")]
type Flags = c_uint;

/// What a descriptor is, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Socket,
    Pipe,
    /// An event, a timer.
    Anonymous,
    /// It does not block, or not for what the clock has to do with.
    Other,
}

fn kind(descriptor: c_int) -> Kind {
    // SAFETY: a struct of numbers.
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: room for the status.
    let known = unsafe { libc::fstat(descriptor, &raw mut status) } == 0;
    // SAFETY: takes numbers.
    if !known || unsafe { libc::fcntl(descriptor, libc::F_GETFL) } & libc::O_NONBLOCK != 0 {
        return Kind::Other;
    }
    match status.st_mode & libc::S_IFMT {
        libc::S_IFSOCK => Kind::Socket,
        libc::S_IFIFO => Kind::Pipe,
        0 => Kind::Anonymous,
        _ => Kind::Other,
    }
}

/// The time that a socket was given for each call.
fn timeout(socket: c_int, option: c_int) -> Option<timespec> {
    let mut span = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let mut length = size_of::<libc::timeval>() as socklen_t;
    let place = (&raw mut span).cast::<c_void>();
    // SAFETY: room for the time, and its size.
    let result = unsafe { libc::getsockopt(socket, libc::SOL_SOCKET, option, place, &raw mut length) };
    let is_set = result == 0 && (span.tv_sec, span.tv_usec) != (0, 0);
    is_set.then(|| timespec { tv_sec: span.tv_sec, tv_nsec: span.tv_usec * 1000 })
}

/// Waits until there is something, if the clock has to do with it; the number of the error that the call fails with instead.
fn wait(descriptor: c_int, kind: Kind, events: i16) -> Result<(), c_int> {
    let option = if events == libc::POLLIN { libc::SO_RCVTIMEO } else { libc::SO_SNDTIMEO };
    let is_ready = || poll::is_any_ready(&mut [polled_for(descriptor, events)]);
    loop {
        if is_ready() {
            return Ok(());
        }
        let span = timeout(descriptor, option).filter(|_| kind == Kind::Socket);
        let is_own = || {
            let _bypass = Bypass::begin();
            paused().is_some_and(|world| {
                world.clock.reach_of(descriptor, 0, &mut Watched::default()) != Reach::Outside
            })
        };
        if span.is_none() && !is_own() {
            return Ok(());
        }
        let sets = |all: &mut Vec<libc::pollfd>| all.push(polled_for(descriptor, events));
        match poll::wait(span, ptr::null(), &sets, &mut || c_int::from(is_ready())) {
            // A call that blocks goes on after a signal's handler.
            Some(-1) if errno() == libc::EINTR => {}
            Some(-1) => return Err(errno()),
            Some(0) if span.is_some() && paused().is_some() => return Err(libc::EAGAIN),
            _ => return Ok(()),
        }
    }
}

/// Before something is read, or a connection accepted.
pub fn before_reading(descriptor: c_int) -> Result<(), c_int> {
    let Some(world) = paused() else { return Ok(()) };
    world.clock.note_input();
    drop(world);
    match kind(descriptor) {
        Kind::Other => Ok(()),
        kind => wait(descriptor, kind, libc::POLLIN),
    }
}

/// How much may be written.
pub enum Room {
    Any,
    /// So much does not block.
    Some(size_t),
    /// What a socket takes at once.
    Socket,
}

/// Before something is written.
pub fn before_writing(descriptor: c_int) -> Result<Room, c_int> {
    let Some(world) = paused() else { return Ok(Room::Any) };
    world.clock.note_input();
    drop(world);
    match kind(descriptor) {
        // What is sent by one call is one message elsewhere.
        Kind::Socket if option(descriptor, libc::SO_TYPE) == Some(libc::SOCK_STREAM) => Ok(Room::Socket),
        Kind::Pipe => wait(descriptor, Kind::Pipe, libc::POLLOUT).map(|()| Room::Some(libc::PIPE_BUF)),
        Kind::Socket | Kind::Anonymous | Kind::Other => Ok(Room::Any),
    }
}

/// Sends what a socket takes at once, as soon as it takes something.
///
/// # Safety
/// As `send`.
pub unsafe fn send_some(socket: c_int, buffer: *const c_void, length: size_t, flags: c_int) -> ssize_t {
    loop {
        if let Err(error) = wait(socket, Kind::Socket, libc::POLLOUT) {
            return fail(error) as ssize_t;
        }
        // SAFETY: the caller's arguments.
        let sent = unsafe { original::send(socket, buffer, length, flags | libc::MSG_DONTWAIT) };
        if sent >= 0 || errno() != libc::EAGAIN {
            return sent;
        }
        // Somebody else was faster, or it is sent to somebody outside: for him the clock stands still.
        if !poll::is_any_ready(&mut [polled_for(socket, libc::POLLOUT)]) {
            // SAFETY: as above.
            return unsafe { original::send(socket, buffer, length, flags) };
        }
    }
}

unsafe extern "C-unwind" fn send(
    socket: c_int,
    buffer: *const c_void,
    length: size_t,
    flags: c_int,
) -> ssize_t {
    let world = paused();
    world.as_ref().inspect(|world| world.clock.note_input());
    if flags & libc::MSG_DONTWAIT == 0 && world.is_some() && kind(socket) == Kind::Socket {
        drop(world);
        // SAFETY: the caller's arguments.
        return unsafe { send_some(socket, buffer, length, flags) };
    }
    // SAFETY: the caller's arguments.
    unsafe { original::send(socket, buffer, length, flags) }
}

/// The same for calls that are told not to block.
fn before_receiving(socket: c_int, flags: c_int) -> Result<(), c_int> {
    if flags & libc::MSG_DONTWAIT == 0 { before_reading(socket) } else { Ok(()) }
}

unsafe extern "C-unwind" fn recv(
    socket: c_int,
    buffer: *mut c_void,
    length: size_t,
    flags: c_int,
) -> ssize_t {
    match before_receiving(socket, flags) {
        Err(error) => fail(error) as ssize_t,
        // SAFETY: the caller's arguments.
        Ok(()) => unsafe { original::recv(socket, buffer, length, flags) },
    }
}

unsafe extern "C-unwind" fn recvfrom(
    socket: c_int,
    buffer: *mut c_void,
    length: size_t,
    flags: c_int,
    from: *mut sockaddr,
    size: *mut socklen_t,
) -> ssize_t {
    match before_receiving(socket, flags) {
        Err(error) => fail(error) as ssize_t,
        // SAFETY: the caller's arguments.
        Ok(()) => unsafe { original::recvfrom(socket, buffer, length, flags, from, size) },
    }
}

unsafe extern "C-unwind" fn recvmsg(socket: c_int, message: *mut msghdr, flags: c_int) -> ssize_t {
    match before_receiving(socket, flags) {
        Err(error) => fail(error) as ssize_t,
        // SAFETY: the caller's arguments.
        Ok(()) => unsafe { original::recvmsg(socket, message, flags) },
    }
}

/// With a time it gives what has come when there is something, rather than wait for more.
unsafe extern "C-unwind" fn recvmmsg(
    socket: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: Flags,
    span: *mut timespec,
) -> c_int {
    let waits = flags as c_int & libc::MSG_DONTWAIT == 0 && kind(socket) == Kind::Socket;
    // SAFETY: null, or the caller's.
    let (Some(given), true) = (unsafe { span.as_ref() }.copied(), waits && paused().is_some()) else {
        return match before_receiving(socket, flags as c_int) {
            Err(error) => fail(error),
            // SAFETY: the caller's arguments.
            Ok(()) => unsafe { original::recvmmsg(socket, messages, count, flags, span) },
        };
    };
    let mut is_ready = || c_int::from(poll::is_any_ready(&mut [polled_for(socket, libc::POLLIN)]));
    let sets = |all: &mut Vec<libc::pollfd>| all.push(polled_for(socket, libc::POLLIN));
    match poll::wait(Some(given), ptr::null(), &sets, &mut is_ready) {
        Some(-1) => return -1,
        Some(0) => return fail(libc::EAGAIN),
        _ => {}
    }
    // SAFETY: the caller's arguments.
    unsafe {
        original::recvmmsg(socket, messages, count, flags | libc::MSG_WAITFORONE as Flags, ptr::null_mut())
    }
}

unsafe extern "C-unwind" fn accept(socket: c_int, from: *mut sockaddr, size: *mut socklen_t) -> c_int {
    match before_reading(socket) {
        Err(error) => fail(error),
        // SAFETY: the caller's arguments.
        Ok(()) => unsafe { original::accept(socket, from, size) },
    }
}

unsafe extern "C-unwind" fn accept4(
    socket: c_int,
    from: *mut sockaddr,
    size: *mut socklen_t,
    flags: c_int,
) -> c_int {
    match before_reading(socket) {
        Err(error) => fail(error),
        // SAFETY: the caller's arguments.
        Ok(()) => unsafe { original::accept4(socket, from, size, flags) },
    }
}
