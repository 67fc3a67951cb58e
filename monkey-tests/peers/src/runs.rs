//! Runs of the subject programs, and tables of what they say.
use peers::CRATES;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    Debug,
    Release,
}

impl Profile {
    pub fn name(self) -> &'static str {
        if self == Self::Debug { "debug" } else { "release" }
    }
}

/// The subject programs of one profile.
pub struct Programs {
    folder: PathBuf,
}

/// What was measured, of one row: the crate's name and the column.
type Row = (&'static str, &'static str, &'static str, f64);

impl Programs {
    pub fn build(profile: Profile) -> Self {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--bin", "subject", "--bin", "many"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        cargo.args((profile == Profile::Release).then_some("--release"));
        assert!(cargo.status().expect("cargo runs").success(), "the subjects are built");
        Self { folder: PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target").join(profile.name()) }
    }

    pub fn size(&self) -> String {
        let size = fs::metadata(self.folder.join("subject")).expect("it was built").len();
        format!("{} MB", size / 1_000_000)
    }

    /// The numbers of all words that a program says; `None` if it crashes.
    fn run(&self, program: &str, arguments: &[&str]) -> Option<BTreeMap<String, Vec<f64>>> {
        let output = Command::new(self.folder.join(program)).args(arguments).output().expect("it was built");
        let mut said = BTreeMap::<String, Vec<f64>>::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            if let Some((word, number)) = line.split_once(' ') {
                said.entry(word.to_owned()).or_default().extend(number.parse::<f64>());
            }
        }
        output.status.success().then_some(said)
    }

    /// The median of a word over so many processes, for the table.
    fn cell(&self, own: &str, (_, mode, word, parts): Row, runs: usize) -> String {
        let said: Vec<_> = (0..runs).filter_map(|_| self.run("subject", &[own, mode])).collect();
        let crashed = runs - said.len();
        let all: Vec<f64> = said.into_iter().filter_map(|mut said| said.remove(word)).flatten().collect();
        let time = median(all).map_or_else(|| "-".to_owned(), |time| shown(time / parts));
        if crashed == 0 { time } else { format!("{time} (crashed in {crashed} of {runs})") }
    }

    pub fn beside_peers(&self, rows: &[Row], runs: usize) {
        let names: Vec<&str> = CRATES.iter().map(|(name, _)| *name).collect();
        println!("| what | {} |", names.join(" | "));
        println!("| --- |{}", " --- |".repeat(names.len()));
        for row in rows {
            let cells: Vec<String> = names.iter().map(|name| self.cell(name, *row, runs)).collect();
            println!("| {} | {} |", row.0, cells.join(" | "));
        }
        println!();
    }

    pub fn alone(&self, rows: &[Row], runs: usize) {
        println!("| monkey alone | |\n| --- | --- |");
        for row in rows {
            println!("| {} | {} |", row.0, self.cell("monkey", *row, runs));
        }
        println!();
    }

    /// 20,000 functions, which stay patched.
    pub fn many(&self) {
        println!(
            "| 20,000 functions, or as many as in 20 s | functions | each of the first thousand | of the last | memory of each, in bytes |"
        );
        println!("| --- | --- | --- | --- | --- |");
        for (name, _) in CRATES {
            let Some(said) = self.run("many", &[name]) else {
                println!("| {name} | crashed | | | |");
                continue;
            };
            let (thousands, functions, bytes) = (&said["thousand"], said["functions"][0], said["bytes"][0]);
            let (first, last) = (thousands[0], thousands[thousands.len() - 1]);
            println!("| {name} | {functions} | {} | {} | {bytes} |", shown(first), shown(last));
        }
        println!();
    }
}

pub fn median(mut all: Vec<f64>) -> Option<f64> {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied()
}

/// Nanoseconds, in a unit that people read.
pub fn shown(time: f64) -> String {
    match time {
        time if time < 1e3 => format!("{time:.1} ns"),
        time if time < 1e6 => format!("{:.1} µs", time / 1e3),
        time if time < 1e9 => format!("{:.2} ms", time / 1e6),
        time => format!("{:.2} s", time / 1e9),
    }
}
