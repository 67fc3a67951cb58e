//! Arrows between the engine's rooms run one way: whoever uses a room is not used by it, by however many steps.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

type Arrows = BTreeMap<String, BTreeSet<String>>;

fn files(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(path);
        }
    }
}

/// The source without its tests and comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// The rooms that a source names behind `crate::`.
fn named(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, start) in code.match_indices("crate::") {
        let behind = &code[at + start.len()..];
        let list = behind.strip_prefix('{').and_then(|list| Some(list.split_once('}')?.0)).unwrap_or(behind);
        let paths = if behind.starts_with('{') { list.split(',').collect() } else { vec![list] };
        let first = |path: &str| {
            path.trim()
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .next()
                .map(str::to_owned)
        };
        found.extend(paths.into_iter().filter_map(first));
    }
    found
}

fn arrows() -> Arrows {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../monkey-core/src");
    let mut all = Vec::new();
    files(&source, &mut all);
    let room = |path: &Path| {
        let inside = path.strip_prefix(&source).unwrap();
        inside.components().next().unwrap().as_os_str().to_string_lossy().replace(".rs", "")
    };
    let rooms: BTreeSet<String> = all.iter().map(|path| room(path)).collect();
    let mut arrows = Arrows::new();
    for path in &all {
        let own = room(path);
        let others = named(&code(path)).into_iter().filter(|name| rooms.contains(name) && *name != own);
        arrows.entry(own.clone()).or_default().extend(others);
    }
    arrows
}

/// Everything that a room comes to.
fn reached(arrows: &Arrows, from: &str) -> BTreeSet<String> {
    let (mut all, mut next) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(room) = next.pop() {
        for to in arrows.get(&room).into_iter().flatten() {
            if all.insert(to.clone()) {
                next.push(to.clone());
            }
        }
    }
    all
}

#[test]
fn no_room_comes_back_to_itself() {
    let arrows = arrows();
    assert!(arrows.len() > 20 && arrows["patch"].contains("hook"), "{arrows:?}");
    for room in arrows.keys().filter(|room| *room != "lib") {
        let way = reached(&arrows, room);
        assert!(!way.contains(room), "{room} is used by what it uses: {way:?}");
    }
}

#[test]
fn the_lock_knows_nothing_of_what_it_guards_and_the_pure_rooms_nothing_of_the_system() {
    let arrows = arrows();
    assert_eq!(reached(&arrows, "lock"), BTreeSet::from(["thread".to_owned()]));
    assert_eq!(reached(&arrows, "relocate"), BTreeSet::new());
    assert_eq!(reached(&arrows, "stub"), BTreeSet::from(["thread".to_owned()]));
}
