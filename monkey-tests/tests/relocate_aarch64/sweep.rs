//! Every function of real programs as a target.
use super::checker::{Job, check, justified};
use monkey_core::relocate::{Refusal, aarch64};
use monkey_core::stub::aarch64::skipped;
use object::{Architecture, Object, ObjectSection, ObjectSymbol, SymbolKind};
use std::collections::BTreeMap;
use std::path::Path;

/// A function of a program file.
struct Function<'a> {
    name: &'a str,
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
    /// How many in a thousand may be refused for what is in them.
    doubtful: usize,
}

const ROUNDS: [Round; 7] = [
    Round {
        title: "4 bytes, 16 MiB away",
        need: 4,
        extent_known: true,
        distance: |_| 16 << 20,
        doubtful: 20,
    },
    Round {
        title: "4 bytes, 127 MiB away",
        need: 4,
        extent_known: true,
        distance: |_| -127 << 20,
        doubtful: 20,
    },
    Round { title: "4 bytes, extent unknown", need: 4, extent_known: false, distance: near, doubtful: 50 },
    Round {
        title: "4 bytes, 64 GiB away",
        need: 4,
        extent_known: true,
        distance: |_| 64 << 30,
        doubtful: 20,
    },
    Round {
        title: "16 bytes, 16 MiB away",
        need: 16,
        extent_known: true,
        distance: |_| 16 << 20,
        doubtful: 250,
    },
    Round {
        title: "16 bytes, 64 GiB away",
        need: 16,
        extent_known: true,
        distance: |_| -64 << 30,
        doubtful: 250,
    },
    Round { title: "16 bytes, extent unknown", need: 16, extent_known: false, distance: near, doubtful: 300 },
];

/// Some distance within the reach of `b`, but for the program itself.
fn near(random: u64) -> i64 {
    let distance = ((random % (96 << 20)) as i64 + (31 << 20)) & !3;
    if random >> 63 == 0 { distance } else { -distance }
}

/// How often each outcome was seen; what is wrong.
#[derive(Default)]
struct Tally {
    outcomes: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
    longest: usize,
}

impl Tally {
    fn add(&mut self, outcome: &'static str, verdict: Result<(), String>, job: &Job, name: &str) {
        *self.outcomes.entry(outcome).or_default() += 1;
        if let Err(problem) = verdict {
            let bytes = &job.body[..job.body.len().min(32)];
            self.wrong.push(format!("{name} at {:#x} to {:#x}: {problem} {bytes:02x?}", job.from, job.to));
        }
    }

    /// How many in a thousand.
    fn share(&self, outcomes: &[&str]) -> usize {
        let count = |outcome: &&str| self.outcomes.get(outcome).copied().unwrap_or_default();
        let all: usize = self.outcomes.values().sum();
        outcomes.iter().map(count).sum::<usize>() * 1000 / all.max(1)
    }
}

/// Where the libraries for a program of this architecture are, seen from here.
const LIBRARIES: &str =
    if cfg!(target_arch = "aarch64") { "/lib/aarch64-linux-gnu" } else { "/usr/aarch64-linux-gnu/lib" };

#[test]
#[cfg(target_arch = "aarch64")]
fn every_function_of_this_program() {
    sweep(&std::env::current_exe().unwrap());
}

#[test]
fn every_function_of_libc() {
    // Under qemu-user the loader's folder is looked up in the one of the cross compiler first.
    let folders = [LIBRARIES, "/usr/aarch64-linux-gnu/lib"];
    let Some(path) =
        folders.map(|folder| Path::new(folder).join("libc.so.6")).into_iter().find(|path| path.exists())
    else {
        println!("skipped: no libc.so.6 in {LIBRARIES}; the package libc6-dev-arm64-cross brings one");
        return;
    };
    sweep(&path);
}

/// Programs named in the variable `AARCH64_PROGRAMS`, colons between them: the ones built for the tests, for instance.
#[test]
fn every_function_of_other_programs() {
    let paths = std::env::var_os("AARCH64_PROGRAMS").unwrap_or_default();
    let paths: Vec<_> = std::env::split_paths(&paths).filter(|path| !path.as_os_str().is_empty()).collect();
    if paths.is_empty() {
        println!("skipped: AARCH64_PROGRAMS names none");
    }
    for path in paths {
        sweep(&path);
    }
}

fn sweep(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    let file = object::File::parse(&*bytes).unwrap();
    assert_eq!(file.architecture(), Architecture::Aarch64, "{}", path.display());
    let functions = functions(&file);
    assert!(functions.len() > 100, "{}: {} functions", path.display(), functions.len());
    for round in &ROUNDS {
        let tally = run(round, &functions);
        let title = format!("{}, {}", path.file_name().unwrap().display(), round.title);
        println!("{title}: {:?}, longest {}", tally.outcomes, tally.longest);
        let wrong = tally.wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
        assert!(wrong.is_empty(), "{title}: {} wrong\n{wrong}", tally.wrong.len());
        assert!(tally.longest <= aarch64::LONGEST, "{title}: longest {}", tally.longest);
        // What is too short has been checked to be so; the rest is a matter of degree.
        let doubtful = tally.share(&["branch into", "return into", "undecodable", "immovable"]);
        assert!(doubtful < round.doubtful, "{title}: {doubtful} in a thousand refused");
    }
}

fn functions<'a>(file: &object::File<'a>) -> Vec<Function<'a>> {
    let mut found = BTreeMap::new();
    for symbol in file.symbols().chain(file.dynamic_symbols()) {
        if symbol.kind() == SymbolKind::Text && symbol.is_definition() && symbol.address() != 0 {
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
        Some(Function { name: symbol.name().unwrap_or("?"), address, body: data.get(range)?, size })
    };
    found.into_iter().enumerate().filter_map(function).collect()
}

fn run(round: &Round, functions: &[Function]) -> Tally {
    let mut tally = Tally::default();
    for function in functions {
        let random = scramble(function.address ^ round.need as u64);
        let skipped = skipped(function.body);
        let body = &function.body[skipped..];
        let from = function.address + (random & 0x3FFF_FFFF_F000) + (1 << 40) + skipped as u64;
        let to = from.wrapping_add_signed((round.distance)(scramble(random)));
        let truth = function.size.map(|size| size - skipped);
        let extent = truth.filter(|_| round.extent_known);
        let job = Job { body, from, to, need: round.need, extent, truth };
        match aarch64::relocate(body, from, to, job.need, extent) {
            Ok(relocated) => {
                tally.longest = tally.longest.max(relocated.code.len());
                tally.add("relocated", check(&job, &relocated), &job, function.name);
            }
            Err(refusal) => tally.add(kind(&refusal), justified(&job, &refusal), &job, function.name),
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
        _ => "immovable",
    }
}

/// `SplitMix64`.
pub fn scramble(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
