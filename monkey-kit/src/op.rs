//! What a program does to files.
/// What is done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Op {
    /// Anything.
    Any,
    /// Opening it, to read or to write.
    Open,
    /// Reading from it.
    Read,
    /// Writing to it.
    Write,
    /// Flushing it to the disk: `sync_all`, `sync_data`.
    Sync,
    /// Asking for its metadata, also whether it exists.
    Metadata,
    /// Listing it, a folder: `read_dir`.
    List,
    /// Removing it.
    Remove,
    /// Renaming it.
    Rename,
    /// Making it, a folder: `create_dir`.
    CreateDir,
    /// Making it, a link, or another name for it: `symlink`, `hard_link`.
    Link,
    /// Changing its length: `set_len`.
    SetLen,
    /// Changing its permissions, its owner or its times.
    SetMetadata,
    /// Moving to another position in it.
    Seek,
    /// Locking it, and letting go of the lock.
    Lock,
}
