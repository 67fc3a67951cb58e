//! The decoder of x86-64 beside two others: over programs, over every opcode, over random bytes.
//!
//! `MONKEY_DECODE=all` takes all of it (minutes, or an hour without optimisation), not a part.

#[path = "decode_x86_64/explained.rs"]
mod explained;
#[path = "decode_x86_64/opcodes.rs"]
mod opcodes;
#[path = "decode_x86_64/programs.rs"]
mod programs;
#[path = "decode_x86_64/readings.rs"]
mod readings;

use explained::{Verdict, compare};
use std::collections::BTreeMap;

/// Whether the environment asks for all of it.
fn all() -> bool {
    std::env::var_os("MONKEY_DECODE").is_some_and(|value| value == "all")
}

/// How often each outcome was seen; what is wrong.
#[derive(Default)]
struct Tally {
    outcomes: BTreeMap<&'static str, usize>,
    wrong: Vec<String>,
}

impl Tally {
    /// Compares one instruction. Its length, if all agree.
    fn add(&mut self, code: &[u8], at: u64) -> Option<usize> {
        match compare(code, at) {
            Ok(verdict) => {
                *self.outcomes.entry(verdict.title()).or_default() += 1;
                if let Verdict::Agreed { length } = verdict { Some(length) } else { None }
            }
            Err(problem) => {
                self.wrong.push(format!("{problem}: {:02x?}", &code[..code.len().min(16)]));
                None
            }
        }
    }

    fn merge(mut self, other: Self) -> Self {
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        self.wrong.extend(other.wrong);
        self
    }

    fn agreed(&self) -> usize {
        self.outcomes.get("agreed").copied().unwrap_or_default()
    }

    fn judge(&self, title: &str) {
        println!("{title}: {:?}", self.outcomes);
        let wrong = self.wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
        assert!(wrong.is_empty(), "{title}: {} wrong\n{wrong}", self.wrong.len());
    }
}
