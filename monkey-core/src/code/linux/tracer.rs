//! Who traces this process: a debugger, or a coverage tool.
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};

/// A process that traces this one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracer {
    pub process: i32,
    /// The name that the kernel has for it, at most 15 bytes long; empty if it cannot be read.
    pub name: String,
}

impl Tracer {
    /// The present one.
    pub fn find() -> Option<Self> {
        let process = parse(&beginning("/proc/self/status").ok()?)?;
        let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        Some(Self { process, name: name.trim_end().to_owned() })
    }

    /// Whether it puts breakpoints back whenever the program goes on, and takes them away whenever it stops. Tools that
    /// record coverage take one away when it was reached, for good.
    #[must_use]
    pub fn is_debugger(&self) -> bool {
        ["gdb", "lldb", "rr", "rust-gdb", "udb"].iter().any(|name| self.name.starts_with(name))
    }
}

impl fmt::Display for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.as_str() {
            "" => write!(f, "process {}", self.process),
            name => write!(f, "`{name}` (process {})", self.process),
        }
    }
}

/// The first half kilobyte of a file, by one read: a name, a few numbers, and then the tracer.
fn beginning(path: &str) -> io::Result<String> {
    let mut bytes = [0; 512];
    let length = File::open(path)?.read(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes[..length]).into_owned())
}

fn parse(status: &str) -> Option<i32> {
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?;
    tracer.trim().parse().ok().filter(|process| *process != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_names_the_tracer() {
        assert_eq!(parse("Name:\tx\nTracerPid:\t0\n"), None);
        assert_eq!(parse("Name:\tx\nTracerPid:\t17\nUid:\t0\n"), Some(17));
        assert_eq!(parse(""), None);
        let tracer = Tracer { process: 17, name: "gdb".into() };
        assert_eq!(tracer.to_string(), "`gdb` (process 17)");
    }
}
