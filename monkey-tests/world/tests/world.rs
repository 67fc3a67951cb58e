//! A test's own randomness, environment, network and programs.
#![cfg(target_os = "linux")]
use monkey_tests::child;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::panic::catch_unwind;
use std::process::Command;
use std::thread;

/// What a body fails with.
fn failure(body: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let thrown = catch_unwind(body).unwrap_err();
    let text = thrown.downcast_ref::<String>().map(String::as_str);
    text.or(thrown.downcast_ref::<&str>().copied()).unwrap().to_owned()
}

mod random {
    use super::*;

    fn draw() -> (u128, u64, Vec<u32>, [u8; 8]) {
        let keys: std::collections::HashSet<u32> = (0..20).collect();
        let mut device = [0; 8];
        std::fs::File::open("/dev/urandom").unwrap().read_exact(&mut device).unwrap();
        (uuid::Uuid::new_v4().as_u128(), rand(), keys.into_iter().collect(), device)
    }

    fn rand() -> u64 {
        let mut bytes = [0; 8];
        // SAFETY: memory of its size.
        unsafe { libc::syscall(libc::SYS_getrandom, bytes.as_mut_ptr(), bytes.len(), 0) };
        u64::from_ne_bytes(bytes)
    }

    fn seeded(seed: u64) -> (u128, u64, Vec<u32>, [u8; 8]) {
        let _random = monkey::random::seed(seed);
        draw()
    }

    #[monkey::test]
    fn a_seed_gives_the_same_again() {
        let first = seeded(7);
        let _ = HashMap::<u8, u8>::new();
        assert_eq!(first, seeded(7));
        assert_ne!(first, seeded(8));
        assert_ne!(draw(), draw());
    }

    #[monkey::test]
    fn each_thread_has_its_stream_whenever_it_draws() {
        let threads = |first_waits: bool| {
            let _random = monkey::random::seed(3);
            let gate = std::sync::Barrier::new(2);
            thread::scope(|scope| {
                let first = scope.spawn(|| {
                    if first_waits {
                        gate.wait();
                    }
                    let drawn = draw();
                    if !first_waits {
                        gate.wait();
                    }
                    drawn
                });
                let second = scope.spawn(|| {
                    if !first_waits {
                        gate.wait();
                    }
                    let drawn = draw();
                    if first_waits {
                        gate.wait();
                    }
                    (drawn, thread::spawn(draw).join().unwrap())
                });
                (first.join().unwrap(), second.join().unwrap(), draw())
            })
        };
        let all = threads(true);
        assert_eq!(all, threads(false));
        assert_ne!(all.0, all.1.0);
        assert_ne!(all.0, all.2);
    }

    #[test]
    fn without_a_scope_the_guard_opens_one_and_others_have_the_systems() {
        let one = thread::spawn(|| seeded(1));
        let same = thread::spawn(|| seeded(1));
        assert_eq!(one.join().unwrap(), same.join().unwrap());
        let _random = monkey::random::seed(1);
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        drop(receiver);
        drop(sender);
        assert_eq!(rand(), {
            let _again = monkey::random::seed(1);
            rand()
        });
    }
}

mod env {
    use super::*;

    fn all(name: &str) -> Vec<String> {
        let vars = std::env::vars().filter(|(key, _)| key == name).map(|(_, value)| value);
        let os =
            std::env::vars_os().filter(|(key, _)| key == name).map(|(_, value)| value.into_string().unwrap());
        let var = std::env::var(name).ok();
        let shell =
            Command::new("/bin/sh").args(["-c", &format!("printf '%s' \"${name}\"")]).output().unwrap();
        let program = String::from_utf8(shell.stdout).unwrap();
        let program = (!program.is_empty()).then_some(program);
        vars.chain(os).chain(var).chain(program).collect()
    }

    #[monkey::test]
    fn a_variable_is_seen_by_all_who_ask() {
        let first = monkey::env::set("MONKEY_TEST_A", "one");
        assert_eq!(all("MONKEY_TEST_A"), ["one"; 4]);
        let second = monkey::env::remove("MONKEY_TEST_A");
        assert!(all("MONKEY_TEST_A").is_empty());
        drop(first);
        assert!(all("MONKEY_TEST_A").is_empty());
        drop(second);
        assert!(all("MONKEY_TEST_A").is_empty());
        let _path = monkey::env::remove("PATH");
        assert!(std::env::var_os("PATH").is_none());
        assert_eq!(thread::spawn(|| std::env::var_os("PATH")).join().unwrap(), None);
    }

    #[monkey::test]
    fn programs_with_variables_of_their_own_get_the_others_too() {
        let _set = monkey::env::set("MONKEY_TEST_B", "two");
        let script = "printf '%s' \"$MONKEY_TEST_B$MONKEY_TEST_C\"";
        let with = |change: &dyn Fn(&mut Command) -> &mut Command| {
            let mut command = Command::new("/bin/sh");
            let output = change(command.args(["-c", script])).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        assert_eq!(with(&|command| command.env("MONKEY_TEST_C", "three")), "twothree");
        assert_eq!(with(&|command| command.env("MONKEY_TEST_B", "own")), "own");
        assert_eq!(with(&|command| command.env_remove("MONKEY_TEST_B")), "");
        assert_eq!(with(&|command| command.env_clear()), "");
    }

    #[monkey::test]
    fn what_the_scope_sets_is_its_own() {
        let guard = monkey::env::set("MONKEY_TEST_D", "kit");
        // SAFETY: the kit takes it; the process's environment stays as it is.
        unsafe { std::env::set_var("MONKEY_TEST_D", "own") };
        // SAFETY: as above.
        unsafe { std::env::set_var("MONKEY_TEST_E", "own") };
        assert_eq!(all("MONKEY_TEST_D"), ["own"; 4]);
        assert_eq!(all("MONKEY_TEST_E"), ["own"; 4]);
        // SAFETY: as above.
        unsafe { std::env::remove_var("MONKEY_TEST_D") };
        assert!(all("MONKEY_TEST_D").is_empty());
        drop(guard);
        assert!(all("MONKEY_TEST_E").is_empty());
    }

    #[test]
    fn scopes_have_their_own() {
        thread::scope(|scope| {
            for value in ["a", "b", "c"] {
                scope.spawn(move || {
                    let _guard = monkey::env::set("MONKEY_TEST_F", value);
                    for _ in 0..100 {
                        assert_eq!(std::env::var("MONKEY_TEST_F").unwrap(), value);
                        thread::spawn(move || assert_eq!(std::env::var("MONKEY_TEST_F").unwrap(), value))
                            .join()
                            .unwrap();
                    }
                });
            }
        });
        assert!(std::env::var("MONKEY_TEST_F").is_err());
    }

    #[test]
    fn names_that_are_none_are_refused() {
        for name in ["", "a=b", "a\0b"] {
            assert!(
                failure(move || drop(monkey::env::set(name, "x"))).contains("cannot be the name"),
                "{name:?}"
            );
        }
        assert!(failure(|| drop(monkey::env::set("A", "x\0y"))).contains("zero byte"));
    }
}

mod net {
    use super::*;

    #[test]
    fn a_connection_fails_the_test_and_says_whom_it_wanted() {
        let line = line!() + 2;
        let text = failure(|| {
            let _guard = monkey::net::forbid();
            let _ = thread::Builder::new()
                .name("caller".into())
                .spawn(|| TcpStream::connect("93.184.216.34:443").unwrap_err().kind())
                .unwrap()
                .join();
        });
        for part in [
            format!("`monkey::net::forbid()` at monkey-tests/world/tests/world.rs:{line} forbids"),
            "connect to 93.184.216.34:443, by `connect`".into(),
            child::said_place("tests/world.rs", line + 3),
            "on thread `caller` (".into(),
            "help: ".into(),
        ] {
            assert!(text.contains(&part), "{part}\nin\n{text}");
        }
    }

    #[test]
    fn names_and_datagrams_are_the_network_too() {
        let text = failure(|| {
            let _guard = monkey::net::forbid();
            assert!(TcpStream::connect("example.invalid:80").is_err());
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            assert!(socket.send_to(b"x", "10.1.2.3:53").is_err());
            assert!(TcpStream::connect("127.0.0.1:9").is_err());
        });
        for part in [
            "resolve example.invalid, by `getaddrinfo`",
            "send to 10.1.2.3:53, by `sendto`",
            "connect to 127.0.0.1:9",
        ] {
            assert!(text.contains(part), "{part}\nin\n{text}");
        }
    }

    unsafe extern "C" {
        fn gethostbyname_r(
            name: *const libc::c_char,
            host: *mut libc::hostent,
            buffer: *mut libc::c_char,
            size: usize,
            result: *mut *mut libc::hostent,
            error: *mut i32,
        ) -> i32;
    }

    /// A resolver on this machine is asked by an address of its own.
    #[test]
    fn names_are_the_network_whoever_resolves_them() {
        let text = failure(|| {
            let _guard = monkey::net::forbid().but_loopback();
            // SAFETY: a struct of pointers.
            let mut host: libc::hostent = unsafe { std::mem::zeroed() };
            let (mut buffer, mut result, mut error) = ([0; 1024], &raw mut host, 0);
            let (name, size) = (c"example.invalid".as_ptr(), buffer.len());
            // SAFETY: memory of our own.
            let failed = unsafe {
                gethostbyname_r(
                    name,
                    &raw mut host,
                    buffer.as_mut_ptr(),
                    size,
                    &raw mut result,
                    &raw mut error,
                )
            };
            assert!(failed != 0 && result.is_null());
        });
        assert!(text.contains("resolve example.invalid, by `gethostbyname_r`"), "{text}");
    }

    #[test]
    fn an_older_address_does_not_lead_to_a_newer_one() {
        let text = failure(|| drop(monkey::net::route("10.0.0.1:80", "[::1]:80")));
        assert!(text.contains("10.0.0.1:80 is an address of IPv4, and [::1]:80 is none"), "{text}");
    }

    #[monkey::test]
    fn loopback_may_be_left_alone_and_names_lead_elsewhere() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            for stream in listener.incoming().take(3) {
                stream.unwrap().write_all(b"served").unwrap();
            }
        });
        let _guard = monkey::net::forbid().but_loopback();
        let _route = monkey::net::route("api.example.com:443", address);
        let _other = monkey::net::route("10.0.0.1:5432", address);
        for from in ["api.example.com:443".to_owned(), "10.0.0.1:5432".to_owned(), address.to_string()] {
            let mut text = String::new();
            TcpStream::connect(&from).unwrap().read_to_string(&mut text).unwrap();
            assert_eq!(text, "served", "{from}");
        }
        server.join().unwrap();
    }

    #[monkey::test]
    fn a_routed_names_other_ports_are_named() {
        let text = failure(|| {
            let _guard = monkey::net::forbid().but_loopback();
            let _route = monkey::net::route("api.example.com:443", "127.0.0.1:1");
            assert!(TcpStream::connect("api.example.com:80").is_err());
        });
        assert!(text.contains("connect to api.example.com:80"), "{text}");
    }
}

mod process {
    use super::*;

    #[test]
    fn a_program_fails_the_test() {
        let place = child::said_place("tests/world.rs", line!() + 3);
        let text = failure(|| {
            let _guard = monkey::process::forbid();
            assert!(Command::new("git").args(["status", "-s"]).status().is_err());
        });
        assert!(text.contains("start `git status -s`, by `posix_spawnp`"), "{text}");
        assert!(text.contains(&place), "{text}");
        assert!(Command::new("true").status().unwrap().success());
    }

    unsafe extern "C" {
        fn vfork() -> libc::pid_t;
    }

    #[test]
    fn every_way_to_start_one_is_forbidden() {
        use std::os::unix::process::CommandExt as _;
        let text = failure(|| {
            let _guard = monkey::process::forbid();
            let mut command = Command::new("true");
            // SAFETY: does nothing.
            unsafe { command.pre_exec(|| Ok(())) };
            assert!(command.status().is_err());
            // SAFETY: a string that ends with a zero.
            assert_eq!(unsafe { libc::system(c"echo hello".as_ptr()) }, -1);
            let (words, none) = ([c"true".as_ptr(), std::ptr::null()], [std::ptr::null()]);
            let program = std::fs::File::open("/bin/true").unwrap();
            let file = std::os::fd::AsRawFd::as_raw_fd(&program);
            // SAFETY: arrays of strings that end.
            assert_eq!(unsafe { libc::fexecve(file, words.as_ptr(), none.as_ptr()) }, -1);
            let (path, words, none) = (c"/bin/true".as_ptr(), words.as_ptr(), none.as_ptr());
            // SAFETY: as above.
            let failed = unsafe { libc::syscall(libc::SYS_execveat, libc::AT_FDCWD, path, words, none, 0) };
            assert_eq!(failed, -1);
            // SAFETY: a child would end at once.
            assert_eq!(unsafe { vfork() }, -1);
            // SAFETY: takes numbers; a child would end at once.
            assert_eq!(unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) }, -1);
        });
        assert!(text.contains("start `true`, by `fexecve`"), "{text}");
        assert!(text.contains("start `true`, by `execveat`"), "{text}");
        for function in ["fork", "vfork"] {
            assert!(text.contains(&format!("start a process, by `{function}`")), "{text}");
        }
        assert!(text.contains("start `echo hello`, by `system`"), "{text}");
    }
}

#[test]
fn a_failing_test_says_its_seed() {
    if child::case().is_some() {
        let _random = monkey::random::seed(77);
        panic!("failed");
    }
    let output = child::run("a_failing_test_says_its_seed", "fails");
    let text = child::describe(output.status, &output);
    assert!(text.contains("note: random numbers were those of `monkey::random::seed(77)` at"), "{text}");
}
