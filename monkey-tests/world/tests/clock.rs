//! A test's own time.
#![cfg(target_os = "linux")]
use monkey_tests::child;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const HOUR: Duration = Duration::from_hours(1);

mod reading {
    use super::*;

    #[monkey::test]
    fn every_clock_stands_still_and_is_turned() {
        let clock = monkey::clock::pause_at(UNIX_EPOCH + HOUR);
        let (wall, start) = (SystemTime::now(), Instant::now());
        thread::sleep(Duration::ZERO);
        assert_eq!((wall.duration_since(UNIX_EPOCH).unwrap(), start.elapsed()), (HOUR, Duration::ZERO));
        clock.advance(HOUR);
        assert_eq!((wall.elapsed().unwrap(), start.elapsed()), (HOUR, HOUR));
        assert_eq!(thread::spawn(move || start.elapsed()).join().unwrap(), HOUR);
        assert_eq!(clock.now(), UNIX_EPOCH + HOUR * 2);
        clock.set(UNIX_EPOCH);
        assert_eq!((SystemTime::now(), start.elapsed()), (UNIX_EPOCH, HOUR));
        let before = UNIX_EPOCH - Duration::from_nanos(1);
        clock.set(before);
        assert_eq!((SystemTime::now(), clock.now()), (before, before));
    }

    #[monkey::test]
    fn c_asks_the_same_clock() {
        let _clock = monkey::clock::pause_at(UNIX_EPOCH + HOUR);
        let mut day = libc::timeval { tv_sec: 0, tv_usec: 0 };
        // SAFETY: room for the time.
        unsafe { libc::gettimeofday(&raw mut day, std::ptr::null_mut()) };
        // SAFETY: takes null.
        let seconds = unsafe { libc::time(std::ptr::null_mut()) };
        assert_eq!((day.tv_sec, day.tv_usec, seconds), (3600, 0, 3600));
    }

    /// In a process that has seeded no randomness, so that nobody has looked for the function.
    #[test]
    fn a_call_by_its_number_needs_no_guard_of_its_function() {
        child::alone("reading::a_call_by_its_number_needs_no_guard_of_its_function", || {
            let _clock = monkey::clock::pause();
            let mut bytes = [0_u8; 8];
            // SAFETY: memory of its size.
            let read = unsafe { libc::syscall(libc::SYS_getrandom, bytes.as_mut_ptr(), bytes.len(), 0) };
            assert_eq!(read, 8);
        });
    }

    #[test]
    fn others_have_the_real_clock() {
        let (go, start) = mpsc::channel::<()>();
        let outside = thread::spawn(move || {
            start.recv().unwrap();
            let begun = Instant::now();
            thread::sleep(Duration::from_millis(20));
            begun.elapsed()
        });
        let _clock = monkey::clock::pause();
        let begun = Instant::now();
        go.send(()).unwrap();
        assert!(outside.join().unwrap() >= Duration::from_millis(20));
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}

mod waiting {
    use super::*;

    #[test]
    fn every_way_to_wait_waits_for_the_clock() {
        let real = monkey_tests_real();
        let clock = monkey::clock::pause();
        let mut turned = Duration::ZERO;
        let mut check = |what: &str, wait: &dyn Fn()| {
            wait();
            turned += HOUR;
            assert_eq!(clock.elapsed(), turned, "{what}");
        };
        check("sleep", &|| thread::sleep(HOUR));
        check("park_timeout", &|| thread::park_timeout(HOUR));
        check("wait_timeout", &|| {
            let mutex = Mutex::new(());
            let waited = Condvar::new().wait_timeout(mutex.lock().unwrap(), HOUR).unwrap();
            assert!(waited.1.timed_out());
        });
        check("recv_timeout", &|| {
            let (_sender, receiver) = mpsc::channel::<()>();
            assert_eq!(receiver.recv_timeout(HOUR), Err(mpsc::RecvTimeoutError::Timeout));
        });
        let milliseconds = i32::try_from(HOUR.as_millis()).unwrap();
        // SAFETY: no descriptors.
        check("poll", &|| assert_eq!(unsafe { libc::poll(std::ptr::null_mut(), 0, milliseconds) }, 0));
        check("select", &|| {
            let (null, mut span) = (std::ptr::null_mut(), libc::timeval { tv_sec: 3600, tv_usec: 0 });
            // SAFETY: no descriptors, and a span.
            assert_eq!(unsafe { libc::select(0, null, null, null, &raw mut span) }, 0);
        });
        // SAFETY: takes a number.
        check("sleep of C", &|| assert_eq!(unsafe { libc::sleep(3600) }, 0));
        check("usleep", &|| {
            // SAFETY: takes a number.
            assert_eq!(unsafe { libc::usleep(3_600_000_000) }, 0);
        });
        check("pthread_cond_timedwait", &condition);
        check("sem_timedwait", &semaphore);
        check("timerfd", &timer);
        check("mq_timedreceive", &queue);
        check("semtimedop", &semaphores);
        check("recvmmsg", &messages);
        check("pselect6 by its number", &|| {
            let hour = libc::timespec { tv_sec: 3600, tv_nsec: 0 };
            let (none, hour) = (std::ptr::null::<libc::fd_set>(), &raw const hour);
            // SAFETY: no descriptors, and a span.
            assert_eq!(unsafe { libc::syscall(libc::SYS_pselect6, 0, none, none, none, hour, none) }, 0);
        });
        assert!(real.elapsed() < Duration::from_secs(5));
    }

    /// `wait_timeout_while` wants more time to have gone by than it was given, and waits for nothing until that is so.
    #[monkey::test]
    fn a_clock_that_is_paused_again_is_waited_for_as_well() {
        for _ in 0..3 {
            let _clock = monkey::clock::pause();
            let start = Instant::now();
            thread::spawn(|| thread::sleep(HOUR)).join().unwrap();
            thread::sleep(HOUR);
            assert_eq!(start.elapsed(), HOUR * 2);
        }
    }

    #[monkey::test]
    fn a_wait_that_is_begun_again_when_its_time_is_over_ends() {
        let clock = monkey::clock::pause();
        let (mutex, condition) = (Mutex::new(()), Condvar::new());
        let waited = condition.wait_timeout_while(mutex.lock().unwrap(), HOUR, |()| true).unwrap();
        assert!(waited.1.timed_out());
        assert_eq!(clock.elapsed(), HOUR + Duration::from_nanos(1));
        // One that is asked but once, as in a poll, turns no clock.
        let held = condition.wait_timeout(waited.0, Duration::ZERO).unwrap().0;
        thread::sleep(HOUR);
        drop(condition.wait_timeout(held, Duration::ZERO).unwrap());
        assert_eq!(clock.elapsed(), HOUR * 2 + Duration::from_nanos(1));
    }

    #[monkey::test]
    fn it_ends_where_the_clock_is_turned_by_hand() {
        let clock = monkey::clock::pause();
        clock.manual();
        let waiter = thread::spawn(|| {
            let (mutex, condition) = (Mutex::new(()), Condvar::new());
            condition.wait_timeout_while(mutex.lock().unwrap(), HOUR, |()| true).unwrap().1.timed_out()
        });
        clock.advance(HOUR);
        assert!(waiter.join().unwrap());
    }

    fn until() -> libc::timespec {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + HOUR;
        libc::timespec { tv_sec: now.as_secs().cast_signed(), tv_nsec: now.subsec_nanos().into() }
    }

    fn condition() {
        let (mut mutex, mut condition) = (libc::PTHREAD_MUTEX_INITIALIZER, libc::PTHREAD_COND_INITIALIZER);
        let until = until();
        // SAFETY: a mutex that was initialised.
        unsafe { libc::pthread_mutex_lock(&raw mut mutex) };
        // SAFETY: initialised, the mutex is held.
        let waited =
            unsafe { libc::pthread_cond_timedwait(&raw mut condition, &raw mut mutex, &raw const until) };
        assert_eq!(waited, libc::ETIMEDOUT);
    }

    fn errno() -> i32 {
        std::io::Error::last_os_error().raw_os_error().unwrap()
    }

    fn queue() {
        let name = std::ffi::CString::new(format!("/monkey-{}", std::process::id())).unwrap();
        // SAFETY: numbers.
        let mut attributes: libc::mq_attr = unsafe { std::mem::zeroed() };
        (attributes.mq_maxmsg, attributes.mq_msgsize) = (1, 8);
        // SAFETY: a name that ends with a zero, and attributes.
        let queue =
            unsafe { libc::mq_open(name.as_ptr(), libc::O_CREAT | libc::O_RDWR, 0o600, &raw mut attributes) };
        assert!(queue >= 0, "{}", errno());
        // SAFETY: as above.
        unsafe { libc::mq_unlink(name.as_ptr()) };
        let (mut room, until) = ([0; 8], until());
        // SAFETY: room of its size, and a time.
        let received = unsafe {
            libc::mq_timedreceive(
                queue,
                room.as_mut_ptr(),
                room.len(),
                std::ptr::null_mut(),
                &raw const until,
            )
        };
        assert_eq!((received, errno()), (-1, libc::ETIMEDOUT));
        // SAFETY: memory of its size, and a time that is over.
        assert_eq!(unsafe { libc::mq_timedsend(queue, room.as_ptr(), 3, 0, &raw const until) }, 0);
        // SAFETY: as above.
        let received = unsafe {
            libc::mq_timedreceive(queue, room.as_mut_ptr(), 8, std::ptr::null_mut(), &raw const until)
        };
        assert_eq!(received, 3);
        // SAFETY: opened above.
        unsafe { libc::mq_close(queue) };
    }

    fn semaphores() {
        // SAFETY: takes numbers.
        let set = unsafe { libc::semget(libc::IPC_PRIVATE, 1, 0o600) };
        let mut take = libc::sembuf { sem_num: 0, sem_op: -1, sem_flg: 0 };
        let hour = libc::timespec { tv_sec: 3600, tv_nsec: 0 };
        // SAFETY: an operation and a span.
        let taken = unsafe { semtimedop(set, &raw mut take, 1, &raw const hour) };
        assert_eq!((taken, errno()), (-1, libc::EAGAIN));
        // SAFETY: made above.
        unsafe { libc::semctl(set, 0, libc::IPC_RMID) };
    }

    unsafe extern "C" {
        fn semtimedop(set: i32, all: *mut libc::sembuf, count: usize, span: *const libc::timespec) -> i32;
    }

    fn messages() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let file = std::os::fd::AsRawFd::as_raw_fd(&socket);
        let mut hour = libc::timespec { tv_sec: 3600, tv_nsec: 0 };
        // SAFETY: numbers and null pointers: a message without room.
        let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
        // SAFETY: one message, and a span.
        let received = unsafe { libc::recvmmsg(file, &raw mut message, 1, 0, &raw mut hour) };
        assert_eq!((received, errno()), (-1, libc::EAGAIN));
    }

    fn semaphore() {
        // SAFETY: numbers.
        let mut semaphore: libc::sem_t = unsafe { std::mem::zeroed() };
        // SAFETY: room for it.
        unsafe { libc::sem_init(&raw mut semaphore, 0, 0) };
        let until = until();
        // SAFETY: initialised.
        assert_eq!(unsafe { libc::sem_timedwait(&raw mut semaphore, &raw const until) }, -1);
        assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::ETIMEDOUT));
    }

    fn timer() {
        // SAFETY: takes numbers.
        let timer = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) };
        let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let hour = libc::timespec { tv_sec: 3600, tv_nsec: 0 };
        let set = libc::itimerspec { it_interval: zero, it_value: hour };
        // SAFETY: a timer, and a time.
        assert_eq!(unsafe { libc::timerfd_settime(timer, 0, &raw const set, std::ptr::null_mut()) }, 0);
        let mut polled = libc::pollfd { fd: timer, events: libc::POLLIN, revents: 0 };
        // SAFETY: one descriptor.
        assert_eq!(unsafe { libc::poll(&raw mut polled, 1, -1) }, 1);
        // SAFETY: nobody else's.
        unsafe { libc::close(timer) };
    }

    /// The real clock, read where nothing is replaced yet.
    fn monkey_tests_real() -> Real {
        let (ask, asked) = mpsc::channel::<mpsc::Sender<Duration>>();
        let start = Instant::now();
        thread::spawn(move || asked.iter().for_each(|reply| reply.send(start.elapsed()).unwrap()));
        Real(ask)
    }

    struct Real(mpsc::Sender<mpsc::Sender<Duration>>);

    impl Real {
        fn elapsed(&self) -> Duration {
            let (reply, answer) = mpsc::channel();
            self.0.send(reply).unwrap();
            answer.recv().unwrap()
        }
    }

    #[monkey::test]
    fn threads_go_on_in_the_order_of_their_deadlines() {
        let _clock = monkey::clock::pause();
        let events = Arc::new(Mutex::new(Vec::new()));
        let threads: Vec<_> = (0..10_u64)
            .rev()
            .map(|number| {
                let events = Arc::clone(&events);
                thread::spawn(move || {
                    for round in 0..5_u64 {
                        thread::sleep(Duration::from_secs(10));
                        let _ = round;
                    }
                    thread::sleep(Duration::from_millis(number));
                    events.lock().unwrap().push(number);
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*events.lock().unwrap(), (0..10).collect::<Vec<_>>());
    }

    #[monkey::test]
    fn a_wake_comes_before_the_time_is_over() {
        let clock = monkey::clock::pause();
        let (sender, receiver) = mpsc::channel();
        let sending = thread::spawn(move || {
            for number in 0..100 {
                thread::sleep(Duration::from_secs(1));
                sender.send(number).unwrap();
            }
        });
        for number in 0..100 {
            assert_eq!(receiver.recv_timeout(Duration::from_millis(1001)), Ok(number));
        }
        sending.join().unwrap();
        assert_eq!(clock.elapsed(), Duration::from_secs(100));
    }

    #[monkey::test]
    fn who_computes_keeps_the_clock_still() {
        let clock = monkey::clock::pause();
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        let computing = thread::spawn(move || {
            let sum = (0..3_000_000_u64).fold(0, |sum, number| std::hint::black_box(sum ^ number));
            done.store(true, SeqCst);
            sum
        });
        thread::sleep(HOUR);
        assert!(seen.load(SeqCst));
        computing.join().unwrap();
        assert_eq!(clock.elapsed(), HOUR);
    }

    #[monkey::test]
    fn advancing_lets_waits_end_in_their_order() {
        let clock = monkey::clock::pause();
        let events = Arc::new(Mutex::new(Vec::new()));
        let gate = Arc::new(Barrier::new(2));
        let (inside, started) = (Arc::clone(&events), Arc::clone(&gate));
        let start = Instant::now();
        let ticking = thread::spawn(move || {
            started.wait();
            for _ in 0..3 {
                thread::sleep(Duration::from_secs(2));
                inside.lock().unwrap().push(start.elapsed().as_secs());
            }
        });
        clock.manual();
        gate.wait();
        clock.advance(Duration::from_secs(5));
        assert_eq!(*events.lock().unwrap(), [2, 4]);
        clock.advance(Duration::from_secs(1));
        assert_eq!(*events.lock().unwrap(), [2, 4, 6]);
        ticking.join().unwrap();
    }

    #[test]
    fn who_visits_takes_the_clock_along() {
        let (jobs, inbox) = mpsc::channel::<Box<dyn FnOnce() + Send>>();
        let worker = thread::spawn(move || inbox.into_iter().for_each(|job| job()));
        let clock = monkey::clock::pause();
        let scope = monkey::Scope::current();
        let (send, seen) = mpsc::channel();
        let job = move || {
            let start = Instant::now();
            thread::sleep(HOUR);
            send.send(start.elapsed()).unwrap();
        };
        jobs.send(Box::new(move || scope.run(job))).unwrap();
        assert_eq!(seen.recv().unwrap(), HOUR);
        assert_eq!(clock.elapsed(), HOUR);
        drop(jobs);
        drop(clock);
        worker.join().unwrap();
    }

    #[test]
    fn tests_beside_each_other_have_their_own() {
        thread::scope(|scope| {
            for number in 1..8_u32 {
                scope.spawn(move || {
                    let clock = monkey::clock::pause();
                    for _ in 0..50 {
                        thread::sleep(HOUR * number);
                    }
                    assert_eq!(clock.elapsed(), HOUR * number * 50);
                });
            }
        });
    }
}

mod tokio_runtimes {
    use super::*;
    use tokio::time::{interval, sleep, timeout};

    async fn work() -> Duration {
        let start = tokio::time::Instant::now();
        let mut ticks = interval(Duration::from_mins(1));
        for _ in 0..10 {
            ticks.tick().await;
        }
        let slow = tokio::spawn(async { sleep(HOUR).await });
        assert!(timeout(Duration::from_secs(5), slow).await.is_err());
        let blocking = tokio::task::spawn_blocking(|| thread::sleep(HOUR));
        timeout(HOUR * 2, blocking).await.unwrap().unwrap();
        start.elapsed()
    }

    /// Nine intervals, the timeout, the thread. A timer of tokio's ends with its millisecond.
    fn is_right(elapsed: Duration) {
        let expected = Duration::from_secs(9 * 60 + 5 + 3600);
        assert!(elapsed >= expected && elapsed < expected + Duration::from_millis(20), "{elapsed:?}");
    }

    #[monkey::test]
    #[tokio::test]
    async fn on_one_thread() {
        let _clock = monkey::clock::pause();
        is_right(work().await);
    }

    #[monkey::test]
    #[tokio::test(flavor = "multi_thread", worker_threads = 3)]
    async fn on_several_that_were_there_before() {
        let _clock = monkey::clock::pause();
        is_right(work().await);
    }

    #[monkey::test]
    fn on_several_that_came_later() {
        let _clock = monkey::clock::pause();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
        is_right(runtime.block_on(work()));
        drop(runtime);
    }
}
