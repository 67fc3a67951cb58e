//! A test's own files.
#![cfg(target_os = "linux")]
use monkey::fs::Op;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
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
