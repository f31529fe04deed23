//! What can go wrong on a disk goes through here, so that tests can make it go wrong.

use std::fs::File;
use std::io::{self, IoSlice};

use crate::sys::files::{self, Folder};

pub trait Disk: Send + Sync {
    /// Makes a file with room for this many bytes.
    fn create(&self, folder: &Folder, name: &str, bytes: u64) -> io::Result<File>;
    fn write(&self, file: &File, parts: &[IoSlice<'_>], at: u64) -> io::Result<()>;
    fn sync(&self, file: &File) -> io::Result<()>;
    fn sync_folder(&self, folder: &Folder) -> io::Result<()>;
}

pub struct SystemDisk;

impl Disk for SystemDisk {
    fn create(&self, folder: &Folder, name: &str, bytes: u64) -> io::Result<File> {
        let file = folder.create_file(name)?;
        if let Err(cause) = files::allocate(&file, bytes) {
            // Part of the room may have been taken. That the file is there is no harm: it is empty.
            let _ = folder.remove_file(name);
            return Err(cause);
        }
        Ok(file)
    }

    fn write(&self, file: &File, parts: &[IoSlice<'_>], at: u64) -> io::Result<()> {
        files::write_at(file, parts, at)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        files::sync_data(file)
    }

    fn sync_folder(&self, folder: &Folder) -> io::Result<()> {
        folder.sync()
    }
}
