//! The process's map, by `mach_vm_region_recurse` from one region to the next.
use super::pages::this_task;
use crate::code::map::{Map, Region};
use mach2::kern_return::KERN_SUCCESS;
use mach2::vm::mach_vm_region_recurse;
use mach2::vm_prot::{VM_PROT_EXECUTE, VM_PROT_READ, VM_PROT_WRITE, vm_prot_t};
use mach2::vm_region::vm_region_submap_short_info_64;
use std::io;

/// The first address that is not the program's to use.
const HIGHEST: usize = 0x7FFF_FE00_0000;

/// One reading of all regions.
pub fn read_map() -> io::Result<Map> {
    let mut regions = Vec::new();
    let mut at = 0;
    while let Some(found) = query(at) {
        at = found.end;
        regions.push(Region {
            start: found.start,
            end: found.end,
            read: found.protection & VM_PROT_READ != 0,
            write: found.protection & VM_PROT_WRITE != 0,
            execute: found.protection & VM_PROT_EXECUTE != 0,
            name: String::new(),
        });
    }
    if regions.is_empty() {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let (start, end) = (at.max(HIGHEST), usize::MAX);
    regions.push(Region { start, end, read: false, write: false, execute: false, name: String::new() });
    Ok(Map { regions, unread: None })
}

/// What the kernel says of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    pub start: usize,
    pub end: usize,
    pub protection: vm_prot_t,
}

/// The region around an address, or the next one behind it. Allocates nothing.
pub fn query(address: usize) -> Option<Found> {
    let (mut start, mut size, mut depth) = (address as u64, 0, 0);
    loop {
        let mut information = vm_region_submap_short_info_64::default();
        let mut count = vm_region_submap_short_info_64::count();
        let into = (&raw mut information).cast();
        // SAFETY: each pointer is to a variable of its type, and the count is that of the information's words.
        let told = unsafe {
            mach_vm_region_recurse(
                this_task(),
                &raw mut start,
                &raw mut size,
                &raw mut depth,
                into,
                &raw mut count,
            )
        };
        if told != KERN_SUCCESS {
            return None;
        }
        if information.is_submap == 0 {
            let end = start.saturating_add(size);
            return Some(Found {
                start: start as usize,
                end: end as usize,
                protection: information.protection,
            });
        }
        // What all processes share is a map within the map, told of from where it begins: the address may lie further in.
        start = start.max(address as u64);
        depth += 1;
    }
}
