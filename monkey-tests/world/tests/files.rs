//! A test's own files.
#![cfg(target_os = "linux")]
use monkey::fs::Op;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;

const NOWHERE: &str = "/monkey/nowhere/file.txt";

fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[monkey::test]
fn a_file_is_there_for_the_scope_alone() {
    let guard = monkey::fs::file(NOWHERE, "hello");
    assert_eq!(fs::read_to_string(NOWHERE).unwrap(), "hello");
    assert_eq!(fs::read_to_string("/monkey/./nowhere/../nowhere/file.txt").unwrap(), "hello");
    assert!(
        Path::new(NOWHERE).is_file()
            && Path::new("/monkey").is_dir()
            && Path::new("/monkey/nowhere").exists()
    );
    assert_eq!(fs::metadata(NOWHERE).unwrap().len(), 5);
    assert_eq!(
        (names("/monkey/nowhere"), names("/monkey")),
        (vec!["file.txt".into()], vec!["nowhere".to_owned()])
    );
    assert_eq!(fs::canonicalize("/monkey/nowhere/./file.txt").unwrap(), Path::new(NOWHERE));
    assert_eq!(thread::spawn(|| fs::read(NOWHERE).unwrap()).join().unwrap(), b"hello");
    drop(guard);
    assert!(!Path::new(NOWHERE).exists() && !Path::new("/monkey").exists());
}

/// As a crate does that makes its own wrappers of `syscall`.
#[monkey::test]
fn calls_by_their_number_are_asked_too() {
    let at = libc::AT_FDCWD;
    let _file = monkey::fs::file(NOWHERE, "hello");
    let path = std::ffi::CString::new(NOWHERE).unwrap();
    let mut room = [0_u8; 8];
    // SAFETY: a path that ends with a zero.
    let file = unsafe { libc::syscall(libc::SYS_openat, at, path.as_ptr(), libc::O_RDONLY, 0) };
    // SAFETY: room of its size.
    let read = unsafe { libc::syscall(libc::SYS_read, file, room.as_mut_ptr(), room.len()) };
    assert_eq!((read, &room[..5]), (5, b"hello".as_slice()));
    // SAFETY: opened above.
    unsafe { libc::syscall(libc::SYS_close, file) };
    // SAFETY: a path that ends with a zero.
    assert_eq!(unsafe { libc::syscall(libc::SYS_faccessat, at, path.as_ptr(), libc::R_OK) }, 0);
    let _fails = monkey::fs::fail(Op::Rename, NOWHERE, ErrorKind::PermissionDenied);
    let other = c"/monkey/nowhere/other".as_ptr();
    // SAFETY: paths that end with a zero.
    assert_eq!(unsafe { libc::syscall(libc::SYS_renameat2, at, path.as_ptr(), at, other, 0) }, -1);
    assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::EACCES));
    // SAFETY: a path that ends with a zero.
    assert_eq!(unsafe { libc::syscall(libc::SYS_unlinkat, at, path.as_ptr(), 0) }, 0);
    assert!(!Path::new(NOWHERE).exists());
}

#[monkey::test]
fn what_is_written_stays_in_memory() {
    let _guard = monkey::fs::file(NOWHERE, "hello");
    OpenOptions::new().append(true).open(NOWHERE).unwrap().write_all(b" world").unwrap();
    let mut file = OpenOptions::new().read(true).write(true).open(NOWHERE).unwrap();
    let mut text = String::new();
    file.seek(SeekFrom::Start(6)).unwrap();
    file.read_to_string(&mut text).unwrap();
    assert_eq!(text, "world");
    fs::write(NOWHERE, "new").unwrap();
    assert_eq!(fs::read_to_string(NOWHERE).unwrap(), "new");
    assert_eq!(File::create_new(NOWHERE).unwrap_err().kind(), ErrorKind::AlreadyExists);
    fs::rename(NOWHERE, "/monkey/nowhere/other").unwrap();
    assert!(!Path::new(NOWHERE).exists());
    assert_eq!(fs::read_to_string("/monkey/nowhere/other").unwrap(), "new");
    fs::remove_file("/monkey/nowhere/other").unwrap();
    assert_eq!(fs::read("/monkey/nowhere/other").unwrap_err().kind(), ErrorKind::NotFound);
}

#[monkey::test]
fn what_the_system_has_is_covered_and_hidden() {
    let before = fs::read_to_string("Cargo.toml").unwrap();
    let folder = env!("CARGO_MANIFEST_DIR");
    {
        let _covered = monkey::fs::file("Cargo.toml", "covered");
        let _hidden = monkey::fs::missing("src");
        let _added = monkey::fs::file("added.toml", "");
        assert_eq!(fs::read_to_string("Cargo.toml").unwrap(), "covered");
        assert_eq!(fs::read_to_string(format!("{folder}/Cargo.toml")).unwrap(), "covered");
        assert!(!Path::new("src").exists() && !Path::new("src/lib.rs").exists());
        assert_eq!(fs::read_dir("src").unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(names("."), ["Cargo.toml", "added.toml", "benches", "tests"]);
        fs::write("src", "made").unwrap();
        assert_eq!(fs::read_to_string("src").unwrap(), "made");
    }
    assert_eq!(fs::read_to_string("Cargo.toml").unwrap(), before);
    assert_eq!(names("."), ["Cargo.toml", "benches", "src", "tests"]);
}

#[monkey::test]
fn operations_fail_and_are_counted() {
    let _file = monkey::fs::file(NOWHERE, "hello");
    let _full = monkey::fs::fail(Op::Write, NOWHERE, ErrorKind::StorageFull).after(2).times(1);
    let mut file = OpenOptions::new().append(true).open(NOWHERE).unwrap();
    let results: Vec<_> = (0..4).map(|_| file.write_all(b".").map_err(|error| error.kind())).collect();
    assert_eq!(results, [Ok(()), Ok(()), Err(ErrorKind::StorageFull), Ok(())]);
    assert_eq!(fs::read_to_string(NOWHERE).unwrap(), "hello...");
    for (op, act) in [
        (Op::Open, (&|| fs::read(NOWHERE).map(drop)) as &dyn Fn() -> std::io::Result<()>),
        (Op::Read, &|| fs::read(NOWHERE).map(drop)),
        (Op::Metadata, &|| fs::metadata(NOWHERE).map(drop)),
        (Op::Sync, &|| File::open(NOWHERE)?.sync_all()),
        (Op::Remove, &|| fs::remove_file(NOWHERE)),
        (Op::Rename, &|| fs::rename(NOWHERE, "/monkey/other")),
        (Op::Any, &|| fs::read(NOWHERE).map(drop)),
    ] {
        let guard = monkey::fs::fail(op, NOWHERE, libc::EIO);
        assert_eq!(act().unwrap_err().raw_os_error(), Some(libc::EIO), "{op:?}");
        drop(guard);
    }
    let _list = monkey::fs::fail(Op::List, "/monkey/nowhere", ErrorKind::PermissionDenied);
    assert_eq!(fs::read_dir("/monkey/nowhere").unwrap_err().kind(), ErrorKind::PermissionDenied);
    let _made = monkey::fs::fail(Op::CreateDir, "/tmp/monkey-made", ErrorKind::ReadOnlyFilesystem);
    assert_eq!(fs::create_dir("/tmp/monkey-made").unwrap_err().kind(), ErrorKind::ReadOnlyFilesystem);
}

/// What a program does, and which of the kinds it is.
type OnPath = (Op, fn(&Path) -> std::io::Result<()>);
type OnFile = (Op, fn(&mut File) -> std::io::Result<()>);

/// What a program may do to a path.
const TO_PATHS: [OnPath; 9] = [
    (Op::SetMetadata, |path| fs::set_permissions(path, fs::Permissions::from_mode(0o600))),
    (Op::SetMetadata, |path| std::os::unix::fs::chown(path, None, None)),
    (Op::SetMetadata, |path| std::os::unix::fs::lchown(path, None, None)),
    (Op::SetLen, |path| {
        let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
        // SAFETY: a path that ends with a zero.
        let done = unsafe { libc::truncate(path.as_ptr(), 0) };
        if done == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
    }),
    (Op::Link, |path| std::os::unix::fs::symlink("Cargo.toml", path)),
    (Op::Link, |path| fs::hard_link(path, "/monkey/nowhere/link")),
    (Op::Rename, |path| fs::rename("/monkey/nowhere/none", path)),
    (Op::Open, |path| std::env::set_current_dir(path)),
    (Op::Open, |path| fs::copy(path, "/monkey/nowhere/copy").map(drop)),
];

/// What it may do to an open file.
const TO_OPEN_FILES: [OnFile; 7] = [
    (Op::SetLen, |file| file.set_len(1)),
    (Op::SetMetadata, |file| file.set_permissions(fs::Permissions::from_mode(0o600))),
    (Op::SetMetadata, |file| file.set_modified(std::time::UNIX_EPOCH)),
    (Op::Metadata, |file| file.metadata().map(drop)),
    (Op::Seek, |file| file.seek(SeekFrom::Start(1)).map(drop)),
    (Op::Lock, |file| file.lock()),
    (Op::Read, |file| std::io::copy(file, &mut File::create("/dev/null")?).map(drop)),
];

#[monkey::test]
fn whatever_is_done_fails_in_memory_and_in_the_system() {
    let real = std::env::temp_dir().join(format!("monkey-ops-{}", std::process::id()));
    fs::write(&real, "hello").unwrap();
    let _file = monkey::fs::file(NOWHERE, "hello");
    for path in [Path::new(NOWHERE), &real] {
        for (index, (op, act)) in TO_PATHS.iter().enumerate() {
            for op in [*op, Op::Any] {
                let _fails = monkey::fs::fail(op, path, libc::EDQUOT);
                assert_eq!(act(path).unwrap_err().raw_os_error(), Some(libc::EDQUOT), "{index} {op:?}");
            }
        }
        let mut file = OpenOptions::new().read(true).write(true).open(path).unwrap();
        for (index, (op, act)) in TO_OPEN_FILES.iter().enumerate() {
            for op in [*op, Op::Any] {
                let _fails = monkey::fs::fail(op, path, libc::EDQUOT);
                assert_eq!(act(&mut file).unwrap_err().raw_os_error(), Some(libc::EDQUOT), "{index} {op:?}");
            }
        }
        assert_eq!(fs::read_to_string(path).unwrap(), "hello");
    }
    fs::remove_file(&real).unwrap();
}

#[monkey::test]
fn files_in_memory_are_changed_as_others_are() {
    let _file = monkey::fs::file(NOWHERE, "hello");
    fs::set_permissions(NOWHERE, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(fs::metadata(NOWHERE).unwrap().permissions().mode() & 0o777, 0o600);
    // As programs write a file whole or not at all.
    fs::write("/monkey/nowhere/file.new", "new").unwrap();
    fs::rename("/monkey/nowhere/file.new", NOWHERE).unwrap();
    assert_eq!((fs::read_to_string(NOWHERE).unwrap(), names("/monkey/nowhere").len()), ("new".into(), 1));
    fs::hard_link(NOWHERE, "/monkey/nowhere/link").unwrap();
    fs::copy(NOWHERE, "/monkey/nowhere/copy").unwrap();
    OpenOptions::new().write(true).open(NOWHERE).unwrap().set_len(1).unwrap();
    assert_eq!(fs::read_to_string("/monkey/nowhere/link").unwrap(), "n");
    assert_eq!(fs::read_to_string("/monkey/nowhere/copy").unwrap(), "new");
    assert_eq!(fs::create_dir("/monkey/nowhere").unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::remove_dir("/monkey/nowhere").unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
}

#[monkey::test]
fn a_hidden_file_is_hidden_from_all() {
    let real = std::env::temp_dir().join(format!("monkey-hidden-{}", std::process::id()));
    let beside = real.with_extension("beside");
    fs::write(&real, "hello").unwrap();
    fs::write(&beside, "moved").unwrap();
    {
        let _hidden = monkey::fs::missing(&real);
        for (index, (_, act)) in TO_PATHS.iter().enumerate().filter(|(_, (op, _))| *op != Op::Link) {
            assert_eq!(act(&real).unwrap_err().kind(), ErrorKind::NotFound, "{index}");
        }
        assert_eq!(fs::hard_link(&real, &beside).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(fs::remove_dir(&real).unwrap_err().kind(), ErrorKind::NotFound);
        fs::rename(&beside, &real).unwrap();
        assert_eq!((fs::read_to_string(&real).unwrap(), beside.exists()), ("moved".into(), false));
    }
    assert_eq!(fs::read_to_string(&real).unwrap(), "hello");
    fs::remove_file(&real).unwrap();
}

#[monkey::test]
fn files_of_the_system_fail_too() {
    let path = std::env::temp_dir().join(format!("monkey-{}", std::process::id()));
    let mut open = File::create(&path).unwrap();
    let full = monkey::fs::fail(Op::Write, &path, ErrorKind::StorageFull);
    assert_eq!(open.write_all(b"x").unwrap_err().kind(), ErrorKind::StorageFull);
    drop(full);
    open.write_all(b"x").unwrap();
    fs::remove_file(&path).unwrap();
}

#[monkey::test]
fn c_sees_the_same() {
    let _file = monkey::fs::file(NOWHERE, "hello");
    // SAFETY: strings that end with a zero.
    let stream = unsafe { libc::fopen(c"/monkey/nowhere/file.txt".as_ptr(), c"r".as_ptr()) };
    assert!(!stream.is_null());
    let mut text = [0_u8; 8];
    // SAFETY: room of this size, and an open stream.
    let read = unsafe { libc::fread(text.as_mut_ptr().cast(), 1, text.len(), stream) };
    assert_eq!(&text[..read], b"hello");
    // SAFETY: open, and nobody else's.
    unsafe { libc::fclose(stream) };
    // SAFETY: a string that ends with a zero.
    assert_eq!(unsafe { libc::access(c"/monkey/nowhere/file.txt".as_ptr(), libc::R_OK) }, 0);
}

/// A folder is not empty where something in memory lies in it, whatever the system has there.
#[monkey::test]
fn a_folder_with_a_file_in_memory_is_not_removed() {
    let folder = std::env::temp_dir().join(format!("monkey-folder-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    let file = monkey::fs::file(folder.join("file"), "");
    assert_eq!(fs::remove_dir(&folder).unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
    drop(file);
    fs::remove_dir(&folder).unwrap();
}

/// As rustix calls them, with its feature `use-libc`, and nix.
#[monkey::test]
fn functions_that_take_a_folder_see_the_same() {
    const HERE: i32 = libc::AT_FDCWD;
    let _file = monkey::fs::file("/srv/at/one", "abc");
    let (one, two, three) = (c"/srv/at/one", c"/srv/at/two", c"/srv/at/three");
    // SAFETY: strings that end with a zero, here and below.
    assert_eq!(unsafe { libc::renameat(HERE, one.as_ptr(), HERE, two.as_ptr()) }, 0);
    let flags = libc::RENAME_NOREPLACE;
    // SAFETY: as above.
    assert_eq!(unsafe { libc::renameat2(HERE, two.as_ptr(), HERE, three.as_ptr(), flags) }, 0);
    assert_eq!(fs::read("/srv/at/three").unwrap(), b"abc");
    let _taken = monkey::fs::file("/srv/at/one", "");
    // SAFETY: as above.
    assert_eq!(unsafe { libc::renameat2(HERE, three.as_ptr(), HERE, one.as_ptr(), flags) }, -1);
    // SAFETY: as above.
    assert_eq!(unsafe { libc::mkdirat(HERE, c"/srv/at".as_ptr(), 0o755) }, -1);
    // SAFETY: as above.
    assert_eq!(unsafe { libc::symlinkat(one.as_ptr(), HERE, c"/srv/at/link".as_ptr()) }, -1);
    // SAFETY: as above, and room of its size.
    assert_eq!(unsafe { libc::readlinkat(HERE, one.as_ptr(), [0; 8].as_mut_ptr(), 8) }, -1);
    let _fails = monkey::fs::fail(Op::SetLen, "/srv/at/three", 5);
    let opened = File::options().write(true).open("/srv/at/three").unwrap();
    // SAFETY: takes numbers.
    assert_eq!(unsafe { libc::fallocate(std::os::fd::AsRawFd::as_raw_fd(&opened), 0, 0, 10) }, -1);
}
