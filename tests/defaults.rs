//! The header and the bindings type the defaults of the options once more, where their readers look.
//! Here each of them is compared with the table of settings. The README's table is compared in `readme.rs`.

use axonpush::tables::{SETTINGS, Setting};

/// A file that documents every option, between two marks.
struct Page {
    name: &'static str,
    text: &'static str,
    begin: &'static str,
    end: &'static str,
}

const PAGES: &[Page] = &[
    Page {
        name: "include/axonpush.h",
        text: include_str!("../include/axonpush.h"),
        begin: "typedef struct axonpush_options {",
        end: "} axonpush_options;",
    },
    Page {
        name: "bindings/cpp/include/axonpush.hpp",
        text: include_str!("../bindings/cpp/include/axonpush.hpp"),
        begin: "\nstruct Options {",
        end: "\n};",
    },
    Page {
        name: "bindings/go/client.go",
        text: include_str!("../bindings/go/client.go"),
        begin: "\ntype Options struct {",
        end: "\n}",
    },
    Page {
        name: "bindings/node/index.d.ts",
        text: include_str!("../bindings/node/index.d.ts"),
        begin: "export interface AxonPushOptions {",
        end: "\n}",
    },
    Page {
        name: "bindings/node/README.md",
        text: include_str!("../bindings/node/README.md"),
        begin: "\n## Options\n",
        end: "\n## ",
    },
];

#[test]
fn every_page_says_the_defaults_of_the_table() {
    let mut wrong = Vec::new();
    for page in PAGES {
        let entries = entries(between(page.text, page.begin, page.end).expect(page.name));
        for setting in SETTINGS.iter().filter(|s| has_default(s)) {
            let place = format!("{}, {}", page.name, setting.name);
            let entry = entries.iter().find(|e| e.declares(setting));
            match entry.map(Entry::default) {
                Some(Some(said)) if is_meant(setting, said) => {}
                Some(Some(said)) => {
                    wrong.push(format!("{place}: {said:?}, not {:?}", setting.default))
                }
                // The C++ header leaves words to the C header.
                Some(None) if !is_literal(setting) => {}
                Some(None) => wrong.push(format!("{place}: say that it is {}", setting.default)),
                // The bindings for Go and Node choose it, each for its own event loop.
                None if setting.name == "completion_mode" => {}
                None => wrong.push(format!("{place}: not found")),
            }
        }
    }
    assert!(wrong.is_empty(), "wrong defaults:\n{}", wrong.join("\n"));
}

/// Two bindings also compute with one, since they close in their own way.
#[test]
fn the_bindings_compute_with_the_defaults_of_the_table() {
    let go = include_str!("../bindings/go/client.go");
    let node = include_str!("../bindings/node/src/client.js");
    let shutdown = setting("shutdown_timeout_ms").default;
    let seconds = between(go, "const defaultShutdownTimeout = ", " * time.Second\n");
    assert_eq!(
        format!("{}000", seconds.expect("a constant of Go")),
        shutdown
    );
    let milliseconds = between(node, "const DEFAULT_SHUTDOWN_TIMEOUT_MS = ", ";\n");
    assert_eq!(milliseconds, Some(shutdown), "the constant of Node");
}

/// A comparison that lets everything pass would prove nothing.
#[test]
fn a_wrong_default_is_noticed() {
    for (name, right, wrong) in [
        (
            "timeout_ms",
            "At most 5 s. Default 30000.",
            "At most 30000. Default 3000.",
        ),
        ("timeout_ms", "default 30 s.", "default 3 s."),
        ("max_retries", "Default 3.", "Default 30."),
        (
            "queue_max_bytes",
            "Default 33554432 (32 MiB).",
            "Default 33554432 (64 MiB).",
        ),
        ("queue_max_bytes", "Default 32 MiB.", "Default 32 KiB."),
        (
            "overflow",
            "Default `drop_oldest`.",
            "Default `drop_newest`.",
        ),
        ("fail_open", "default enabled.", "default disabled."),
        ("otlp_gzip", "Default: disabled.", "Default: enabled."),
        ("content_capture", "default metadata only.", "default full."),
        (
            "base_url",
            "default https://api.axonpush.xyz.",
            "default https://api.axonpush.com.",
        ),
    ] {
        for (text, is_right) in [(right, true), (wrong, false)] {
            let entry = Entry {
                said: text.to_owned(),
                code: String::new(),
            };
            let default = entry.default().expect(text);
            assert_eq!(is_meant(setting(name), default), is_right, "{name}: {text}");
        }
    }
}

/// What is said of one option.
struct Entry {
    /// Its comment, or its row of a table.
    said: String,
    /// Its declaration.
    code: String,
}

/// Members with the comments above them, and rows of a table.
fn entries(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut said = String::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let comment = ["///", "//", "/**", "*/", "*", "|"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark));
        if let Some(comment) = comment {
            said = format!("{said} {}", comment.trim_end_matches("*/").trim());
        }
        if comment.is_none() || line.starts_with('|') {
            let said = std::mem::take(&mut said);
            entries.push(Entry {
                said,
                code: line.to_owned(),
            });
        }
    }
    entries
}

impl Entry {
    /// `ShutdownTimeout`, `shutdownTimeoutMs` and `shutdown_timeout_ms` are one option.
    fn declares(&self, setting: &Setting) -> bool {
        let without_unit = match setting.name {
            // Without its unit it would be `spool_sync`.
            "spool_sync_ms" => "spool_sync_after",
            name => {
                let unit = ["_ms", "_s"].iter().find(|unit| name.ends_with(**unit));
                name.strip_suffix(*unit.unwrap_or(&"")).unwrap_or(name)
            }
        };
        let names = [setting.name, without_unit].map(squeezed);
        // In a row of a table, its first cell.
        let code = self
            .code
            .trim_start_matches('|')
            .split('|')
            .next()
            .unwrap_or("");
        let mut words = code.split(|c: char| !c.is_alphanumeric() && c != '_');
        words.any(|word| names.contains(&squeezed(word)))
    }

    /// What follows its last "default", stands in the last cell of its row, or initialises it.
    fn default(&self) -> Option<&str> {
        if self.code.starts_with('|') {
            return self.said.trim_end_matches('|').rsplit(" | ").next();
        }
        // In upper or lower case.
        if let Some((_, said)) = self.said.rsplit_once("efault") {
            return Some(said.trim_start_matches(':'));
        }
        // `Overflow overflow = Overflow::drop_oldest;`
        let (_, value) = self.code.split_once(" = ")?.1.split_once("::")?;
        value.strip_suffix(';').filter(|value| *value != "unset")
    }
}

fn has_default(setting: &Setting) -> bool {
    let words = ["none", "required"];
    !words.contains(&setting.default) && !setting.default.starts_with("the platform")
}

/// A number, or true or false: what every page has to say.
fn is_literal(setting: &Setting) -> bool {
    matches!(setting.default, "true" | "false") || setting.default.parse::<u64>().is_ok()
}

/// Whether a page means the table's default. It may go on after that.
fn is_meant(setting: &Setting, said: &str) -> bool {
    let ends = [". ", "; ", ", ", ": "];
    let end = ends.iter().filter_map(|end| said.find(end)).min();
    let said = squeezed(&said[..end.unwrap_or(said.len())]);
    let Ok(number) = setting.default.parse::<u64>() else {
        // `AXONPUSH_OVERFLOW_DROP_OLDEST`, `OverflowDropOldest` and `drop_oldest` are one.
        let switches = [("true", "enabled"), ("false", "disabled")];
        return switches.contains(&(setting.default, said.as_str()))
            || said.ends_with(&squeezed(setting.default));
    };
    let mut ways = vec![format!("{number}"), format!("{number} characters")];
    if setting.name.ends_with("_bytes") {
        let mib = format!("{} MiB", number / 1024 / 1024);
        ways.extend([format!("{number} ({mib})"), mib]);
    }
    if setting.name.ends_with("_ms") {
        ways.push(format!("{} s", number / 1000));
    }
    if setting.name.ends_with("_s") {
        ways.push(format!("{number} s"));
    }
    ways.iter().any(|way| said == squeezed(way))
}

/// Letters and digits alone, in lower case.
fn squeezed(text: &str) -> String {
    let kept = text.chars().filter(char::is_ascii_alphanumeric);
    kept.collect::<String>().to_lowercase()
}

fn setting(name: &str) -> &'static Setting {
    let named = SETTINGS.iter().find(|s| s.name == name);
    named.expect("an option of the table")
}

fn between<'t>(text: &'t str, begin: &str, end: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(begin)?;
    rest.split_once(end).map(|(inside, _)| inside)
}
