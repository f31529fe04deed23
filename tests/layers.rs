//! Who may import whom in `src/`: every arrow runs one way.
//!
//! A room may import only the rooms above it in the table of `src/lib.rs`, and no files inside a room
//! import each other in a circle. Tests inside a file may import anything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const SRC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// The rooms, lowest first, as the table in `src/lib.rs` has them.
fn rooms() -> Vec<String> {
    let lib = fs::read_to_string(Path::new(SRC).join("lib.rs")).unwrap();
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | "));
    let names = rows.filter_map(|row| row.split('`').nth(1));
    names.map(str::to_owned).collect()
}

/// Every file below `folder`, as a module path: `["http", "dns"]` for `src/http/dns.rs`, `["http"]` for
/// `src/http/mod.rs`.
fn modules(folder: &Path, path: &[String], found: &mut BTreeMap<Vec<String>, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let file = entry.unwrap().path();
        let stem = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let inner: Vec<String> = path.iter().cloned().chain([stem.clone()]).collect();
        if file.is_dir() {
            modules(&file, &inner, found);
        } else if file.extension().is_some_and(|e| e == "rs") {
            let module = if stem == "mod" { path.to_vec() } else { inner };
            found.insert(module, file);
        }
    }
}

fn all_modules() -> BTreeMap<Vec<String>, PathBuf> {
    let mut found = BTreeMap::new();
    modules(Path::new(SRC), &[], &mut found);
    found.remove(&vec!["lib".to_owned()]);
    // A file of tests only.
    found.retain(|module, _| !module.last().unwrap().ends_with("_tests"));
    found
}

/// The code of a file without its comments and without its tests.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Every path that begins with `root::` in the code, with the groups of a `use` taken apart.
fn paths(code: &str, root: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let start = format!("{root}::");
    for (at, _) in code.match_indices(&start) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
            continue;
        }
        expand(&code[at + start.len()..], &[], &mut found);
    }
    found
}

/// Reads one path, or one group of paths, from the start of `text`.
fn expand(text: &str, prefix: &[String], found: &mut Vec<Vec<String>>) {
    if let Some(group) = text.strip_prefix('{') {
        let mut depth = 0;
        let mut item = 0;
        for (i, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    let inner = group[item..i].trim();
                    if !inner.is_empty() {
                        expand(inner, prefix, found);
                    }
                    item = i + 1;
                    if c == '}' {
                        return;
                    }
                }
                _ => {}
            }
        }
        return;
    }
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    let path: Vec<String> = prefix
        .iter()
        .cloned()
        .chain([text[..end].to_owned()])
        .collect();
    match text[end..].strip_prefix("::") {
        Some(rest) => expand(rest, &path, found),
        None => found.push(path),
    }
}

/// The modules that a file imports, by whatever kind of path.
fn imports(
    module: &[String],
    file: &Path,
    all: &BTreeMap<Vec<String>, PathBuf>,
) -> BTreeSet<Vec<String>> {
    let code = code(file);
    let absolute = paths(&code, "crate");
    let own = paths(&code, "self")
        .into_iter()
        .map(|path| [module, &path].concat());
    let parent = &module[..module.len() - 1];
    let siblings = paths(&code, "super")
        .into_iter()
        .map(|path| [parent, &path].concat());
    let targets = absolute.into_iter().chain(own).chain(siblings);
    // The longest part of a path that is a file; what follows is a name inside it.
    let to_module = |path: Vec<String>| {
        let mut lengths = (1..=path.len()).rev();
        lengths.find_map(|n| all.contains_key(&path[..n]).then(|| path[..n].to_vec()))
    };
    targets
        .filter_map(to_module)
        .filter(|target| target != module)
        .collect()
}

#[test]
fn every_file_imports_only_the_rooms_above_its_own() {
    let rooms = rooms();
    let rank = |room: &str| rooms.iter().position(|r| r == room);
    let all = all_modules();
    for (module, file) in &all {
        let own = rank(&module[0]).unwrap_or_else(|| panic!("{} is in no room", file.display()));
        for path in paths(&code(file), "crate") {
            // A name at the root of the crate, such as its version, is nobody's.
            let Some(other) = rank(&path[0]) else {
                continue;
            };
            assert!(
                other < own || path[0] == module[0],
                "{} imports crate::{}, which is not above it in the table of src/lib.rs",
                file.display(),
                path.join("::")
            );
        }
    }
}

#[test]
fn no_files_inside_a_room_import_each_other_in_a_circle() {
    let all = all_modules();
    let edges: BTreeMap<_, _> = all
        .iter()
        .map(|(module, file)| (module.clone(), imports(module, file, &all)))
        .collect();
    for start in all.keys() {
        let mut reached = BTreeSet::new();
        let mut waiting: Vec<_> = edges[start]
            .iter()
            .map(|to| (to, vec![start, to]))
            .collect();
        while let Some((at, way)) = waiting.pop() {
            let words: Vec<String> = way.iter().map(|module| module.join("/")).collect();
            assert_ne!(at, start, "a circle: {}", words.join(" -> "));
            if reached.insert(at) {
                waiting.extend(
                    edges[at]
                        .iter()
                        .map(|to| (to, [way.as_slice(), &[to]].concat())),
                );
            }
        }
    }
}

#[test]
fn the_table_of_rooms_agrees_with_the_folders() {
    let found: BTreeSet<String> = all_modules()
        .keys()
        .map(|module| module[0].clone())
        .collect();
    let rooms: BTreeSet<String> = rooms().into_iter().collect();
    assert_eq!(rooms, found);
}

#[test]
fn libc_nix_and_ureq_stay_where_they_belong() {
    for (module, file) in all_modules() {
        let code = code(&file);
        let system = ["libc", "nix"]
            .iter()
            .any(|name| !paths(&code, name).is_empty());
        assert!(
            !system || matches!(module[0].as_str(), "sys" | "ffi"),
            "{}: libc and nix are for sys/ and ffi/",
            file.display()
        );
        assert!(
            paths(&code, "ureq").is_empty()
                || module.starts_with(&["http".into(), "blocking".into()]),
            "{}: ureq is for http/blocking/",
            file.display()
        );
    }
}

#[test]
fn no_file_is_longer_than_600_lines() {
    let mut found = BTreeMap::new();
    modules(Path::new(SRC), &[], &mut found);
    for file in found.values() {
        let lines = fs::read_to_string(file).unwrap().lines().count();
        assert!(lines <= 600, "{}: {lines} lines", file.display());
    }
}

#[test]
fn the_checks_see_paths_of_every_form() {
    let code = "use crate::{a::{self, B}, c};\nlet x = crate::d::e();\nmycrate::f;";
    let found: Vec<String> = paths(code, "crate").iter().map(|p| p.join("::")).collect();
    assert_eq!(found, ["a::self", "a::B", "c", "d::e"]);
}
