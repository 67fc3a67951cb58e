//! Reading, writing and accepting that blocks: between threads of the test it is waited for, and timeouts are the clock's.
#![cfg(target_os = "linux")]
use monkey_tests::child;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const MEGABYTE: usize = 1 << 20;

fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

#[monkey::test]
fn timeouts_of_sockets_are_the_clocks() {
    let _clock = monkey::clock::pause();
    let start = Instant::now();
    let (client, _server) = connected();
    client.set_read_timeout(Some(HOUR)).unwrap();
    assert_eq!((&client).read(&mut [0; 4]).unwrap_err().kind(), ErrorKind::WouldBlock);
    let (near, _far) = UnixStream::pair().unwrap();
    near.set_read_timeout(Some(HOUR)).unwrap();
    assert_eq!((&near).read(&mut [0; 4]).unwrap_err().kind(), ErrorKind::WouldBlock);
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(HOUR)).unwrap();
    assert_eq!(socket.recv_from(&mut [0; 4]).unwrap_err().kind(), ErrorKind::WouldBlock);
    client.set_write_timeout(Some(HOUR)).unwrap();
    assert_eq!((&client).write_all(&vec![0; 64 * MEGABYTE]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(start.elapsed(), HOUR * 4);
}

#[monkey::test]
fn a_server_of_threads_answers_in_its_time() {
    let _clock = monkey::clock::pause();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let (mut stream, mut asked) = (stream.unwrap(), [0; 4]);
            stream.read_exact(&mut asked).unwrap();
            thread::sleep(SECOND * 10);
            let _ = stream.write_all(&asked);
        }
    });
    let start = Instant::now();
    for (timeout, is_answered) in [(11, true), (9, false)] {
        thread::sleep(SECOND);
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(SECOND * timeout)).unwrap();
        stream.write_all(b"ping").unwrap();
        assert_eq!(stream.read_exact(&mut [0; 4]).is_ok(), is_answered);
    }
    assert_eq!(start.elapsed(), SECOND * (1 + 10 + 1 + 9));
    server.join().unwrap();
}

#[monkey::test]
fn who_reads_a_pipe_waits_for_who_sleeps() {
    let _clock = monkey::clock::pause();
    let start = Instant::now();
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let sleeper = thread::spawn(move || {
        thread::sleep(HOUR);
        writer.write_all(b"x").unwrap();
    });
    reader.read_exact(&mut [0; 1]).unwrap();
    assert_eq!(start.elapsed(), HOUR);
    sleeper.join().unwrap();
}

#[monkey::test]
fn more_is_written_than_there_is_room_for() {
    let _clock = monkey::clock::pause();
    let (mut reader, mut writer) = std::io::pipe().unwrap();
    let (mut client, mut server) = connected();
    let writing = thread::spawn(move || {
        writer.write_all(&vec![7; MEGABYTE]).unwrap();
        client.write_all(&vec![7; 16 * MEGABYTE]).unwrap();
        let sent =
            client.write_vectored(&[IoSlice::new(b""), IoSlice::new(b"a"), IoSlice::new(b"b")]).unwrap();
        assert!(sent > 0);
    });
    let mut read = vec![0; MEGABYTE];
    thread::sleep(HOUR);
    reader.read_exact(&mut read).unwrap();
    thread::sleep(HOUR);
    server.read_to_end(&mut read).unwrap();
    assert!(read.len() > 17 * MEGABYTE, "{}", read.len());
    writing.join().unwrap();
}

/// It is no pipe of the test's alone, so nothing that waits for it waits for good.
#[monkey::test]
fn a_program_takes_its_time_to_say_something() {
    let _clock = monkey::clock::pause();
    let output = Command::new("sh").args(["-c", "sleep 1; echo said"]).output().unwrap();
    assert_eq!(output.stdout, b"said\n");
    thread::sleep(HOUR);
}

/// Nor does who waits for a connection that a program is to make.
#[monkey::test]
fn a_program_takes_its_time_to_connect() {
    if let Some(address) = child::case() {
        thread::sleep(SECOND);
        return drop(TcpStream::connect(address).unwrap());
    }
    let _clock = monkey::clock::pause();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut program = child::command("a_program_takes_its_time_to_connect", &address);
    let mut program = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    listener.accept().unwrap();
    assert!(program.wait().unwrap().success());
}

fn fails(test: &str) {
    let (output, late) = child::limited(&mut child::command(test, "fails"), Duration::from_secs(20));
    let said = child::describe(output.status, &output);
    assert!(!late && said.contains("deadlock: every thread of this test waits"), "{late} {said}");
    assert!(said.contains("test result: FAILED"), "{said}");
}

#[monkey::test]
fn a_connection_that_nobody_makes() {
    if child::case().is_none() {
        return fails("a_connection_that_nobody_makes");
    }
    let _clock = monkey::clock::pause();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    drop(listener.accept());
}

#[monkey::test]
fn a_pipe_that_nobody_writes_to() {
    if child::case().is_none() {
        return fails("a_pipe_that_nobody_writes_to");
    }
    let _clock = monkey::clock::pause();
    let (mut reader, _writer) = std::io::pipe().unwrap();
    drop(reader.read(&mut [0; 1]));
}

/// A wait in the C library that the clock cannot see is named.
#[monkey::test]
fn who_waits_for_a_queue_is_named() {
    if child::emulated() {
        return println!("skipped: the emulator's own calls are those of another machine");
    }
    if child::case().is_none() {
        let test = "who_waits_for_a_queue_is_named";
        let (output, _) = child::limited(&mut child::command(test, "hangs"), Duration::from_secs(20));
        let said = child::describe(output.status, &output);
        let name = "note: the paused clock stands since two seconds: thread `who_waits_for_a_qu";
        assert!(said.contains(&name[..70]) && said.contains("is in `semtimedop`"), "{said}");
        return;
    }
    let _clock = monkey::clock::pause();
    let sleeper = thread::spawn(|| thread::sleep(HOUR));
    // SAFETY: takes numbers.
    let semaphores = unsafe { libc::semget(libc::IPC_PRIVATE, 1, 0o600) };
    let mut take = libc::sembuf { sem_num: 0, sem_op: -1, sem_flg: 0 };
    let span = libc::timespec { tv_sec: 3, tv_nsec: 0 };
    // SAFETY: memory of our own.
    unsafe { libc::syscall(libc::SYS_semtimedop, semaphores, &raw mut take, 1, &raw const span) };
    // SAFETY: made above.
    unsafe { libc::semctl(semaphores, 0, libc::IPC_RMID) };
    sleeper.join().unwrap();
}

/// A signal is the whole process's: what sends one goes by the real clock, and that is said.
#[monkey::test]
fn who_sets_an_alarm_is_told() {
    if child::case().is_none() {
        let output = child::run("who_sets_an_alarm_is_told", "sets");
        let said = child::describe(output.status, &output);
        let place = child::said_place("tests/blocking.rs", line!() + 8);
        let note = "note: the clock is paused, and `alarm` goes by the real one: called at ";
        assert!(said.contains(&place), "{place} {said}");
        assert_eq!(said.matches(note).count(), 1, "{said}");
        return;
    }
    let _clock = monkey::clock::pause();
    // SAFETY: takes numbers.
    unsafe { libc::alarm(100) };
    // SAFETY: as above.
    unsafe { libc::alarm(0) };
}

/// The calling thread's, which no clock of a test's changes.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: room for the time.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec.try_into().unwrap())
}

/// Giving the processor away again and again is waiting; computing with a yield now and then is not.
#[monkey::test]
fn who_yields_until_something_is_there_waits() {
    if child::emulated() {
        // What a yield takes there depends on what else the machine does.
        return;
    }
    let _clock = monkey::clock::pause();
    let start = Instant::now();
    let flag = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&flag);
    let sleeper = thread::spawn(move || {
        thread::sleep(HOUR);
        theirs.store(true, SeqCst);
    });
    for _ in 0..3000 {
        let begun = processor_time();
        while processor_time() < begun + Duration::from_micros(30) {}
        thread::yield_now();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    while !flag.load(SeqCst) {
        thread::yield_now();
    }
    assert_eq!(start.elapsed(), HOUR);
    sleeper.join().unwrap();
}

/// Nobody can tell it from computing, so it is said.
#[monkey::test]
fn who_looks_at_the_clock_until_it_shows_something_is_named() {
    let test = "who_looks_at_the_clock_until_it_shows_something_is_named";
    if child::case().is_none() {
        let (output, _) = child::limited(&mut child::command(test, "hangs"), Duration::from_secs(8));
        let said = child::describe(output.status, &output);
        let note = "note: the paused clock stands since five seconds: thread `";
        assert!(said.contains(note) && said.contains("computes, or waits by looking again"), "{said}");
        return;
    }
    let _clock = monkey::clock::pause();
    let until = Instant::now() + SECOND;
    while Instant::now() < until {}
}
