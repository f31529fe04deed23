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

/// Feeds a fuzzer's entry point with what the fuzzer has found worth keeping (tests/fuzz).
pub fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let files: Vec<_> = std::fs::read_dir(folder.join(target)).unwrap().collect();
    assert!(!files.is_empty(), "no corpus for {target}");
    for file in files {
        run(&std::fs::read(file.unwrap().path()).unwrap());
    }
}

impl Drop for TestFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
