//! The README and the header say what the code says.

use std::process::Command;

use axonpush::tables::SETTINGS;
use axonpush::tables::{ATTRIBUTES, Carries, OPERATIONS};

const README: &str = include_str!("../README.md");
const OPERATIONS_PAGE: &str = include_str!("../docs/operations.md");
const GENAI_PAGE: &str = include_str!("../docs/genai.md");
const CONTRIBUTING: &str = include_str!("../docs/contributing.md");

#[test]
fn the_committed_header_is_the_generated_one() {
    let generated = include_str!(env!("AXONPUSH_GENERATED_HEADER"));
    let committed = include_str!("../include/axonpush.h");
    assert!(
        generated == committed,
        "include/axonpush.h is stale: run `make header` and commit it"
    );
}

#[test]
fn the_table_of_options_is_the_codes() {
    let mut table =
        String::from("| option | variable | default | meaning |\n| --- | --- | --- | --- |\n");
    for setting in SETTINGS {
        let quoted: Vec<String> = setting.variables.iter().map(|v| format!("`{v}`")).collect();
        let (name, text) = (setting.name, setting.text);
        let variables = quoted.join(", ");
        table += &format!(
            "| `{name}` | {variables} | {} | {text} |\n",
            setting.default
        );
    }
    let (_, rest) = README
        .split_once("tests/readme.rs -->\n")
        .expect("the mark before the table");
    let (found, _) = rest
        .split_once("<!-- /settings -->")
        .expect("the mark after the table");
    assert!(
        found == table,
        "the README's table of options should be:\n\n{table}"
    );
}

#[test]
fn the_table_of_operations_is_the_codes() {
    let mut table =
        String::from("| function | request | list | again |\n| --- | --- | --- | --- |\n");
    for operation in OPERATIONS {
        let (name, method, path) = (operation.name, operation.method, operation.path);
        let list = operation.list.map_or(String::new(), |l| format!("`{l}`"));
        let again = if operation.is_repeatable() {
            "yes"
        } else {
            "no"
        };
        table += &format!("| `axonpush_{name}` | `{method} {path}` | {list} | {again} |\n");
    }
    let (_, rest) = OPERATIONS_PAGE
        .split_once("tests/readme.rs -->\n")
        .expect("the mark before the table");
    let (found, _) = rest
        .split_once("<!-- /operations -->")
        .expect("the mark after the table");
    assert!(
        found == table,
        "the table of docs/operations.md should be:\n\n{table}"
    );
}

#[test]
fn every_stage_of_the_tests_is_explained_to_contributors() {
    let stages = include_str!("all")
        .split("\n    Stage(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let mut count = 0;
    for stage in stages {
        count += 1;
        assert!(
            CONTRIBUTING.contains(&format!("`{stage}`")),
            "docs/contributing.md, \"What each target covers\": {stage} is missing"
        );
    }
    assert!(count > 0, "tests/all has its table of stages elsewhere");
}

#[test]
fn every_operation_is_a_function_of_the_header() {
    let header = include_str!("../include/axonpush.h");
    for operation in OPERATIONS {
        let start = format!("axonpush_status axonpush_{}(", operation.name);
        assert!(header.contains(&start), "{}", operation.name);
    }
}

/// The first names of the rows below a heading of docs/genai.md, sorted.
fn attributes_below(heading: &str) -> Vec<&'static str> {
    let (_, rest) = GENAI_PAGE.split_once(heading).expect(heading);
    let part = rest.split("\n## ").next().expect("the first part");
    let rows = part.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut names: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    names.sort();
    names
}

#[test]
fn every_attribute_is_explained_once() {
    for (heading, carries) in [
        ("\n## Facts\n", Carries::Fact),
        ("\n## Content\n", Carries::Content),
    ] {
        let attributes = ATTRIBUTES.iter().filter(|a| a.carries == carries);
        let expected: Vec<_> = attributes.map(|a| a.name).collect();
        assert_eq!(
            attributes_below(heading),
            expected,
            "docs/genai.md{heading}"
        );
    }
}

#[test]
fn every_attribute_is_a_constant_of_the_header() {
    let header = include_str!("../include/axonpush.h");
    for attribute in ATTRIBUTES {
        let (constant, name) = (attribute.constant, attribute.name);
        let line = format!("\n#define AXONPUSH_ATTR_{constant} \"{name}\"\n");
        assert!(header.contains(&line), "{line}");
    }
}

#[test]
fn the_quickstart_compiles() {
    compiles("quickstart", README);
}

#[test]
fn the_program_about_model_calls_compiles() {
    compiles("genai", GENAI_PAGE);
}

/// The first C program of a page is C99 without a warning.
fn compiles(name: &str, page: &str) {
    let (_, rest) = page.split_once("```c\n").expect("a C program");
    let (program, _) = rest.split_once("```").expect("its end");
    let folder = env!("CARGO_TARGET_TMPDIR");
    let source = format!("{folder}/{name}.c");
    std::fs::write(&source, program).unwrap();
    let status = Command::new("cc")
        .args([
            "-std=c99",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-Iinclude",
            "-fsyntax-only",
        ])
        .arg(&source)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("a C compiler, cc");
    assert!(status.success());
}
