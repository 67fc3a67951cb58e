//! The network that a test has.
mod address;
mod names;
mod routes;

use crate::border::{Entry, errno, fail, functions};
use crate::guard::Guard;
use crate::violation::{By, Rule, owing};
use crate::world::{self, World};
use crate::{clock, system_call};
use address::Address;
pub(crate) use address::{is_loopback, read as read_address};
use libc::{addrinfo, c_char, c_int, c_void, mmsghdr, msghdr, sockaddr, socklen_t, ssize_t};
use monkey_core::border::{Bypass, Owing};
use routes::Routes;
use std::ffi::{CStr, CString};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::panic::Location;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

functions! {
    CONNECT = connect(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int => connect;
    LISTEN = listen(socket: c_int, backlog: c_int) -> c_int => listen;
    SENDTO = sendto(socket: c_int, buffer: *const c_void, size: usize, flags: c_int, address: *const sockaddr, length: socklen_t) -> ssize_t => sendto;
    SENDMSG = sendmsg(socket: c_int, message: *const msghdr, flags: c_int) -> ssize_t => sendmsg;
    SENDMMSG = sendmmsg(socket: c_int, messages: *mut mmsghdr, count: u32, flags: c_int) -> c_int => sendmmsg;
    GETADDRINFO = getaddrinfo(node: *const c_char, service: *const c_char, hints: *const addrinfo, results: *mut *mut addrinfo) -> c_int => getaddrinfo;
    GETHOSTBYNAME = gethostbyname(name: *const c_char) -> *mut c_void => gethostbyname;
    GETHOSTBYNAME2 = gethostbyname2(name: *const c_char, family: c_int) -> *mut c_void => gethostbyname2;
}

static ENTRIES: [&Entry; 14] = [
    &CONNECT,
    &SENDTO,
    &SENDMSG,
    &SENDMMSG,
    &GETADDRINFO,
    &GETHOSTBYNAME,
    &GETHOSTBYNAME2,
    &names::GETHOSTBYNAME_R,
    &names::GETHOSTBYNAME2_R,
    &names::GETHOSTBYADDR,
    &names::GETHOSTBYADDR_R,
    &names::GETNAMEINFO,
    &names::RES_QUERY,
    &system_call::SYSCALL,
];

/// What a world says of the network.
#[derive(Debug, Default)]
pub(crate) struct State {
    forbidden: AtomicUsize,
    /// Those of the guards that forbid which leave this machine's own addresses alone.
    loopback: AtomicUsize,
    routes: Routes,
}

impl State {
    fn forbids(&self, is_loopback: bool) -> bool {
        let forbidden = self.forbidden.load(SeqCst);
        forbidden != 0 && !(is_loopback && self.loopback.load(SeqCst) == forbidden)
    }
}

/// Lets the scope have the network again when it is dropped.
///
/// # Panics
/// When it is dropped, and the scope reached for the network: with whom it wanted, from where, on which thread.
#[must_use = "the network is open again when the guard is dropped"]
#[derive(Debug)]
pub struct Forbidden {
    // First: the scope may end with the guard.
    #[allow(dead_code, reason = "held for its drop")]
    owing: Owing,
    guard: Guard,
    loopback: bool,
    by: By,
}

/// Keeps the caller's scope off the network: who connects, sends to an address or resolves a name gets an error, and the
/// test fails, even if nobody looks at that error.
///
/// Sockets of the file system, and what [`route`] leads elsewhere, are no network.
///
/// ```should_panic
/// let _guard = monkey_kit::net::forbid();
/// let _ = std::net::TcpStream::connect("93.184.216.34:443");
/// ```
///
/// # Panics
/// When a function cannot be replaced.
#[track_caller]
pub fn forbid() -> Forbidden {
    let guard = Guard::new(&ENTRIES);
    guard.net.forbidden.fetch_add(1, SeqCst);
    let by = By::guard(guard.location);
    let owing = owing(&guard, Rule::Net, by);
    Forbidden { owing, guard, loopback: false, by }
}

impl Forbidden {
    /// Leaves the machine's own addresses alone: 127.0.0.0/8, `::1`, and the name `localhost`.
    ///
    /// ```
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let _guard = monkey_kit::net::forbid().but_loopback();
    /// std::net::TcpStream::connect(listener.local_addr()?)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn but_loopback(mut self) -> Self {
        if !self.loopback {
            self.guard.net.loopback.fetch_add(1, SeqCst);
        }
        self.loopback = true;
        self
    }

    pub(crate) fn for_hermetic(mut self, location: &'static Location<'static>) -> Self {
        self.by = By::hermetic(location);
        self.owing = owing(&self.guard, Rule::Net, self.by);
        self
    }
}

impl Drop for Forbidden {
    fn drop(&mut self) {
        if self.loopback {
            self.guard.net.loopback.fetch_sub(1, SeqCst);
        }
        self.guard.net.forbidden.fetch_sub(1, SeqCst);
        self.guard.violations.tell(Rule::Net, self.by);
    }
}

/// Takes its route away when it is dropped.
#[must_use = "the route is gone when the guard is dropped"]
#[derive(Debug)]
pub struct Route {
    guard: Guard,
    id: u64,
}

/// Leads what the caller's scope sends to a name and port, or to an address, to another address.
///
/// ```
/// use std::io::{Read, Write};
///
/// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let _route = monkey_kit::net::route("api.example.com:443", server.local_addr()?);
/// let mut client = std::net::TcpStream::connect("api.example.com:443")?;
/// client.write_all(b"hello")?;
/// drop(client);
/// let mut heard = String::new();
/// server.accept()?.0.read_to_string(&mut heard)?;
/// assert_eq!(heard, "hello");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
/// When `from` is not `NAME:PORT` or `ADDRESS:PORT`, when `to` is no address, or one of IPv6 and `from` of IPv4, or when a function cannot be
/// replaced.
#[track_caller]
pub fn route(from: &str, to: impl ToSocketAddrs) -> Route {
    let resolved = {
        let _bypass = Bypass::begin();
        to.to_socket_addrs().map(|mut all| all.next())
    };
    let Ok(Some(to)) = resolved else {
        panic!("`monkey::net::route({from:?}, ..)`: there is no address to lead to")
    };
    let of_older = from.parse::<SocketAddr>().is_ok_and(|from| from.is_ipv4());
    assert!(
        !(of_older && to.is_ipv6()),
        "`monkey::net::route`: {from} is an address of IPv4, and {to} is none\n  help: a socket for the one does not reach the other; lead it to \
         an address of IPv4"
    );
    let guard = Guard::new(&ENTRIES);
    let added = {
        let _bypass = Bypass::begin();
        guard.net.routes.add(from, to)
    };
    match added {
        Some(id) => Route { guard, id },
        None => panic!(
            "`monkey::net::route`: {from:?} is not NAME:PORT or ADDRESS:PORT\n  help: such as \"api.example.com:443\""
        ),
    }
}

impl Drop for Route {
    fn drop(&mut self) {
        let _bypass = Bypass::begin();
        self.guard.net.routes.remove(self.id);
    }
}

/// What a world wants of an address.
enum Way {
    Original,
    Instead(Address),
    Refused,
}

/// # Safety
/// The address is null or one of that length.
unsafe fn way(function: &'static str, doing: &str, address: *const sockaddr, length: socklen_t) -> Way {
    let Some(world) = world::enter() else { return Way::Original };
    let _bypass = Bypass::begin();
    // SAFETY: as the caller says.
    let Some(wanted) = (unsafe { address::read(address, length) }) else { return Way::Original };
    if let Some(to) = world.net.routes.lead(wanted) {
        // A socket of the newer family reaches addresses of the older one by what stands for them.
        let of_its_family = match to.ip() {
            IpAddr::V4(older) if wanted.is_ipv6() => {
                SocketAddr::new(older.to_ipv6_mapped().into(), to.port())
            }
            _ => to,
        };
        return Way::Instead(Address::new(of_its_family));
    }
    if world.net.forbids(is_loopback(wanted.ip())) {
        let what = match world.net.routes.name(wanted.ip()) {
            Some(name) => format!("{doing} {name}:{}", wanted.port()),
            None => format!("{doing} {wanted}"),
        };
        world.violations.add(Rule::Net, function, what);
        return Way::Refused;
    }
    Way::Original
}

/// Tells the world's clock which port of the machine's own addresses a socket of the scope has.
fn note_port(socket: c_int) {
    let Some(world) = world::enter().filter(|world| world.clock.counts()) else { return };
    let before = errno();
    let _bypass = Bypass::begin();
    clock::port(socket, libc::getsockname).inspect(|port| world.clock.add_port(*port));
    fail(before);
}

unsafe extern "C-unwind" fn listen(socket: c_int, backlog: c_int) -> c_int {
    // SAFETY: takes numbers.
    let result = unsafe { original::listen(socket, backlog) };
    note_port(socket);
    result
}

/// # Safety
/// As the function of this name.
pub(crate) unsafe extern "C-unwind" fn connect(
    socket: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> c_int {
    // SAFETY: the caller's arguments.
    let result = unsafe { led(socket, address, length) };
    note_port(socket);
    result
}

unsafe fn led(socket: c_int, address: *const sockaddr, length: socklen_t) -> c_int {
    // SAFETY: the caller's address.
    match unsafe { way("connect", "connect to", address, length) } {
        Way::Refused => fail(libc::EPERM),
        // SAFETY: the caller's socket, an address of our own.
        Way::Instead(to) => unsafe { original::connect(socket, to.as_ptr(), to.length()) },
        // SAFETY: the caller's arguments.
        Way::Original => unsafe { original::connect(socket, address, length) },
    }
}

unsafe extern "C-unwind" fn sendto(
    socket: c_int,
    buffer: *const c_void,
    size: usize,
    flags: c_int,
    address: *const sockaddr,
    length: socklen_t,
) -> ssize_t {
    // SAFETY: the caller's address.
    match unsafe { way("sendto", "send to", address, length) } {
        Way::Refused => fail(libc::EPERM) as ssize_t,
        // SAFETY: the caller's arguments, but for an address of our own.
        Way::Instead(to) => unsafe {
            original::sendto(socket, buffer, size, flags, to.as_ptr(), to.length())
        },
        // SAFETY: the caller's arguments.
        Way::Original => unsafe { original::sendto(socket, buffer, size, flags, address, length) },
    }
}

unsafe extern "C-unwind" fn sendmsg(socket: c_int, message: *const msghdr, flags: c_int) -> ssize_t {
    // SAFETY: the caller's message; the kernel would say so if it were null.
    let Some(given) = (unsafe { message.as_ref() }) else {
        return fail(libc::EFAULT) as ssize_t;
    };
    // SAFETY: the message's address.
    match unsafe { way("sendmsg", "send to", given.msg_name.cast(), given.msg_namelen) } {
        Way::Refused => fail(libc::EPERM) as ssize_t,
        Way::Instead(to) => {
            let mut led = *given;
            led.msg_name = to.as_ptr().cast_mut().cast();
            led.msg_namelen = to.length();
            // SAFETY: the caller's message, but for an address of our own.
            unsafe { original::sendmsg(socket, &raw const led, flags) }
        }
        // SAFETY: the caller's arguments.
        Way::Original => unsafe { original::sendmsg(socket, message, flags) },
    }
}

/// One message after the other: each has an address of its own.
unsafe extern "C-unwind" fn sendmmsg(
    socket: c_int,
    messages: *mut mmsghdr,
    count: u32,
    flags: c_int,
) -> c_int {
    if world::enter().is_none() || messages.is_null() {
        // SAFETY: the caller's arguments.
        return unsafe { original::sendmmsg(socket, messages, count, flags) };
    }
    for index in 0..count as usize {
        // SAFETY: within the caller's array.
        let message = unsafe { &mut *messages.wrapping_add(index) };
        // SAFETY: the caller's message.
        let sent = unsafe { sendmsg(socket, &raw const message.msg_hdr, flags) };
        if sent < 0 {
            return if index == 0 { -1 } else { index as c_int };
        }
        message.msg_len = sent as u32;
    }
    count as c_int
}

/// What a world says of a name.
enum Name {
    Original,
    /// Another name, of an address that is led elsewhere.
    Instead(CString),
    Refused,
}

/// # Safety
/// The name is null or ends with a zero.
unsafe fn ask(function: &'static str, name: *const c_char) -> Name {
    let Some(world) = world::enter().filter(|_| !name.is_null()) else { return Name::Original };
    let _bypass = Bypass::begin();
    // SAFETY: the caller's name.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
    if let Some(address) = world.net.routes.address_of(&name) {
        return CString::new(address.to_string()).map_or(Name::Refused, Name::Instead);
    }
    if refuses(&world, &name) {
        world.violations.add(Rule::Net, function, format!("resolve {name}"));
        return Name::Refused;
    }
    Name::Original
}

/// An address needs no network to be resolved.
fn refuses(world: &World, name: &str) -> bool {
    let is_address = name.parse::<IpAddr>().is_ok();
    !is_address && world.net.forbids(name.eq_ignore_ascii_case("localhost"))
}

unsafe extern "C-unwind" fn getaddrinfo(
    node: *const c_char,
    service: *const c_char,
    hints: *const addrinfo,
    results: *mut *mut addrinfo,
) -> c_int {
    // SAFETY: the caller's name.
    let name = unsafe { ask("getaddrinfo", node) };
    // What the resolver itself connects to is not the test's doing.
    let _bypass = Bypass::begin();
    match name {
        Name::Refused => libc::EAI_FAIL,
        // SAFETY: the caller's arguments, but for a name of our own.
        Name::Instead(name) => unsafe { original::getaddrinfo(name.as_ptr(), service, hints, results) },
        // SAFETY: the caller's arguments.
        Name::Original => unsafe { original::getaddrinfo(node, service, hints, results) },
    }
}

unsafe extern "C-unwind" fn gethostbyname(name: *const c_char) -> *mut c_void {
    // SAFETY: the caller's name.
    let asked = unsafe { ask("gethostbyname", name) };
    let _bypass = Bypass::begin();
    match asked {
        Name::Refused => ptr::null_mut(),
        // SAFETY: a name of our own.
        Name::Instead(name) => unsafe { original::gethostbyname(name.as_ptr()) },
        // SAFETY: the caller's argument.
        Name::Original => unsafe { original::gethostbyname(name) },
    }
}

unsafe extern "C-unwind" fn gethostbyname2(name: *const c_char, family: c_int) -> *mut c_void {
    // SAFETY: the caller's name.
    let asked = unsafe { ask("gethostbyname2", name) };
    let _bypass = Bypass::begin();
    match asked {
        Name::Refused => ptr::null_mut(),
        // SAFETY: a name of our own.
        Name::Instead(name) => unsafe { original::gethostbyname2(name.as_ptr(), family) },
        // SAFETY: the caller's arguments.
        Name::Original => unsafe { original::gethostbyname2(name, family) },
    }
}
