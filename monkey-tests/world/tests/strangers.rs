//! What others bring: crates and functions of C that the kit has no word of, and kinds of waiting that nobody thought of first.
#![cfg(target_os = "linux")]
use crossbeam_channel::{RecvTimeoutError, after, bounded, never, select, tick};
use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);

mod waiting {
    use super::*;

    #[monkey::test]
    fn crossbeam_channels() {
        let clock = monkey::clock::pause();
        let (send, receive) = bounded::<u32>(0);
        assert_eq!(receive.recv_timeout(HOUR), Err(RecvTimeoutError::Timeout));
        assert!(send.send_timeout(1, HOUR).is_err());
        assert_eq!(clock.elapsed(), HOUR * 2);
        let ticks = tick(SECOND * 10);
        let mut seen = 0;
        let end = after(SECOND * 35);
        loop {
            select! {
                recv(ticks) -> _ => seen += 1,
                recv(end) -> _ => break,
                recv(never::<()>()) -> _ => unreachable!(),
            }
        }
        assert_eq!((seen, clock.elapsed()), (3, HOUR * 2 + SECOND * 35));
        select! {
            recv(receive) -> _ => unreachable!(),
            default(HOUR) => {}
        }
        let sender = thread::spawn(move || {
            thread::sleep(HOUR);
            send.send(7).unwrap();
        });
        assert_eq!(receive.recv_timeout(HOUR * 2), Ok(7));
        assert_eq!(clock.elapsed(), HOUR * 4 + SECOND * 35);
        sender.join().unwrap();
    }

    #[monkey::test]
    fn parking_lot() {
        use ::parking_lot::{Condvar, Mutex, RwLock};
        let clock = monkey::clock::pause();
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        assert!(pair.1.wait_for(&mut pair.0.lock(), HOUR).timed_out());
        assert!(pair.1.wait_until(&mut pair.0.lock(), Instant::now() + HOUR).timed_out());
        assert_eq!(clock.elapsed(), HOUR * 2);
        let held = Arc::new(RwLock::new(()));
        let reader = held.read();
        let writer = thread::spawn({
            let held = Arc::clone(&held);
            move || held.try_write_for(HOUR).is_some()
        });
        assert!(!writer.join().unwrap());
        drop(reader);
        let setter = thread::spawn({
            let pair = Arc::clone(&pair);
            move || {
                thread::sleep(SECOND);
                *pair.0.lock() = true;
                pair.1.notify_one();
            }
        });
        let mut set = pair.0.lock();
        assert!(!pair.1.wait_while_for(&mut set, |set| !*set, HOUR).timed_out());
        assert_eq!(clock.elapsed(), HOUR * 3 + SECOND);
        drop(set);
        setter.join().unwrap();
    }

    /// Where its crate `rustix` calls the C library, as its feature `use-libc` lets it, which this crate asks for.
    #[monkey::test]
    fn a_reactor_of_async_io() {
        use async_io::{Timer, block_on};
        let clock = monkey::clock::pause();
        block_on(async {
            Timer::after(HOUR).await;
            let mut ticks = Timer::interval(SECOND);
            for _ in 0..5 {
                std::future::poll_fn(|context| futures_core(&mut ticks, context)).await;
            }
        });
        assert_eq!(clock.elapsed(), HOUR + SECOND * 5);
    }

    /// One tick, without a crate for streams.
    fn futures_core(
        ticks: &mut async_io::Timer,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Instant> {
        Future::poll(std::pin::Pin::new(ticks), context)
    }

    fn in_an_hour(clock: libc::clockid_t) -> libc::timespec {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: room for the time.
        assert_eq!(unsafe { libc::clock_gettime(clock, &raw mut now) }, 0);
        libc::timespec { tv_sec: now.tv_sec + 3600, ..now }
    }

    unsafe extern "C" {
        fn pthread_mutex_clocklock(
            lock: *mut libc::pthread_mutex_t,
            clock: libc::clockid_t,
            until: *const libc::timespec,
        ) -> i32;
    }

    #[monkey::test]
    fn locks_of_c_until_a_time() {
        struct Shared(std::cell::UnsafeCell<libc::pthread_mutex_t>);
        // SAFETY: a lock.
        unsafe impl Sync for Shared {}
        // SAFETY: as above.
        unsafe impl Send for Shared {}
        let clock = monkey::clock::pause_at(UNIX_EPOCH + HOUR);
        let lock = Arc::new(Shared(libc::PTHREAD_MUTEX_INITIALIZER.into()));
        // SAFETY: initialised.
        assert_eq!(unsafe { libc::pthread_mutex_lock(lock.0.get()) }, 0);
        let other = thread::spawn({
            let lock = Arc::clone(&lock);
            move || {
                let until = in_an_hour(libc::CLOCK_REALTIME);
                // SAFETY: initialised, and a time.
                let first = unsafe { libc::pthread_mutex_timedlock(lock.0.get(), &raw const until) };
                let until = in_an_hour(libc::CLOCK_MONOTONIC);
                // SAFETY: as above.
                let second =
                    unsafe { pthread_mutex_clocklock(lock.0.get(), libc::CLOCK_MONOTONIC, &raw const until) };
                let until = in_an_hour(libc::CLOCK_REALTIME);
                // SAFETY: as above.
                let third = unsafe { libc::pthread_mutex_timedlock(lock.0.get(), &raw const until) };
                (first, second, third)
            }
        });
        thread::sleep(HOUR * 2 + HOUR / 2);
        // SAFETY: this thread has it.
        assert_eq!(unsafe { libc::pthread_mutex_unlock(lock.0.get()) }, 0);
        assert_eq!(other.join().unwrap(), (libc::ETIMEDOUT, libc::ETIMEDOUT, 0));
        assert_eq!(clock.elapsed(), HOUR * 2 + HOUR / 2);
    }

    unsafe extern "C" {
        fn pthread_clockjoin_np(
            thread: libc::pthread_t,
            result: *mut *mut libc::c_void,
            clock: libc::clockid_t,
            until: *const libc::timespec,
        ) -> i32;
    }

    #[monkey::test]
    fn a_threads_end_until_a_time() {
        use std::os::unix::thread::JoinHandleExt as _;
        let _clock = monkey::clock::pause();
        let sleeper = thread::spawn(|| thread::sleep(HOUR * 2));
        let until = in_an_hour(libc::CLOCK_MONOTONIC);
        let (thread, clock) = (sleeper.as_pthread_t(), libc::CLOCK_MONOTONIC);
        // SAFETY: a thread that is there, and memory of our own.
        let joined = unsafe { pthread_clockjoin_np(thread, std::ptr::null_mut(), clock, &raw const until) };
        assert_eq!(joined, libc::ETIMEDOUT);
        sleeper.join().unwrap();
    }

    #[monkey::test]
    fn select_says_what_is_left() {
        let _clock = monkey::clock::pause();
        let (reader, mut writer) = std::io::pipe().unwrap();
        let waker = thread::spawn(move || {
            thread::sleep(HOUR);
            std::io::Write::write_all(&mut writer, b"x").unwrap();
        });
        let fd = std::os::fd::AsRawFd::as_raw_fd(&reader);
        // SAFETY: a set of bits.
        let mut set: libc::fd_set = unsafe { std::mem::zeroed() };
        // SAFETY: within the set.
        unsafe { libc::FD_SET(fd, &raw mut set) };
        let mut span = libc::timeval { tv_sec: 7200, tv_usec: 0 };
        let (none, set) = (std::ptr::null_mut(), &raw mut set);
        // SAFETY: memory of our own.
        let ready = unsafe { libc::select(fd + 1, set, none, none, &raw mut span) };
        assert_eq!((ready, span.tv_sec, span.tv_usec), (1, 3600, 0));
        waker.join().unwrap();
    }

    #[monkey::test]
    fn how_long_the_machine_runs_is_the_clocks() {
        let _clock = monkey::clock::pause();
        let now = || {
            // SAFETY: structs of numbers.
            let (mut information, mut times) = unsafe { std::mem::zeroed::<(libc::sysinfo, libc::tms)>() };
            // SAFETY: room for what is told.
            let ticks = unsafe { libc::times(&raw mut times) };
            // SAFETY: as above.
            unsafe { libc::sysinfo(&raw mut information) };
            (information.uptime, ticks)
        };
        let begun = now();
        thread::sleep(HOUR);
        assert_eq!(now(), (begun.0 + 3600, begun.1 + 360_000));
    }

    #[monkey::test]
    fn signals_until_a_time() {
        let clock = monkey::clock::pause();
        // SAFETY: a set of signals is of numbers.
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        // SAFETY: a set.
        unsafe { libc::sigaddset(&raw mut set, libc::SIGUSR2) };
        // SAFETY: a set; the thread's own mask.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
        let hour = libc::timespec { tv_sec: 3600, tv_nsec: 0 };
        // SAFETY: a set, and a span.
        let wait = || unsafe { libc::sigtimedwait(&raw const set, std::ptr::null_mut(), &raw const hour) };
        assert_eq!(wait(), -1);
        assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::EAGAIN));
        // SAFETY: takes nothing.
        let own = unsafe { libc::pthread_self() };
        let sender = thread::spawn(move || {
            thread::sleep(SECOND);
            // SAFETY: a thread that lives until this one is joined.
            unsafe { libc::pthread_kill(own, libc::SIGUSR2) };
        });
        assert_eq!(wait(), libc::SIGUSR2);
        sender.join().unwrap();
        assert_eq!(clock.elapsed(), HOUR + SECOND);
    }

    #[monkey::test]
    fn a_timer_with_an_interval_in_epoll() {
        let clock = monkey::clock::pause();
        // SAFETY: takes numbers.
        let timer = unsafe { libc::timerfd_create(libc::CLOCK_BOOTTIME, libc::TFD_CLOEXEC) };
        // SAFETY: takes numbers.
        let epoll = unsafe { libc::epoll_create1(0) };
        let span = |seconds| libc::timespec { tv_sec: seconds, tv_nsec: 0 };
        let set = libc::itimerspec { it_interval: span(60), it_value: span(10) };
        // SAFETY: a timer, and a time.
        assert_eq!(unsafe { libc::timerfd_settime(timer, 0, &raw const set, std::ptr::null_mut()) }, 0);
        let mut event = libc::epoll_event { events: libc::EPOLLIN.cast_unsigned(), u64: 7 };
        // SAFETY: both are open.
        unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, timer, &raw mut event) };
        for round in 0..4 {
            let mut found = libc::epoll_event { events: 0, u64: 0 };
            // SAFETY: room for one event.
            assert_eq!(unsafe { libc::epoll_wait(epoll, &raw mut found, 1, -1) }, 1);
            assert_eq!(clock.elapsed(), SECOND * (10 + 60 * round));
            let mut count = [0; 8];
            // SAFETY: room for the count.
            assert_eq!(unsafe { libc::read(timer, count.as_mut_ptr().cast(), 8) }, 8);
            assert_eq!(u64::from_ne_bytes(count), 1);
        }
        for descriptor in [timer, epoll] {
            // SAFETY: nobody else's.
            unsafe { libc::close(descriptor) };
        }
    }

    #[monkey::test]
    fn who_waits_for_a_program_keeps_the_clock_still() {
        let clock = monkey::clock::pause();
        let sleeper = thread::spawn(|| thread::sleep(HOUR));
        let status = std::process::Command::new("/bin/sh").args(["-c", "sleep 0.1; exit 3"]).status();
        assert_eq!((status.unwrap().code(), clock.elapsed()), (Some(3), Duration::ZERO));
        sleeper.join().unwrap();
        assert_eq!(clock.elapsed(), HOUR);
    }

    #[monkey::test]
    fn a_pipe_between_threads_is_read_before_time_goes_on() {
        let clock = monkey::clock::pause();
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        let writing = thread::spawn(move || {
            for number in 0..10_u8 {
                thread::sleep(SECOND);
                writer.write_all(&[number]).unwrap();
            }
        });
        let poll = |fd: &std::io::PipeReader| {
            let fd = std::os::fd::AsRawFd::as_raw_fd(fd);
            let mut polled = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
            // SAFETY: one descriptor.
            assert_eq!(unsafe { libc::poll(&raw mut polled, 1, 3_600_000) }, 1);
        };
        for number in 0..10_u8 {
            let mut byte = [0];
            poll(&reader);
            reader.read_exact(&mut byte).unwrap();
            assert_eq!((byte[0], clock.elapsed()), (number, SECOND * u32::from(number + 1)));
        }
        writing.join().unwrap();
    }

    #[monkey::test]
    fn cached_entries_expire() {
        use cached::{Cached as _, TimedCache};
        let clock = monkey::clock::pause();
        let mut cache = TimedCache::with_lifespan(SECOND * 60);
        cache.cache_set("key", 1);
        clock.advance(SECOND * 59);
        assert_eq!(cache.cache_get("key"), Some(&1));
        clock.advance(SECOND);
        assert_eq!(cache.cache_get("key"), None);
    }

    #[monkey::test]
    fn a_pool_has_the_clock_of_the_test_that_builds_it() {
        let clock = monkey::clock::pause();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        pool.scope(|scope| (1..=6).for_each(|hours| scope.spawn(move |_| thread::sleep(HOUR * hours))));
        assert!(clock.elapsed() >= HOUR * 7 && clock.elapsed() <= HOUR * 21, "{:?}", clock.elapsed());
        drop(pool);
    }

    #[monkey::test]
    fn a_full_channel_and_a_slow_reader() {
        let clock = monkey::clock::pause();
        let (send, receive) = mpsc::sync_channel(1);
        let sending = thread::spawn(move || (0..5).for_each(|number| send.send(number).unwrap()));
        for number in 0..5 {
            thread::sleep(HOUR);
            assert_eq!(receive.recv(), Ok(number));
        }
        sending.join().unwrap();
        assert_eq!(clock.elapsed(), HOUR * 5);
    }
}

unsafe extern "C" {
    fn timespec_get(to: *mut libc::timespec, base: i32) -> i32;
}

#[monkey::test]
fn chrono_time_and_jiff_show_the_same() {
    let clock = monkey::clock::pause_at(UNIX_EPOCH + SECOND * 946_684_799);
    let seconds = || {
        [
            chrono::Utc::now().timestamp(),
            chrono::Local::now().timestamp(),
            time::OffsetDateTime::now_utc().unix_timestamp(),
            jiff::Timestamp::now().as_second(),
            i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap(),
        ]
    };
    assert_eq!(seconds(), [946_684_799; 5]);
    clock.advance(SECOND);
    assert_eq!(seconds(), [946_684_800; 5]);
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: room for the time.
    assert_eq!(unsafe { timespec_get(&raw mut now, 1) }, 1);
    assert_eq!(now.tv_sec, 946_684_800);
}

#[monkey::test]
fn every_kind_of_error_comes_as_what_it_is() {
    use ErrorKind as Kind;
    use monkey::fs::Op;
    let all = [
        Kind::NotFound,
        Kind::PermissionDenied,
        Kind::AlreadyExists,
        Kind::WouldBlock,
        Kind::InvalidInput,
        Kind::TimedOut,
        Kind::StorageFull,
        Kind::QuotaExceeded,
        Kind::FileTooLarge,
        Kind::ResourceBusy,
        Kind::ExecutableFileBusy,
        Kind::Deadlock,
        Kind::CrossesDevices,
        Kind::TooManyLinks,
        Kind::ArgumentListTooLong,
        Kind::Unsupported,
        Kind::OutOfMemory,
        Kind::NotADirectory,
        Kind::IsADirectory,
        Kind::DirectoryNotEmpty,
        Kind::ReadOnlyFilesystem,
        Kind::StaleNetworkFileHandle,
        Kind::NotSeekable,
        Kind::BrokenPipe,
        Kind::AddrInUse,
        Kind::AddrNotAvailable,
        Kind::ConnectionRefused,
        Kind::ConnectionReset,
        Kind::ConnectionAborted,
        Kind::NotConnected,
        Kind::HostUnreachable,
        Kind::NetworkUnreachable,
        Kind::NetworkDown,
    ];
    let _file = monkey::fs::file("/etc/monkey/strange", "text");
    for kind in all {
        let _fails = monkey::fs::fail(Op::Open, "/etc/monkey/strange", kind);
        assert_eq!(std::fs::read("/etc/monkey/strange").map_err(|error| error.kind()), Err(kind));
    }
    let _interrupted = monkey::fs::fail(Op::Read, "/etc/monkey/strange", Kind::Interrupted).times(3);
    assert_eq!(std::fs::read_to_string("/etc/monkey/strange").unwrap(), "text");
}

#[monkey::test]
fn a_served_folder_is_listed_with_what_is_below() {
    let _files = ["b", "a", "deep/c", "deep/er/d"]
        .map(|name| monkey::fs::file(format!("/etc/monkey/list/{name}"), name));
    let names = |folder: &str| {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                assert_eq!(entry.metadata().unwrap().is_dir(), entry.file_type().unwrap().is_dir());
                (entry.file_name().into_string().unwrap(), entry.file_type().unwrap().is_dir())
            })
            .collect();
        names.sort();
        names
    };
    let owned =
        |all: &[(&str, bool)]| all.iter().map(|(name, dir)| ((*name).to_owned(), *dir)).collect::<Vec<_>>();
    assert_eq!(names("/etc/monkey/list"), owned(&[("a", false), ("b", false), ("deep", true)]));
    assert_eq!(names("/etc/monkey/list/deep"), owned(&[("c", false), ("er", true)]));
    assert_eq!(std::fs::metadata("/etc/monkey/list/deep/er/d").unwrap().len(), 9);
}

#[monkey::test]
fn programs_of_c_get_the_variables_too() {
    let _set = monkey::env::set("MONKEY_STRANGER", "own");
    // SAFETY: a command.
    let status = unsafe { libc::system(c"test \"$MONKEY_STRANGER\" = own".as_ptr()) };
    assert_eq!(status, 0);
    // SAFETY: a command, and a mode.
    let pipe = unsafe { libc::popen(c"printf %s \"$MONKEY_STRANGER\"".as_ptr(), c"r".as_ptr()) };
    let mut said = [0_u8; 8];
    // SAFETY: room of this size.
    let read = unsafe { libc::fread(said.as_mut_ptr().cast(), 1, said.len(), pipe) };
    // SAFETY: opened above.
    unsafe { libc::pclose(pipe) };
    assert_eq!(&said[..read], b"own");
}

#[monkey::test]
#[tokio::test(flavor = "multi_thread")]
async fn reqwest_is_led_elsewhere() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let _offline = monkey::net::forbid().but_loopback();
    let _route = monkey::net::route("api.example.com:80", server.local_addr().unwrap());
    let serving = thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        let mut request = [0; 1024];
        let size = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").unwrap();
        String::from_utf8_lossy(&request[..size]).into_owned()
    });
    let answer = reqwest::get("http://api.example.com/path").await.unwrap().text().await.unwrap();
    assert_eq!(answer, "ok");
    let request = serving.join().unwrap();
    assert!(request.starts_with("GET /path") && request.contains("host: api.example.com"), "{request}");
}

#[monkey::test]
fn threads_draw_their_own_whoever_is_first() {
    use std::hash::{BuildHasher as _, RandomState};
    let draw = |late: u32| {
        let _random = monkey::random::seed(3);
        let threads: Vec<_> = (0..4_u32)
            .map(|number| {
                thread::spawn(move || {
                    thread::sleep(Duration::from_millis(u64::from(number == late) * 20));
                    (uuid::Uuid::new_v4(), RandomState::new().hash_one(number))
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    };
    let first = draw(0);
    assert!((1..4).all(|late| draw(late) == first));
}

/// Waits by a system call of its own, as a crate does that passes the C library by.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
fn nap_past_the_library(span: Duration) {
    let span = libc::timespec { tv_sec: 0, tv_nsec: span.subsec_nanos().into() };
    // SAFETY: the system call `nanosleep`, which changes no memory.
    unsafe {
        std::arch::asm!("syscall", inlateout("rax") libc::SYS_nanosleep => _, in("rdi") &raw const span, in("rsi") 0,
            out("rcx") _, out("r11") _);
    };
}

#[cfg(target_arch = "x86_64")]
#[monkey::test]
fn who_waits_past_the_library_is_named() {
    use monkey_tests::child;
    if child::case().is_some() {
        let _clock = monkey::clock::pause();
        let napping = thread::Builder::new().name("napping".into()).spawn(|| {
            (0..8).for_each(|_| nap_past_the_library(Duration::from_millis(900)));
        });
        thread::sleep(HOUR);
        napping.unwrap().join().unwrap();
        return;
    }
    let output = child::run("who_waits_past_the_library_is_named", "notes");
    let said = child::describe(output.status, &output);
    assert!(child::passed(&output), "{said}");
    for part in [
        "note: the paused clock stands since two seconds: thread `napping`",
        "`nanosleep` in `strangers::nap_past_the_library`",
    ] {
        assert!(said.contains(part), "{part}\nin\n{said}");
    }
}

/// What is asked by `syscall`, as crates do that want one call more than the library has.
#[monkey::test]
fn calls_by_their_number_are_seen() {
    let clock = monkey::clock::pause_at(UNIX_EPOCH + SECOND * 1000);
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: room for the time.
    unsafe { libc::syscall(libc::SYS_clock_gettime, libc::CLOCK_REALTIME, &raw mut now) };
    assert_eq!(now.tv_sec, 1000);
    let hour = libc::timespec { tv_sec: 3600, tv_nsec: 0 };
    // SAFETY: a span.
    assert_eq!(unsafe { libc::syscall(libc::SYS_nanosleep, &raw const hour, 0) }, 0);
    // SAFETY: a span.
    let slept =
        unsafe { libc::syscall(libc::SYS_clock_nanosleep, libc::CLOCK_MONOTONIC, 0, &raw const hour, 0) };
    assert_eq!(slept, 0);
    // SAFETY: nothing is polled.
    assert_eq!(unsafe { libc::syscall(libc::SYS_ppoll, 0, 0, &raw const hour, 0, 0) }, 0);
    // SAFETY: takes numbers.
    let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    // SAFETY: room for one event.
    let come = unsafe { libc::syscall(libc::SYS_epoll_pwait, epoll, &raw mut event, 1, 3_600_000, 0, 8) };
    assert_eq!(come, 0);
    // SAFETY: made above.
    unsafe { libc::close(epoll) };
    assert_eq!(clock.elapsed(), HOUR * 4);
}

#[monkey::test]
fn random_devices_are_the_same_however_they_are_read() {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::fs::FileExt as _;
    let draw = || {
        let _random = monkey::random::seed(3);
        let file = std::fs::File::open("/dev/urandom").unwrap();
        let mut drawn = [[0_u8; 16]; 2];
        file.read_exact_at(&mut drawn[0], 0).unwrap();
        let part = libc::iovec { iov_base: drawn[1].as_mut_ptr().cast(), iov_len: 16 };
        // SAFETY: room of this size.
        assert_eq!(unsafe { libc::readv(file.as_raw_fd(), &raw const part, 1) }, 16);
        drawn
    };
    let first = draw();
    assert!(first == draw() && first[0] != first[1]);
}

#[monkey::test]
fn programs_get_what_they_are_given_and_are_found_where_the_scope_says() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;
    let folder = std::env::temp_dir().join(format!("monkey-path-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let program = folder.join("monkey-prog");
    std::fs::write(&program, "#!/bin/sh\necho \"<$MONKEY_OWN>\"\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    {
        let _own = monkey::env::set("MONKEY_OWN", "own");
        let clear = Command::new("/usr/bin/env").env_clear().env("X", "y").output().unwrap();
        assert_eq!(clear.stdout, b"X=y\n");
        let _path = monkey::env::set("PATH", &folder);
        assert_eq!(Command::new("monkey-prog").output().unwrap().stdout, b"<own>\n");
        assert_eq!(Command::new("true").output().unwrap_err().kind(), ErrorKind::NotFound);
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[monkey::test]
fn a_newer_address_leads_to_an_older_one() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let _route = monkey::net::route("[2001:db8::1]:443", server.local_addr().unwrap());
    std::net::TcpStream::connect("[2001:db8::1]:443").unwrap();
}
