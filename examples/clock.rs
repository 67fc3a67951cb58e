//! Code that reads the clock and the disk, unmodified, under a frozen clock and with a file that does not exist.
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

/// What a program might do: its configuration says for how many days a token is good.
fn token_is_good(issued: SystemTime, configuration: &Path) -> io::Result<bool> {
    let text = fs::read_to_string(configuration)?;
    let days: u64 = text.trim().parse().map_err(|_| io::Error::other("not a number of days"))?;
    let age = SystemTime::now().duration_since(issued).unwrap_or_default();
    Ok(age < Duration::from_hours(days * 24))
}

fn ten_days_after_the_epoch() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(10 * 24)
}

#[expect(clippy::unnecessary_wraps, reason = "it has the signature of what it replaces")]
fn thirty(_: &Path) -> io::Result<String> {
    Ok("30\n".to_owned())
}

fn main() {
    let configuration = Path::new("/no/such/file");
    let issued = SystemTime::UNIX_EPOCH;
    println!("as it is:     {:?}", token_is_good(issued, configuration).map_err(|error| error.kind()));

    let clock = monkey::patch!(SystemTime::now = ten_days_after_the_epoch);
    let disk = monkey::patch!(fs::read_to_string::<&Path> = thirty);
    println!("on day 10:    {:?}", token_is_good(issued, configuration).map_err(|error| error.kind()));
    println!(
        "calls:        {} of the clock, {} of the disk",
        monkey::calls!(SystemTime::now),
        monkey::calls!(fs::read_to_string::<&Path>)
    );

    drop(clock);
    println!("real clock:   {:?}", token_is_good(issued, configuration).map_err(|error| error.kind()));
    drop(disk);
    println!("as it is:     {:?}", token_is_good(issued, configuration).map_err(|error| error.kind()));
}
