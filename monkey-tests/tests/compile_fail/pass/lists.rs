//! Every form of a list that must compile, without a warning in the crate that has it. Nothing here runs.
#![deny(warnings, clippy::all, clippy::pedantic, unused_qualifications)]
#![forbid(unsafe_code)]
#![allow(dead_code, clippy::elidable_lifetime_names, clippy::unused_self)]

use std::io;
use std::time::SystemTime;

fn now() -> u64 {
    1
}
fn frozen() -> u64 {
    2
}
fn scope() -> u64 {
    3
}
fn parse<T: Default>(_: &str) -> T {
    T::default()
}
fn three(_: &str) -> u32 {
    3
}
fn first<'a>(left: &'a str, _: &str) -> &'a str {
    left
}
extern "C" fn foreign(value: i32) -> i32 {
    value
}
extern "C" fn stand_in(value: i32) -> i32 {
    value + 1
}
async fn later() -> u64 {
    std::future::ready(now()).await
}

struct Disk {
    name: String,
}
trait Store {
    fn put(&mut self, key: u32) -> bool;
}
impl Store for Disk {
    fn put(&mut self, _: u32) -> bool {
        true
    }
}
impl Disk {
    fn name(&self) -> &str {
        &self.name
    }

    #[monkey::with(replace(now = frozen))]
    fn name_mut(&mut self) -> &mut String {
        now();
        &mut self.name
    }

    #[monkey::with(replace(Self::name = |_: &Self| "x"), scope = process)]
    fn of<'a>(&'a self, other: &'a Self) -> Option<&'a str> {
        if now() == 1 {
            return None;
        }
        Some(other.name())
    }

    #[monkey::with(replace(now = || 5))]
    async fn wait(&mut self, by: u64) -> io::Result<u64> {
        if by == 0 {
            return Err(io::ErrorKind::Other.into());
        }
        Ok(later().await + by)
    }
}

#[monkey::with()]
fn empty() {}

#[monkey::with(replace(), expect())]
fn empty_lists(mut value: u32) -> u32 {
    value += 1;
    value
}

#[monkey::with(
    replace(
        now = frozen,
        scope = || 4,
        parse::<u32> = three,
        first = |left: &str, _: &str| -> &str { panic!("{left}") },
        Disk::name = |_: &Disk| "disk",
        <Disk as Store>::put = |_: &mut Disk, _: u32| false,
        SystemTime::now = || SystemTime::UNIX_EPOCH,
        foreign = stand_in,
        std::process::id = {
            fn one() -> u32 {
                1
            }
            one
        },
        u64::count_ones = if cfg!(unix) { |_: u64| 1 } else { u64::trailing_zeros },
    ),
    expect(now = 2, parse::<u32> = 1.., first = ..=3, Disk::name = 0..2, foreign = ..,),
    scope = test,
)]
fn everything() -> Result<(), Box<dyn std::error::Error>> {
    let _: u32 = "3".parse()?;
    Ok(())
}

#[monkey::with(replace(now = frozen))]
fn opaque(count: u32) -> impl Iterator<Item = u32> {
    0..count
}

#[monkey::with(replace(now = frozen))]
fn never() -> ! {
    panic!("never")
}

#[monkey::with(replace(<T as Store>::put = |_: &mut T, _: u32| false))]
fn generic<T: Store>(mut value: T, _: &str) -> T {
    value.put(1);
    value
}

#[monkey::with(crate = ::monkey, replace(now = frozen))]
fn renamed() {}

macro_rules! by_macro {
    ($target:path = $replacement:expr) => {
        monkey::patch!($target = $replacement)
    };
}

fn macros() -> Result<(), monkey::PatchError> {
    let one = monkey::patch!(now = frozen);
    let two = monkey::patch!(now = frozen, parse = three,);
    let three = monkey::try_patch!(replace(now = || 7), scope = process)?;
    let four = monkey::try_patch!(crate = ::monkey, replace(now = frozen), scope = test)?;
    let five = by_macro!(Disk::name = |_: &Disk| "disk");
    let six = by_macro!(now = frozen);
    let seven = by_macro!(now = { frozen });
    drop((one, two, three, four, five, six, seven));
    drop(monkey::try_patch!()?);
    Ok(())
}

fn originals(disk: &mut Disk, text: &mut String) -> u64 {
    fn change(text: &mut String, by: &str) {
        text.push_str(by);
    }
    fn apply<T>(value: T, function: impl Fn(T) -> T) -> T {
        function(value)
    }
    fn apply_dyn(value: u8, function: &dyn Fn(u8) -> u8) -> u8 {
        function(value)
    }
    fn lent(text: &String) -> &str {
        text
    }
    let (left, right) = (String::from("a"), "b");
    monkey::original!(change(text, &left.replace('a', "b")));
    monkey::original!(change(text, right));
    let length = monkey::original!(lent(&String::from("abc"))).len();
    let _ = monkey::original!(apply(1u8, |value: u8| value.wrapping_add(1)));
    let _ = monkey::original!(apply_dyn(1, &|value| value.wrapping_add(1)));
    let parsed = monkey::original!(parse::<u32>("3")) + monkey::original!(parse::<u32>(right));
    let inferred: u16 = monkey::original!(parse("3"));
    let put = monkey::original!(Store::put(disk, parsed)) || monkey::original!(<Disk as Store>::put(disk, 1));
    let foreign = monkey::original!(foreign(-1));
    let name = monkey::original!(crate = ::monkey, Disk::name(disk)).len();
    let mut count = 1;
    let ordered = monkey::original!(u64::pow(count, {
        count += 1;
        u32::try_from(count).unwrap_or(0)
    }));
    monkey::original!(now()) + u64::from(inferred) + u64::from(put) + ordered + (length + name) as u64
        - u64::from(foreign.unsigned_abs())
}

fn exits() {
    monkey::original!(std::process::exit(1));
}

fn counts() -> usize {
    monkey::calls!(now)
        + monkey::calls!(<Disk as Store>::put)
        + monkey::calls!(crate = ::monkey, parse::<u32>)
}

#[monkey::with(replace(now = frozen))]
#[rustfmt::skip]
fn on_one_line() -> u64 { now() }

#[monkey::with(replace(now = frozen))]
#[rustfmt::skip]
async fn on_one_line_later() -> u64 { later().await }

fn main() {}
