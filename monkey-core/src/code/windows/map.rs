//! The process's map, by `VirtualQuery` from one region to the next.
use super::api::{self, MEM_COMMIT, MEM_FREE, MemoryInformation};
use super::pages;
use crate::code::map::{Map, Region};
use std::io;

/// One reading of all regions.
pub fn read_map() -> io::Result<Map> {
    let mut regions = Vec::new();
    let mut at = 0;
    while let Some(information) = query(at) {
        at = information.base + information.size;
        if information.state != MEM_FREE {
            regions.push(region(&information));
        }
    }
    // What lies between the last free address and the end of the user's addresses is nobody's.
    let highest = pages::highest();
    regions.push(Region { start: highest, end: usize::MAX, ..nothing() });
    if regions.len() < 2 {
        return Err(io::Error::last_os_error());
    }
    Ok(Map { regions, unread: None })
}

fn nothing() -> Region {
    Region { start: 0, end: 0, read: false, write: false, execute: false, name: String::new() }
}

/// What the system knows of the region around an address; `None` behind the last one.
pub fn query(address: usize) -> Option<MemoryInformation> {
    let mut information = MemoryInformation {
        base: 0,
        allocation: 0,
        allocation_protection: 0,
        partition: 0,
        size: 0,
        state: 0,
        protection: 0,
        kind: 0,
    };
    // SAFETY: writes one structure of this size, and only asks about the address.
    let written = unsafe {
        api::VirtualQuery(address as *const _, &raw mut information, size_of::<MemoryInformation>())
    };
    (written != 0 && information.size != 0).then_some(information)
}

/// `MEM_IMAGE`.
const IMAGE: u32 = 0x100_0000;

fn region(information: &MemoryInformation) -> Region {
    let committed = information.state == MEM_COMMIT;
    // The lowest byte is one of eight kinds of access; above it are modifiers, such as that of guard pages (0x100).
    let guard = information.protection & 0x100 != 0;
    let access = if committed && !guard { information.protection & 0xFF } else { 0 };
    Region {
        start: information.base,
        end: information.base + information.size,
        read: matches!(access, 0x02 | 0x04 | 0x08 | 0x20 | 0x40 | 0x80),
        write: matches!(access, 0x04 | 0x08 | 0x40 | 0x80),
        execute: matches!(access, 0x10 | 0x20 | 0x40 | 0x80),
        name: if information.kind == IMAGE { "a loaded file".into() } else { String::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_and_data_are_told_apart() {
        static DATA: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(1);
        let map = read_map().unwrap();
        let code = map.find(query as *const () as usize).unwrap();
        assert_eq!((code.protection().as_str(), code.name.as_str()), ("r-x", "a loaded file"));
        assert_eq!(map.find(DATA.as_ptr() as usize).unwrap().protection(), "rw-");
        assert!(map.find(8).is_none());
    }
}
