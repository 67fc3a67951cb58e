//! Socket addresses as the C library has them.
use libc::{c_int, sockaddr, sockaddr_in, sockaddr_in6, socklen_t};
use std::mem::offset_of;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Reads one of the internet's; others are no network.
///
/// # Safety
/// It is null or of this length.
pub unsafe fn read(address: *const sockaddr, length: socklen_t) -> Option<SocketAddr> {
    let length = length as usize;
    if address.is_null() || length < size_of::<libc::sa_family_t>() {
        return None;
    }
    let family = address.wrapping_byte_add(offset_of!(sockaddr, sa_family)).cast::<libc::sa_family_t>();
    // SAFETY: within the length.
    let family = c_int::from(unsafe { family.read_unaligned() });
    match family {
        libc::AF_INET if length >= size_of::<sockaddr_in>() => {
            // SAFETY: of this length.
            let v4 = unsafe { address.cast::<sockaddr_in>().read_unaligned() };
            let ip = v4.sin_addr.s_addr.to_ne_bytes();
            Some(SocketAddrV4::new(ip.into(), u16::from_be(v4.sin_port)).into())
        }
        libc::AF_INET6 if length >= size_of::<sockaddr_in6>() => {
            // SAFETY: of this length.
            let v6 = unsafe { address.cast::<sockaddr_in6>().read_unaligned() };
            let (ip, port) = (v6.sin6_addr.s6_addr, u16::from_be(v6.sin6_port));
            Some(SocketAddrV6::new(ip.into(), port, v6.sin6_flowinfo, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}

/// Whether it is one of the machine's own.
pub fn is_loopback(ip: IpAddr) -> bool {
    let ip = ip.to_canonical();
    ip.is_loopback() || ip.is_unspecified()
}

/// An address in the C library's form.
pub enum Address {
    V4(sockaddr_in),
    V6(sockaddr_in6),
}

impl Address {
    pub fn new(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(v4) => Self::V4(sockaddr_in {
                sin_family: libc::AF_INET as libc::sa_family_t,
                sin_port: v4.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(v4.ip().octets()) },
                sin_zero: [0; 8],
            }),
            SocketAddr::V6(v6) => Self::V6(sockaddr_in6 {
                sin6_family: libc::AF_INET6 as libc::sa_family_t,
                sin6_port: v6.port().to_be(),
                sin6_flowinfo: v6.flowinfo(),
                sin6_addr: libc::in6_addr { s6_addr: v6.ip().octets() },
                sin6_scope_id: v6.scope_id(),
            }),
        }
    }

    pub fn as_ptr(&self) -> *const sockaddr {
        match self {
            Self::V4(v4) => (&raw const *v4).cast(),
            Self::V6(v6) => (&raw const *v6).cast(),
        }
    }

    pub fn length(&self) -> socklen_t {
        let length = match self {
            Self::V4(_) => size_of::<sockaddr_in>(),
            Self::V6(_) => size_of::<sockaddr_in6>(),
        };
        length as socklen_t
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in ["127.0.0.1:80", "[2001:db8::1%3]:65535"] {
            let address: SocketAddr = text.parse().unwrap();
            let written = Address::new(address);
            // SAFETY: of its length.
            assert_eq!(unsafe { read(written.as_ptr(), written.length()) }, Some(address));
            // SAFETY: shorter than it is.
            assert_eq!(unsafe { read(written.as_ptr(), 3) }, None);
        }
    }

    #[test]
    fn the_machines_own_addresses_are_known() {
        let own = ["127.9.9.9", "::1", "::ffff:127.0.0.1", "0.0.0.0"];
        assert!(own.iter().all(|ip| is_loopback(ip.parse().unwrap())));
        assert!(!is_loopback("10.0.0.1".parse().unwrap()));
    }
}
