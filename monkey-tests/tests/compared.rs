//! The numbers of `docs/src/compared.md` are counted in `monkey-tests/compared`: `MONKEY_BLESS=1 cargo test -p monkey-tests --test
//! compared` writes them anew. What these tests say when they fail stands there as they said it.
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const CRATES: [&str; 3] = ["monkey", "mockall", "injectorpp"];
const TASKS: usize = 12;
const BEGIN: &str = "<!-- counted -->\n";
const END: &str = "<!-- end -->\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn tests_of(name: &str) -> String {
    fs::read_to_string(root().join(format!("monkey-tests/compared/tests/{name}.rs"))).unwrap()
}

/// What stands behind the task's mark: its title, and its lines of code.
fn task(text: &str, number: usize) -> (&str, usize) {
    let mark = format!("\n// {number} ");
    let rest = &text[text.find(&mark).unwrap_or_else(|| panic!("no task {number}")) + mark.len()..];
    let (title, rest) = rest.split_once('\n').unwrap();
    let body = rest.split("// end").next().unwrap();
    let code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
    (title, body.lines().filter(code).count())
}

/// Lines of production code that a task needs changed: they say so at their end.
fn changed(text: &str, number: usize) -> usize {
    let Some((_, rest)) = text.split_once("\n// changed\n") else { return 0 };
    let section = rest.split("// end changed").next().unwrap();
    let is_for = |line: &&str| {
        let numbers = line.rsplit_once("// ").map_or("", |(_, numbers)| numbers);
        numbers.split(' ').any(|own| own == number.to_string())
    };
    section.lines().filter(is_for).count()
}

fn table() -> String {
    let texts = CRATES.map(tests_of);
    let mut table = "| task | monkey | mockall | injectorpp |\n| --- | --- | --- | --- |\n".to_owned();
    for number in 1..=TASKS {
        let cells = texts.each_ref().map(|text| match (task(text, number).1, changed(text, number)) {
            (0, _) => "not possible".to_owned(),
            (lines, changed) => format!("{lines}, {changed}"),
        });
        let _ = writeln!(table, "| {} | {} |", task(&texts[0], number).0, cells.join(" | "));
    }
    table
}

#[test]
fn the_numbers_are_those_of_the_tests() {
    let path = root().join("docs/src/compared.md");
    let text = fs::read_to_string(&path).unwrap();
    let (head, rest) = text.split_once(BEGIN).unwrap();
    let (_, tail) = rest.split_once(END).unwrap();
    let counted = format!("{head}{BEGIN}{}{END}{tail}", table());
    if std::env::var_os("MONKEY_BLESS").is_some() {
        fs::write(&path, &counted).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), counted, "MONKEY_BLESS=1 writes it anew");
}

#[test]
fn ours_is_the_shortest_in_every_row() {
    let [ours, others @ ..] = CRATES.map(tests_of);
    for number in 1..=TASKS {
        let lines = task(&ours, number).1;
        let shorter = others.iter().filter(|other| (1..lines).contains(&task(other, number).1));
        // A function of C takes one of its own, with its type written out; mockall never comes to C.
        assert!(number == 12 || shorter.count() == 0, "task {number} takes {lines} lines");
    }
}
