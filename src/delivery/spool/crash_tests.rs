//! Power failures and kills: what was promised comes back, and nothing else does.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, IoSlice, Write};
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use super::disk::{Disk, SystemDisk};
use super::store::{Refused, Settings, SyncPolicy};
use super::testing::*;
use crate::sys::files::Folder;
use crate::sys::sync::Mutex;
use crate::sys::testing::TestFolder;

/// What a disk reads and writes at a time, in this model.
const SECTOR: usize = 512;

/// Random numbers, the same ones on every run of the test.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

/// A disk that remembers what was written since the last sync: any part of that may be lost, in any
/// order, when the power fails.
#[derive(Default)]
struct ModelDisk(Mutex<BTreeMap<PathBuf, Image>>);

#[derive(Default)]
struct Image {
    /// What is safe.
    synced: Vec<u8>,
    /// What was written since, in order.
    pending: Vec<(u64, Vec<u8>)>,
}

fn path_of(file: &File) -> PathBuf {
    fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).unwrap()
}

impl Disk for ModelDisk {
    fn create(&self, folder: &Folder, name: &str, bytes: u64) -> io::Result<File> {
        let file = SystemDisk.create(folder, name, bytes)?;
        let synced = vec![0; bytes as usize];
        let image = Image {
            synced,
            pending: Vec::new(),
        };
        self.0.lock().insert(path_of(&file), image);
        Ok(file)
    }

    fn write(&self, file: &File, parts: &[IoSlice<'_>], at: u64) -> io::Result<()> {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.to_vec()).collect();
        let mut images = self.0.lock();
        images
            .get_mut(&path_of(file))
            .unwrap()
            .pending
            .push((at, bytes));
        SystemDisk.write(file, parts, at)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        let mut images = self.0.lock();
        let image = images.get_mut(&path_of(file)).unwrap();
        for (at, bytes) in std::mem::take(&mut image.pending) {
            image.synced[at as usize..at as usize + bytes.len()].copy_from_slice(&bytes);
        }
        Ok(())
    }

    fn sync_folder(&self, _: &Folder) -> io::Result<()> {
        Ok(())
    }
}

impl ModelDisk {
    /// The folder as a power failure may leave it: of what was not synced, each sector is there or not.
    fn power_failure(&self, dir: &Path, random: &mut Random) -> TestFolder {
        let copy = killed(dir);
        for (path, image) in self.0.lock().iter() {
            let to = copy.path().join(path.strip_prefix(dir).unwrap());
            if !to.exists() {
                continue;
            }
            let mut written = image.synced.clone();
            for (at, bytes) in &image.pending {
                written[*at as usize..*at as usize + bytes.len()].copy_from_slice(bytes);
            }
            let mut left = image.synced.clone();
            for (old, new) in left.chunks_mut(SECTOR).zip(written.chunks(SECTOR)) {
                if random.below(2) == 0 {
                    old.copy_from_slice(new);
                }
            }
            fs::write(to, left).unwrap();
        }
        copy
    }
}

#[test]
fn after_a_power_failure_all_that_was_synced_is_there_and_nothing_false() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for round in 0..60 {
        let dir = TestFolder::new();
        let disk = Arc::new(ModelDisk::default());
        let settings = Settings {
            sync: if round % 2 == 0 {
                SyncPolicy::Each
            } else {
                SyncPolicy::None
            },
            max_bytes: 512 << 10,
            ..settings(dir.path())
        };
        let client = open_with(settings.clone(), "tenant", disk.clone());
        let mut live = BTreeMap::new();
        let mut ended = Vec::new();
        for n in 0..120 {
            let json = vec![b'a' + (n % 26) as u8; random.below(1500)];
            let handle = client.append_json(&n.to_string(), &json).unwrap();
            live.insert(n.to_string(), (handle, json));
            if random.below(3) == 0 {
                let key = live.keys().nth(random.below(live.len())).unwrap().clone();
                let (handle, json) = live.remove(&key).unwrap();
                client.spool.acknowledge(handle);
                ended.push((key, json));
            }
        }
        let copy = disk.power_failure(dir.path(), &mut random);
        let next = open(copy.path());
        assert!(next.spool.wait_until_looked(soon()));
        let mut found = BTreeMap::new();
        while let Some((_, event)) = next.spool.read_next() {
            let event = event.unwrap();
            let twice = found.insert(event.dedup_key, event.json);
            assert_eq!(twice, None, "round {round}");
        }
        if settings.sync == SyncPolicy::Each {
            for (key, (_, json)) in &live {
                assert_eq!(found.get(key), Some(json), "round {round}");
            }
        }
        // An event that had ended may come again, as it was; nothing else may.
        let known: BTreeMap<_, _> = live
            .into_iter()
            .map(|(key, (_, json))| (key, json))
            .chain(ended)
            .collect();
        for (key, json) in &found {
            assert_eq!(known.get(key), Some(json), "round {round}");
        }
    }
}

/// In a process of its own: appends events, says each key once it is on the disk, and says which
/// earlier ones it delivered, until it is killed.
#[test]
fn child_that_is_killed() {
    let Ok(dir) = std::env::var("AXONPUSH_TEST_SPOOL") else {
        return;
    };
    crate::log::init_from_environment().unwrap();
    let mut name = [0; 8];
    crate::sys::random::fill(&mut name).unwrap();
    let name = u64::from_ne_bytes(name);
    let mut random = Random(name | 1);
    let small = Settings {
        max_bytes: 8 << 20,
        ..settings(Path::new(&dir))
    };
    let client = open_with(small, "tenant", Arc::new(SystemDisk));
    let say = |word: &str, key: &str| {
        // One write each, so that a kill cuts no line in two.
        let _ = io::stderr().write_all(format!("{word} {key}\n").as_bytes());
    };
    let deliver = || {
        if let Some((handle, event)) = client.spool.read_next() {
            say("-", &event.unwrap().dedup_key);
            client.spool.acknowledge(handle);
        }
    };
    for n in 0.. {
        let key = format!("{name:016x}-{n}");
        let handle = match client.append_json(&key, &vec![b'x'; random.below(3000)]) {
            Ok(handle) => handle,
            Err(refused) => {
                assert_eq!(refused, Refused::Full);
                deliver();
                continue;
            }
        };
        say("+", &key);
        match random.below(4) {
            0 => {
                // It is said first: between the two it may be killed, and is delivered again.
                say("-", &key);
                client.spool.acknowledge(handle);
            }
            1 => client.leave(handle),
            _ => {}
        }
        if random.below(3) == 0 {
            deliver();
        }
    }
}

fn child(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "delivery::spool::crash_tests::child_that_is_killed",
            "--nocapture",
        ])
        .env("AXONPUSH_TEST_SPOOL", dir)
        .env("AXONPUSH_LOG", "error")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn whatever_is_killed_whenever_every_event_is_delivered() {
    let rounds = std::env::var("AXONPUSH_KILL_ROUNDS")
        .ok()
        .and_then(|n| n.parse().ok());
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let dir = TestFolder::new();
    let (mut accepted, mut ended) = (keys([""; 0]), keys([""; 0]));
    let mut again = 0;
    for _ in 0..rounds.unwrap_or(15_u32) {
        // Up to three at once: they adopt what those before left, and are killed while they do.
        let mut children: Vec<Child> = (0..=random.below(3)).map(|_| child(dir.path())).collect();
        // Some have hardly begun, some are in the middle of taking over what others left.
        let life = [30, 100, 400][random.below(3)];
        std::thread::sleep(Duration::from_millis(10 + random.below(life) as u64));
        for child in &mut children {
            child.kill().unwrap();
        }
        for mut child in children {
            let mut lines = BufReader::new(child.stderr.take().unwrap())
                .lines()
                .map_while(Result::ok);
            while let Some(line) = lines.next() {
                match line.split_once(' ') {
                    Some(("+", key)) => assert!(accepted.insert(key.to_owned())),
                    Some(("-", key)) => again += u32::from(!ended.insert(key.to_owned())),
                    _ => panic!("the child: {line} {}", lines.collect::<String>()),
                }
            }
            child.wait().unwrap();
        }
    }
    let last = open(dir.path());
    for key in last.deliver_all() {
        again += u32::from(!ended.insert(key));
    }
    last.close();
    let lost: Vec<_> = accepted.difference(&ended).collect();
    assert_eq!(lost, [""; 0]);
    // One that was being accepted when its process was killed may be there.
    assert!(ended.len() <= accepted.len() + 3 * rounds.unwrap_or(15) as usize);
    eprintln!(
        "{} events, {again} of them delivered again, none lost",
        accepted.len()
    );
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        0,
        "nothing is left"
    );
}
