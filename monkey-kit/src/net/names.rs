//! Further functions that resolve names and addresses.
use super::{Name, ask, is_loopback, read_address};
use crate::border::functions;
use crate::violation::Rule;
use crate::world;
use libc::{c_char, c_int, c_uchar, c_void, sockaddr, socklen_t};
use monkey_core::border::Bypass;
use std::ptr;

functions! {
    GETHOSTBYNAME_R = gethostbyname_r(name: *const c_char, host: *mut c_void, buffer: *mut c_char, size: usize, result: *mut *mut c_void, error: *mut c_int) -> c_int => gethostbyname_r;
    GETHOSTBYNAME2_R = gethostbyname2_r(name: *const c_char, family: c_int, host: *mut c_void, buffer: *mut c_char, size: usize, result: *mut *mut c_void, error: *mut c_int) -> c_int => gethostbyname2_r;
    GETHOSTBYADDR = gethostbyaddr(address: *const c_void, length: socklen_t, family: c_int) -> *mut c_void => gethostbyaddr;
    GETHOSTBYADDR_R = gethostbyaddr_r(address: *const c_void, length: socklen_t, family: c_int, host: *mut c_void, buffer: *mut c_char, size: usize, result: *mut *mut c_void, error: *mut c_int) -> c_int => gethostbyaddr_r;
    GETNAMEINFO = getnameinfo(address: *const sockaddr, length: socklen_t, host: *mut c_char, host_size: socklen_t, service: *mut c_char, service_size: socklen_t, flags: c_int) -> c_int => getnameinfo;
    RES_QUERY = res_query(name: *const c_char, class: c_int, kind: c_int, answer: *mut c_uchar, size: c_int) -> c_int => res_query;
}

/// `NO_RECOVERY` of `netdb.h`.
const NO_RECOVERY: c_int = 3;

/// Gives no host.
///
/// # Safety
/// There is room for what is written, or null.
unsafe fn no_host(result: *mut *mut c_void, error: *mut c_int) -> c_int {
    // SAFETY: as the caller says.
    unsafe { result.as_mut() }.into_iter().for_each(|result| *result = ptr::null_mut());
    // SAFETY: as above.
    unsafe { error.as_mut() }.into_iter().for_each(|error| *error = NO_RECOVERY);
    libc::EAGAIN
}

/// Looks a host up by the name, or by that of a route, if the scope's world does not forbid it.
///
/// # Safety
/// The name is one, and there is room for what is written, or null.
unsafe fn by_name(
    function: &'static str,
    name: *const c_char,
    result: *mut *mut c_void,
    error: *mut c_int,
    original: impl FnOnce(*const c_char) -> c_int,
) -> c_int {
    // SAFETY: as the caller says.
    let asked = unsafe { ask(function, name) };
    let _bypass = Bypass::begin();
    match &asked {
        // SAFETY: as above.
        Name::Refused => unsafe { no_host(result, error) },
        Name::Instead(name) => original(name.as_ptr()),
        Name::Original => original(name),
    }
}

unsafe extern "C-unwind" fn gethostbyname_r(
    name: *const c_char,
    host: *mut c_void,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut c_void,
    error: *mut c_int,
) -> c_int {
    // SAFETY: the caller's arguments, but for a name of our own.
    let original = |name| unsafe { original::gethostbyname_r(name, host, buffer, size, result, error) };
    // SAFETY: the caller's name and places.
    unsafe { by_name("gethostbyname_r", name, result, error, original) }
}

unsafe extern "C-unwind" fn gethostbyname2_r(
    name: *const c_char,
    family: c_int,
    host: *mut c_void,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut c_void,
    error: *mut c_int,
) -> c_int {
    // SAFETY: the caller's arguments, but for a name of our own.
    let original =
        |name| unsafe { original::gethostbyname2_r(name, family, host, buffer, size, result, error) };
    // SAFETY: the caller's name and places.
    unsafe { by_name("gethostbyname2_r", name, result, error, original) }
}

/// Whether the caller's world forbids to ask whose an address is; if so, that is noted.
fn refuses_address(function: &'static str, is_own: bool) -> bool {
    let Some(world) = world::enter().filter(|world| world.net.forbids(is_own)) else { return false };
    let _bypass = Bypass::begin();
    world.violations.add(Rule::Net, function, "resolve an address".to_owned());
    true
}

unsafe extern "C-unwind" fn gethostbyaddr(
    address: *const c_void,
    length: socklen_t,
    family: c_int,
) -> *mut c_void {
    if refuses_address("gethostbyaddr", false) {
        return ptr::null_mut();
    }
    let _bypass = Bypass::begin();
    // SAFETY: the caller's arguments.
    unsafe { original::gethostbyaddr(address, length, family) }
}

unsafe extern "C-unwind" fn gethostbyaddr_r(
    address: *const c_void,
    length: socklen_t,
    family: c_int,
    host: *mut c_void,
    buffer: *mut c_char,
    size: usize,
    result: *mut *mut c_void,
    error: *mut c_int,
) -> c_int {
    if refuses_address("gethostbyaddr_r", false) {
        // SAFETY: the caller's places.
        return unsafe { no_host(result, error) };
    }
    let _bypass = Bypass::begin();
    // SAFETY: the caller's arguments.
    unsafe { original::gethostbyaddr_r(address, length, family, host, buffer, size, result, error) }
}

unsafe extern "C-unwind" fn getnameinfo(
    address: *const sockaddr,
    length: socklen_t,
    host: *mut c_char,
    host_size: socklen_t,
    service: *mut c_char,
    service_size: socklen_t,
    flags: c_int,
) -> c_int {
    let is_asked = !host.is_null() && host_size > 0 && flags & libc::NI_NUMERICHOST == 0;
    // SAFETY: the caller's address.
    let is_own = || unsafe { read_address(address, length) }.is_some_and(|address| is_loopback(address.ip()));
    if is_asked && refuses_address("getnameinfo", is_own()) {
        return libc::EAI_FAIL;
    }
    let _bypass = Bypass::begin();
    // SAFETY: the caller's arguments.
    unsafe { original::getnameinfo(address, length, host, host_size, service, service_size, flags) }
}

unsafe extern "C-unwind" fn res_query(
    name: *const c_char,
    class: c_int,
    kind: c_int,
    answer: *mut c_uchar,
    size: c_int,
) -> c_int {
    // SAFETY: the caller's name.
    if matches!(unsafe { ask("res_query", name) }, Name::Refused) {
        return -1;
    }
    let _bypass = Bypass::begin();
    // SAFETY: the caller's arguments.
    unsafe { original::res_query(name, class, kind, answer, size) }
}
