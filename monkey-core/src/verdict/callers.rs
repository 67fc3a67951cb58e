//! Which places called, and how often.
use crate::image::{self, Caller};
use crate::sorted::{SortedMap, sort_by};
use std::fmt::Write as _;

/// So many of the last calls are told apart.
pub const MOST: usize = 32;

/// Places that are worth naming.
const PLACES: usize = 8;

/// Says where the counted calls came from.
pub fn tell(return_addresses: &[usize], calls: u64, text: &mut String) {
    debug_assert!(return_addresses.len() <= MOST);
    let Some(places) = places(return_addresses) else { return };
    let which = if calls > return_addresses.len() as u64 {
        format!("the last {} calls came", return_addresses.len())
    } else {
        "it was called".to_owned()
    };
    let _ = write!(text, "\n  note: {which} {places}");
}

/// `from shop::total (src/shop.rs:12) twice, from shop::tax (src/shop.rs:40) once`; `None` where no place is known.
pub fn places(return_addresses: &[usize]) -> Option<String> {
    let mut by_address: SortedMap<usize, u64> = SortedMap::new();
    for address in return_addresses {
        *by_address.get_or_insert_with(*address, u64::default) += 1;
    }
    // One line may have several calls.
    let mut by_place: Vec<(Caller, u64)> = Vec::new();
    for (address, count) in by_address {
        let Some(caller) = image::caller(address) else { continue };
        match by_place.iter_mut().find(|(own, _)| *own == caller) {
            Some((_, known)) => *known += count,
            None => by_place.push((caller, count)),
        }
    }
    sort_by(&mut by_place, &|one, other| other.1.cmp(&one.1));
    let more = by_place.len().saturating_sub(PLACES);
    let told = by_place
        .iter()
        .take(PLACES)
        .map(|(caller, count)| format!("from {} {}", place(caller), times(*count)));
    let mut told: Vec<String> = told.collect();
    if more > 0 {
        told.push(format!("from {more} further places"));
    }
    (!told.is_empty()).then(|| told.join(", "))
}

pub fn place(caller: &Caller) -> String {
    match (&caller.file, caller.line) {
        (Some(file), Some(line)) => format!("{} ({file}:{line})", caller.function),
        _ => caller.function.clone(),
    }
}

pub fn times(calls: u64) -> String {
    match calls {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{calls} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_one_function_are_counted_together() {
        let own: fn() = calls_of_one_function_are_counted_together;
        // A return address is behind the call, so at least one byte into the function.
        let (here, there) = (own as usize + 1, tell as fn(&[usize], u64, &mut String) as usize + 1);
        let text = places(&[here, there, here]).unwrap();
        let (first, second) = text.split_once(", ").unwrap();
        assert!(first.contains("calls_of_one_function") && first.ends_with(" twice"), "{text}");
        assert!(
            second.starts_with("from monkey_core::verdict::callers::tell") && second.ends_with(" once"),
            "{text}"
        );
        assert_eq!(places(&[]), None);
        assert_eq!(places(&[8]), None, "no code");
    }

    #[test]
    fn more_calls_than_are_known_are_the_last_ones() {
        let own: fn() = more_calls_than_are_known_are_the_last_ones;
        let mut text = String::new();
        tell(&[own as usize + 1], 40, &mut text);
        assert!(text.starts_with("\n  note: the last 1 calls came from "), "{text}");
    }
}
