//! Every function of the test program and of libc as a target, and of libraries of Windows where they are named.
#[path = "pe.rs"]
mod pe;

use super::checker::{Job, check, justified};
use monkey_core::relocate::{Refusal, x86_64};
use object::{Object, ObjectSection, ObjectSymbol, SymbolKind};
use std::collections::BTreeMap;
use std::path::Path;

/// A function of a program file.
struct Function<'a> {
    name: String,
    address: u64,
    /// From its start to the next symbol, or to the end of the section.
    body: &'a [u8],
    size: Option<usize>,
}

/// What is asked for each function.
struct Round {
    title: &'static str,
    need: usize,
    extent_known: bool,
    /// Where the trampoline goes, seen from the target; drawn from a random number.
    distance: fn(u64) -> i64,
}

const ROUNDS: [Round; 6] = [
    Round { title: "5 bytes, 16 MiB away", need: 5, extent_known: true, distance: |_| 16 << 20 },
    Round { title: "14 bytes, 16 MiB away", need: 14, extent_known: true, distance: |_| 16 << 20 },
    Round { title: "5 bytes, 1.9 GiB away", need: 5, extent_known: true, distance: |_| 0x7999_9999 },
    Round { title: "14 bytes, anywhere near", need: 14, extent_known: true, distance: near },
    Round { title: "14 bytes, 64 GiB away", need: 14, extent_known: true, distance: |_| -64 << 30 },
    Round { title: "5 bytes, extent unknown", need: 5, extent_known: false, distance: near },
];

/// Some distance within 2 GiB, but for the program itself.
fn near(random: u64) -> i64 {
    let distance = (random % (0x7F00_0000 - (64 << 20))) as i64 + (64 << 20);
    if random >> 63 == 0 { distance } else { -distance }
}

/// How often each outcome was seen; what is wrong.
#[derive(Default)]
struct Tally {
    outcomes: BTreeMap<&'static str, usize>,
    longest: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, outcome: &'static str, checked: Result<(), String>, job: &Job, name: &str) {
        *self.outcomes.entry(outcome).or_default() += 1;
        if let Err(problem) = checked {
            let start = &job.body[..job.body.len().min(32)];
            self.wrong.push(format!("{name} at {:#x}: {problem}\n  {start:02x?}", job.from));
        }
    }

    fn merge(mut self, other: Self) -> Self {
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        self.longest = self.longest.max(other.longest);
        self.wrong.extend(other.wrong);
        self
    }

    /// How many of a thousand had this outcome.
    fn per_mille(&self, outcome: &str) -> usize {
        let count = self.outcomes.get(outcome).copied().unwrap_or_default();
        (1000 * count).div_ceil(self.outcomes.values().sum())
    }
}

#[test]
fn every_function_of_this_program() {
    sweep(&std::env::current_exe().unwrap());
}

#[test]
fn every_function_of_libc() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let libc =
        maps.lines().find_map(|line| line.split_whitespace().nth(5).filter(|path| path.contains("/libc.so")));
    sweep(Path::new(libc.expect("libc is mapped")));
}

/// Other programs, named in the variable `RELOCATE_TOO`, colons between them.
#[test]
#[ignore = "takes what RELOCATE_TOO names"]
fn every_function_of_other_programs() {
    let paths = std::env::var_os("RELOCATE_TOO").unwrap_or_default();
    std::env::split_paths(&paths).for_each(|path| sweep(&path));
}

fn sweep(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    let functions = functions(&file);
    for round in &ROUNDS {
        let started = std::time::Instant::now();
        let (one, two) = functions.split_at(functions.len() / 2);
        let tally = std::thread::scope(|scope| {
            let one = scope.spawn(|| run(round, one));
            run(round, two).merge(one.join().unwrap())
        });
        let title = format!("{}, {}", path.file_name().unwrap().display(), round.title);
        let (seconds, longest) = (started.elapsed().as_secs_f64(), tally.longest);
        println!("{title}: {:?}, longest {longest}, {seconds:.2} s", tally.outcomes);
        let wrong = tally.wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
        assert!(wrong.is_empty(), "{title}: {} wrong\n{wrong}", tally.wrong.len());
        // The reasons have been checked to be true. Whether a loop could be moved is a matter of degree; what does
        // not decode, or cannot be moved at all, does not occur in compiled code.
        let loops = tally.per_mille("branch into");
        assert!(loops <= 30, "{title}: {loops} of 1000 refused for a branch");
        let odd = tally.per_mille("undecodable") + tally.per_mille("immovable");
        assert!(odd <= 1, "{title}: {odd} of 1000 refused");
    }
}

fn functions<'a>(file: &object::File<'a>) -> Vec<Function<'a>> {
    if file.format() == object::BinaryFormat::Pe {
        return pe::functions(file);
    }
    let mut found = BTreeMap::new();
    for symbol in file.symbols().chain(file.dynamic_symbols()) {
        // A part that was split off a function is jumped to, never called: nobody replaces it.
        let part =
            symbol.name().is_ok_and(|name| matches!(name.rsplit_once('.'), Some((_, "cold" | "warm"))));
        let function = symbol.kind() == SymbolKind::Text && symbol.is_definition();
        if function && !part && symbol.address() != 0 {
            let (address, size) = (symbol.address(), symbol.size());
            let entry = found.entry(address).or_insert((size, symbol));
            entry.0 = entry.0.max(size);
        }
    }
    let starts: Vec<u64> = found.keys().copied().collect();
    let function = |(index, (address, (size, symbol))): (usize, (u64, (u64, object::Symbol<'a, '_>)))| {
        let section = file.section_by_index(symbol.section_index()?).ok()?;
        let data = section.data().ok()?;
        let end =
            starts.get(index + 1).copied().unwrap_or(u64::MAX).min(section.address() + data.len() as u64);
        let range = (address - section.address()) as usize..(end.checked_sub(section.address())?) as usize;
        let size = (size > 0).then_some(size as usize);
        Some(Function {
            name: symbol.name().unwrap_or("?").to_owned(),
            address,
            body: data.get(range)?,
            size,
        })
    };
    found.into_iter().enumerate().filter_map(function).collect()
}

fn run(round: &Round, functions: &[Function]) -> Tally {
    let mut tally = Tally::default();
    for function in functions {
        let random = scramble(function.address ^ round.need as u64);
        // Anywhere in the lower half, so that the halves of a return address take all forms.
        let from = function.address + (random & 0x3FFF_FFFF_F000) + (1 << 40);
        let to = from.wrapping_add_signed((round.distance)(scramble(random)));
        let extent = function.size.filter(|_| round.extent_known);
        let job = Job { body: function.body, from, to, need: round.need, extent, truth: function.size };
        match x86_64::relocate(job.body, from, to, job.need, extent) {
            Ok(relocated) => {
                tally.longest = tally.longest.max(relocated.code.len());
                tally.add("relocated", check(&job, &relocated), &job, &function.name);
            }
            Err(refusal) => tally.add(kind(&refusal), justified(&job, &refusal), &job, &function.name),
        }
    }
    tally
}

fn kind(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::TooShort { .. } => "too short",
        Refusal::BranchInto { .. } => "branch into",
        Refusal::ReturnInto { .. } => "return into",
        Refusal::Undecodable { .. } => "undecodable",
        Refusal::OutOfReach { .. } => "out of reach",
        _ => "immovable",
    }
}

/// `SplitMix64`.
fn scramble(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
