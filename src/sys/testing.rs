//! What tests of this crate need of the operating system.

use std::path::{Path, PathBuf};

/// A folder for one test, removed when it has ended.
pub struct TestFolder(PathBuf);

impl TestFolder {
    pub fn new() -> Self {
        let mut bytes = [0; 8];
        crate::sys::random::fill(&mut bytes).unwrap();
        let name = format!("axonpush-test-{:016x}", u64::from_ne_bytes(bytes));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        TestFolder(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
