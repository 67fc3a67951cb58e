//! What a scope's files differ in from the system's.
use super::{Op, memory, path};
use libc::c_int;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which operations fail.
#[derive(Debug)]
pub struct Limits {
    pub after: u64,
    pub times: u64,
    seen: u64,
}

/// What is said of a path.
#[derive(Debug)]
pub enum Kind {
    File(memory::File),
    Missing,
    Fail(Op, i32, Limits),
}

impl Kind {
    pub fn fail(op: Op, errno: i32) -> Self {
        Self::Fail(op, errno, Limits { after: 0, times: u64::MAX, seen: 0 })
    }
}

/// A path, what is said of it, and by whom.
#[derive(Debug)]
pub struct Rule {
    id: u64,
    path: PathBuf,
    kind: Kind,
}

/// What became of opening a path.
pub enum Opened {
    /// It is the system's.
    Original,
    Descriptor(c_int),
    Failed(i32),
}

/// The rules of a scope, the newest last.
#[derive(Debug, Default)]
pub struct State {
    count: AtomicUsize,
    rules: Mutex<Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    next: u64,
    all: Vec<Rule>,
}

impl State {
    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_empty(&self) -> bool {
        self.count.load(SeqCst) == 0
    }

    pub fn add(&self, path: PathBuf, kind: Kind) -> u64 {
        let mut rules = self.rules();
        rules.next += 1;
        let id = rules.next;
        rules.all.push(Rule { id, path, kind });
        self.count.store(rules.all.len(), SeqCst);
        id
    }

    pub fn remove(&self, id: u64) {
        let mut rules = self.rules();
        rules.all.retain(|rule| rule.id != id);
        self.count.store(rules.all.len(), SeqCst);
    }

    pub fn limit(&self, id: u64, change: impl FnOnce(&mut Limits)) {
        let _bypass = monkey_core::border::Bypass::begin();
        let mut rules = self.rules();
        let rule = rules.all.iter_mut().find(|rule| rule.id == id);
        if let Some(Rule { kind: Kind::Fail(.., limits), .. }) = rule {
            change(limits);
        }
    }

    /// The error that an operation on a path fails with, if it does. It is counted.
    pub fn failure(&self, op: Op, path: &Path) -> Option<i32> {
        self.rules().failure(op, path)
    }

    /// The same for a descriptor.
    pub fn failure_of(&self, op: Op, descriptor: c_int) -> Option<i32> {
        let mut rules = self.rules();
        let wanted = |rule: &Rule| matches!(rule.kind, Kind::Fail(of, ..) if of == op || of == Op::Any);
        if !rules.all.iter().any(wanted) {
            return None;
        }
        let link = path::of_descriptor(descriptor)?;
        let in_memory = |rule: &&Rule| matches!(&rule.kind, Kind::File(file) if file.is_shown_as(&link));
        let path = rules.all.iter().find(in_memory).map(|rule| rule.path.clone());
        rules.failure(op, &path.unwrap_or(link))
    }

    /// Whether a path is hidden.
    pub fn hides(&self, path: &Path) -> bool {
        matches!(self.rules().find(path), Some(Rule { kind: Kind::Missing, .. }))
    }

    /// The descriptor of the file that is in memory at a path.
    pub fn in_memory(&self, path: &Path) -> Option<c_int> {
        match self.rules().find(path) {
            Some(Rule { kind: Kind::File(file), .. }) => Some(file.descriptor()),
            _ => None,
        }
    }

    /// Whether a file in memory lies somewhere below a path.
    pub fn has_below(&self, folder: &Path) -> bool {
        let below = |rule: &Rule| {
            matches!(rule.kind, Kind::File(_)) && rule.path != folder && rule.path.starts_with(folder)
        };
        self.rules().all.iter().any(below)
    }

    /// The names in a folder: those in memory, each with whether it is a folder itself, and those that are hidden.
    pub fn names_in(&self, folder: &Path) -> (Vec<(OsString, bool)>, Vec<OsString>) {
        let rules = self.rules();
        let (mut shown, mut hidden) = (Vec::<(OsString, bool)>::new(), Vec::new());
        for rule in &rules.all {
            let Ok(below) = rule.path.strip_prefix(folder) else { continue };
            let Some(name) = below.iter().next().map(ToOwned::to_owned) else { continue };
            let direct = below.iter().count() == 1;
            match rule.kind {
                Kind::File(_) if !shown.iter().any(|(known, _)| *known == name) => {
                    shown.push((name, !direct));
                }
                Kind::Missing if direct => hidden.push(name),
                _ => {}
            }
        }
        shown.retain(|(name, _)| {
            !matches!(rules.find(&folder.join(name)), Some(Rule { kind: Kind::Missing, .. }))
        });
        (shown, hidden)
    }

    /// Opens a path, if it is in memory or hidden.
    pub fn open(&self, path: &Path, flags: c_int) -> Opened {
        if let Some(errno) = self.failure(Op::Open, path) {
            return Opened::Failed(errno);
        }
        let mut rules = self.rules();
        let creates = flags & libc::O_CREAT != 0;
        if creates && rules.find(path).is_none() {
            rules.begin_in_folder(path);
        }
        let Some(rule) = rules.find_mut(path) else { return Opened::Original };
        if matches!(rule.kind, Kind::Missing) {
            if !creates || rule.path != path {
                return Opened::Failed(libc::ENOENT);
            }
            match memory::File::new(&[]) {
                Ok(file) => rule.kind = Kind::File(file),
                Err(_) => return Opened::Failed(libc::ENOMEM),
            }
        } else if creates && flags & libc::O_EXCL != 0 {
            return Opened::Failed(libc::EEXIST);
        }
        let Kind::File(file) = &rule.kind else { return Opened::Original };
        if flags & libc::O_DIRECTORY != 0 {
            return Opened::Failed(libc::ENOTDIR);
        }
        let descriptor = file.open(flags);
        if descriptor < 0 {
            return Opened::Failed(crate::border::errno());
        }
        Opened::Descriptor(descriptor)
    }

    /// Removes a file that is in memory, or says that there is none; `None`: it is the system's.
    pub fn unlink(&self, path: &Path) -> Option<i32> {
        let mut rules = self.rules();
        let rule = rules.find_mut(path)?;
        let was_there = matches!(rule.kind, Kind::File(_));
        rule.kind = Kind::Missing;
        Some(if was_there { 0 } else { libc::ENOENT })
    }

    /// Another name for a file that is in memory; `None`: it is the system's.
    pub fn link(&self, from: &Path, to: &Path) -> Option<i32> {
        let mut rules = self.rules();
        let (id, file) = match rules.find(from)? {
            Rule { id, kind: Kind::File(file), .. } => (*id, file.try_clone()),
            _ => return Some(libc::ENOENT),
        };
        if matches!(rules.find(to), Some(Rule { kind: Kind::File(_), .. })) {
            return Some(libc::EEXIST);
        }
        let Ok(file) = file else { return Some(libc::ENOMEM) };
        rules.all.push(Rule { id, path: to.to_owned(), kind: Kind::File(file) });
        self.count.store(rules.all.len(), SeqCst);
        Some(0)
    }

    /// Renames a file of the system's to where one is in memory or hidden: its contents go there. `None`: both are the system's.
    pub fn rename_into(&self, from: &Path, to: &Path) -> Option<i32> {
        let mut rules = self.rules();
        let rule = rules.find_mut(to)?;
        if rule.path != to {
            return Some(libc::ENOENT);
        }
        let made = std::fs::read(from).and_then(|contents| memory::File::new(&contents));
        match made.and_then(|file| std::fs::remove_file(from).map(|()| file)) {
            Ok(file) => rule.kind = Kind::File(file),
            Err(error) => return Some(error.raw_os_error().unwrap_or(libc::EIO)),
        }
        Some(0)
    }

    /// Renames a file that is in memory; `None`: it is the system's.
    pub fn rename(&self, from: &Path, to: &Path) -> Option<i32> {
        let mut rules = self.rules();
        let rule = rules.find_mut(from)?;
        let Kind::File(_) = rule.kind else { return Some(libc::ENOENT) };
        let (id, file) = (rule.id, std::mem::replace(&mut rule.kind, Kind::Missing));
        rules.all.retain(|rule| rule.path != to || matches!(rule.kind, Kind::Fail(..)));
        rules.all.push(Rule { id, path: to.to_owned(), kind: file });
        Some(0)
    }
}

impl Rules {
    /// What is said of a path: of itself, or that a folder of it is hidden. The newest counts.
    fn find(&self, path: &Path) -> Option<&Rule> {
        self.all.iter().rev().find(|rule| rule.is_for(path))
    }

    fn find_mut(&mut self, path: &Path) -> Option<&mut Rule> {
        self.all.iter_mut().rev().find(|rule| rule.is_for(path))
    }

    /// Makes it known that nothing is at a path so far, if its folder is there in memory alone.
    fn begin_in_folder(&mut self, path: &Path) {
        let Some(folder) = path.parent().filter(|folder| !folder.exists()) else { return };
        let beside = |rule: &&Rule| matches!(rule.kind, Kind::File(_)) && rule.path.parent() == Some(folder);
        if let Some(id) = self.all.iter().rev().find(beside).map(|rule| rule.id) {
            self.all.push(Rule { id, path: path.to_owned(), kind: Kind::Missing });
        }
    }

    fn failure(&mut self, op: Op, path: &Path) -> Option<i32> {
        for rule in self.all.iter_mut().rev().filter(|rule| rule.path == path) {
            let Kind::Fail(of, errno, limits) = &mut rule.kind else { continue };
            if *of != op && *of != Op::Any {
                continue;
            }
            limits.seen += 1;
            let failing = limits.seen.checked_sub(limits.after).filter(|number| *number > 0);
            if failing.is_some_and(|number| number <= limits.times) {
                return Some(*errno);
            }
        }
        None
    }
}

impl Rule {
    fn is_for(&self, path: &Path) -> bool {
        match self.kind {
            Kind::File(_) => self.path == path,
            Kind::Missing => path.starts_with(&self.path),
            Kind::Fail(..) => false,
        }
    }
}
