//! From how far away a descriptor may become ready.
use super::State;
use super::slot::Slot;
use libc::{c_int, c_void, socklen_t};
use std::sync::PoisonError;

/// The farthest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Only the process itself makes it ready, and at once: an event, a pipe, a timer.
    Inside,
    /// A socket of the scope's own, or one that nobody is connected to: what was sent may take a moment.
    Sockets,
    /// Another program, another machine, or a thread outside the scope.
    Outside,
}

/// What is waited for that others may make ready.
#[derive(Debug, Default)]
pub struct Watched {
    /// Descriptors that reach outside.
    pub outside: Vec<c_int>,
    /// Whether there is a socket, to which a program that was started may connect.
    pub has_sockets: bool,
}

impl State {
    /// How far what a thread polls for reaches. What others may make ready is noted.
    pub fn reach(&self, slot: &Slot, watched: &mut Watched) -> Reach {
        let descriptors = slot.descriptors.lock().unwrap_or_else(PoisonError::into_inner);
        let own = slot.event.load(std::sync::atomic::Ordering::SeqCst);
        let others = descriptors.iter().filter(|descriptor| **descriptor != own && **descriptor >= 0);
        others.map(|descriptor| self.reach_of(*descriptor, 0, watched)).max().unwrap_or(Reach::Inside)
    }

    pub fn reach_of(&self, descriptor: c_int, depth: usize, watched: &mut Watched) -> Reach {
        let target = link(descriptor);
        let target = target.as_slice();
        let reach = match target {
            b"anon_inode:[eventpoll]" if depth < 4 => {
                let all = registered(descriptor);
                all.into_iter()
                    .map(|registered| self.reach_of(registered, depth + 1, watched))
                    .max()
                    .unwrap_or(Reach::Inside)
            }
            b"anon_inode:[eventfd]" | b"anon_inode:[timerfd]" | b"anon_inode:[signalfd]" | b"" => {
                Reach::Inside
            }
            _ if target.starts_with(b"pipe:") && is_own_pipe(descriptor, target) => Reach::Inside,
            _ if target.starts_with(b"socket:") => {
                watched.has_sockets = true;
                self.reach_of_socket(descriptor)
            }
            _ => Reach::Outside,
        };
        if reach == Reach::Outside && !target.ends_with(b"[eventpoll]") {
            watched.outside.push(descriptor);
        }
        reach
    }

    fn reach_of_socket(&self, socket: c_int) -> Reach {
        if option(socket, libc::SO_DOMAIN) == Some(libc::AF_UNIX) {
            return if is_own_peer(socket) { Reach::Inside } else { Reach::Outside };
        }
        if option(socket, libc::SO_ACCEPTCONN) == Some(1) {
            return Reach::Sockets;
        }
        match port(socket, libc::getpeername) {
            Some(port) if self.ports.has(port) => Reach::Sockets,
            None if option(socket, libc::SO_TYPE) == Some(libc::SOCK_DGRAM) => Reach::Sockets,
            _ => Reach::Outside,
        }
    }
}

pub fn option(socket: c_int, name: c_int) -> Option<c_int> {
    let (mut value, mut length) = (0, size_of::<c_int>() as socklen_t);
    // SAFETY: room for the value, and its size.
    let result = unsafe {
        libc::getsockopt(socket, libc::SOL_SOCKET, name, (&raw mut value).cast::<c_void>(), &raw mut length)
    };
    (result == 0).then_some(value)
}

/// Whether a program that this process has started is running, as far as the kernel tells without taking its end from who waits for that.
pub fn has_program() -> bool {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: a struct of numbers.
    let mut ended: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: room for what is told.
    let result = unsafe { libc::waitid(libc::P_ALL, 0, &raw mut ended, options) };
    // SAFETY: written, or zeros.
    result == 0 && unsafe { ended.si_pid() } == 0
}

/// Whether this process has a pipe's other end: that of a program's output it has not.
fn is_own_pipe(descriptor: c_int, target: &[u8]) -> bool {
    // SAFETY: takes numbers.
    let mode = |descriptor| unsafe { libc::fcntl(descriptor, libc::F_GETFL) } & libc::O_ACCMODE;
    let own = mode(descriptor);
    let Ok(all) = std::fs::read_dir("/proc/self/fd") else { return true };
    for entry in all.flatten() {
        let other = entry.file_name().to_str().and_then(|name| name.parse::<c_int>().ok());
        let Some(other) = other.filter(|other| *other != descriptor) else { continue };
        if link(other) == target && (mode(other) != own || own == libc::O_RDWR) {
            return true;
        }
    }
    own == libc::O_RDWR
}

/// Whether a local socket's other end is this process's, as those of signal handlers are, or there is none.
fn is_own_peer(socket: c_int) -> bool {
    let mut peer = libc::ucred { pid: 0, uid: 0, gid: 0 };
    let mut length = size_of::<libc::ucred>() as socklen_t;
    let place = (&raw mut peer).cast::<c_void>();
    // SAFETY: room for the credentials, and their size.
    let result =
        unsafe { libc::getsockopt(socket, libc::SOL_SOCKET, libc::SO_PEERCRED, place, &raw mut length) };
    // SAFETY: takes nothing, changes nothing.
    result != 0 || peer.pid == 0 || peer.pid == unsafe { libc::getpid() }
}

type Name = unsafe extern "C" fn(c_int, *mut libc::sockaddr, *mut socklen_t) -> c_int;

/// The port at one end of a socket, if it is the machine's own address.
pub fn port(socket: c_int, name: Name) -> Option<u16> {
    // SAFETY: a struct of numbers.
    let mut storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::sockaddr_storage>() as socklen_t;
    let address = (&raw mut storage).cast();
    // SAFETY: room for any address, and its size.
    if unsafe { name(socket, address, &raw mut length) } != 0 {
        return None;
    }
    // SAFETY: what the system has written there.
    let address = unsafe { crate::net::read_address(address, length) }?;
    crate::net::is_loopback(address.ip()).then_some(address.port())
}

/// What `/proc` says a descriptor is.
fn link(descriptor: c_int) -> Vec<u8> {
    let path = format!("/proc/self/fd/{descriptor}\0");
    let mut text = vec![0; 64];
    // SAFETY: a path that ends with a zero, and room of this size.
    let length = unsafe { libc::readlink(path.as_ptr().cast(), text.as_mut_ptr().cast(), text.len()) };
    text.truncate(length.max(0) as usize);
    text
}

/// The descriptors that are registered with an `epoll`.
fn registered(epoll: c_int) -> Vec<c_int> {
    let mut found = Vec::new();
    read_small(&format!("/proc/self/fdinfo/{epoll}\0"), |text| {
        for line in String::from_utf8_lossy(text).lines() {
            let number = line.strip_prefix("tfd:").and_then(|rest| rest.split_whitespace().next());
            found.extend(number.and_then(|number| number.parse::<c_int>().ok()));
        }
        true
    });
    found
}

/// Reads a file of `/proc`, whose path ends with a zero, and looks at it. False if there is none.
pub fn read_small(path: &str, look: impl FnOnce(&[u8]) -> bool) -> bool {
    const SIZE: usize = 16 * 1024;
    // SAFETY: a path that ends with a zero.
    let file = unsafe { libc::open(path.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC) };
    if file < 0 {
        return false;
    }
    let mut text = vec![0; if path.contains("stat") { 512 } else { SIZE }];
    // SAFETY: room of this size.
    let length = unsafe { libc::read(file, text.as_mut_ptr().cast(), text.len()) };
    // SAFETY: opened above, and nobody else's.
    unsafe { libc::close(file) };
    look(&text[..length.max(0) as usize])
}
