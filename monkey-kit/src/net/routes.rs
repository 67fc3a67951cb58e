//! Where names and addresses lead.
//!
//! A name that is led somewhere gets an address of its own, of a range that is nobody's (RFC 2544, RFC 4193), so that what is
//! connected to it later is known.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
struct Led {
    id: u64,
    /// `None` for an address.
    name: Option<String>,
    from: SocketAddr,
    to: SocketAddr,
}

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    led: Vec<Led>,
}

/// The routes of a world, the newest last.
#[derive(Debug, Default)]
pub struct Routes(Mutex<Inner>);

impl Routes {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its id; `None` if `from` is neither an address nor a name with a port.
    pub fn add(&self, from: &str, to: SocketAddr) -> Option<u64> {
        let mut inner = self.inner();
        inner.next += 1;
        let id = inner.next;
        let led = if let Ok(from) = from.parse() {
            Led { id, name: None, from, to }
        } else {
            let (name, port) = from.rsplit_once(':')?;
            let port = port.parse().ok()?;
            let is_name = !name.is_empty() && !name.contains([':', '/', '@']);
            let name = is_name.then(|| name.to_ascii_lowercase())?;
            let known = inner
                .led
                .iter()
                .find(|led| led.name.as_ref() == Some(&name) && led.to.is_ipv4() == to.is_ipv4());
            let ip = known.map_or_else(|| invented(id, to), |led| led.from.ip());
            Led { id, name: Some(name), from: SocketAddr::new(ip, port), to }
        };
        inner.led.push(led);
        Some(id)
    }

    pub fn remove(&self, id: u64) {
        self.inner().led.retain(|led| led.id != id);
    }

    /// Where an address leads.
    pub fn lead(&self, from: SocketAddr) -> Option<SocketAddr> {
        let inner = self.inner();
        let is_same =
            |led: &&Led| led.from.ip() == from.ip().to_canonical() && led.from.port() == from.port();
        inner.led.iter().rev().find(is_same).map(|led| led.to)
    }

    /// The address that stands for a name.
    pub fn address_of(&self, name: &str) -> Option<IpAddr> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let inner = self.inner();
        inner.led.iter().rev().find(|led| led.name.as_ref() == Some(&name)).map(|led| led.from.ip())
    }

    /// The name that an address stands for.
    pub fn name(&self, ip: IpAddr) -> Option<String> {
        self.inner().led.iter().find(|led| led.from.ip() == ip).and_then(|led| led.name.clone())
    }
}

/// Of the family of what it leads to: the socket is made for it.
fn invented(id: u64, to: SocketAddr) -> IpAddr {
    let [high, low] = (id as u16).to_be_bytes();
    match to {
        SocketAddr::V4(_) => Ipv4Addr::new(198, 18, high, low).into(),
        SocketAddr::V6(_) => Ipv6Addr::new(0xfd6d, 0x6f6e, 0x6b65, 0x7900, 0, 0, 0, id as u16).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_lead_elsewhere() {
        let routes = Routes::default();
        let (first, second) = ("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap());
        let id = routes.add("API.example.com:443", first).unwrap();
        routes.add("api.example.com:80", second).unwrap();
        routes.add("10.0.0.1:5432", second).unwrap();
        let ip = routes.address_of("api.Example.com.").unwrap();
        assert_eq!(routes.lead(SocketAddr::new(ip, 443)), Some(first));
        assert_eq!(routes.lead(SocketAddr::new(ip, 80)), Some(second));
        assert_eq!(routes.lead("10.0.0.1:5432".parse().unwrap()), Some(second));
        assert_eq!(routes.lead("10.0.0.1:5433".parse().unwrap()), None);
        routes.remove(id);
        assert_eq!(routes.lead(SocketAddr::new(ip, 443)), None);
        for wrong in ["", "name", ":80", "name:", "name:http", "https://name:80"] {
            assert_eq!(routes.add(wrong, first), None, "{wrong}");
        }
    }
}
