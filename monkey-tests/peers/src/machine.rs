//! Where and when it was measured.
use std::fs;
use std::process::Command;

pub fn describe() -> String {
    let said = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().map(|output| output.stdout);
        String::from_utf8_lossy(&output.unwrap_or_default()).trim().to_owned()
    };
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models = processors.lines().filter_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let models: Vec<&str> = models.map(|(_, model)| model).collect();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default().to_owned();
    format!(
        "Measured on {}: {} cores of {}, Linux {}, {}, load {load} at the begin.",
        said("date", "+%Y-%m-%d"),
        models.len(),
        models.first().unwrap_or(&"an unknown processor"),
        said("uname", "-r"),
        said("rustc", "-V"),
    )
}
