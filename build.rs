//! Generates the C header from `src/ffi/`, and gives the shared library its soname.

use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "src/event/genai_names.rs"]
#[allow(dead_code, reason = "here only the table is needed")]
mod genai_names;

use genai_names::{ATTRIBUTES, Carries};

/// Raised only when the C ABI is broken, which is never done to a released version.
const SONAME: &str = "libaxonpush.so.0";

fn main() {
    println!("cargo:rerun-if-changed=src/ffi");
    println!("cargo:rerun-if-changed=src/event/genai_names.rs");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    println!("cargo:rerun-if-changed=include/axonpush.h");
    println!("cargo:rerun-if-env-changed=AXONPUSH_UPDATE_HEADER");

    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    let generated = header(&root);
    let fresh = out.join("axonpush.h");
    fs::write(&fresh, &generated).expect("OUT_DIR can be written");
    // For the test that compares it with the committed one.
    println!(
        "cargo:rustc-env=AXONPUSH_GENERATED_HEADER={}",
        fresh.display()
    );

    let committed = root.join("include/axonpush.h");
    if fs::read_to_string(&committed).ok().as_deref() != Some(&generated) {
        if env::var_os("AXONPUSH_UPDATE_HEADER").is_some() {
            fs::create_dir_all(root.join("include")).expect("the source can be written");
            fs::write(&committed, &generated).expect("the source can be written");
        } else {
            println!("cargo:warning=include/axonpush.h is stale; run `make header`");
        }
    }
    link(&out);
}

fn header(root: &Path) -> String {
    let read = |name: &str| {
        let path = root.join("src/ffi/header").join(name);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let mut config =
        cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    for (constants, name) in ENUMERATIONS {
        // Nothing in a signature names the constants, so that cbindgen would leave them out.
        config.export.include.push((*constants).to_owned());
        config.export.exclude.push((*name).to_owned());
        let renamed = ((*constants).to_owned(), (*name).to_owned());
        config.export.rename.extend([renamed]);
    }
    let version = |part: &str| env::var(format!("CARGO_PKG_VERSION{part}")).expect("set by cargo");
    config.header = Some(read("top.h").trim_end().to_owned());
    // Our own guard, since cbindgen ends its own before the trailer.
    config.after_includes = Some(format!(
        "#ifndef AXONPUSH_H\n#define AXONPUSH_H\n\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n\
         /* The version of this header; axonpush_version() is the running library's. */\n\
         #define AXONPUSH_VERSION \"{}\"\n\
         #define AXONPUSH_VERSION_MAJOR {}\n\
         #define AXONPUSH_VERSION_MINOR {}\n\
         #define AXONPUSH_VERSION_PATCH {}\n\n\
         {}\n\n{}\n\n{}\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif",
        version(""),
        version("_MAJOR"),
        version("_MINOR"),
        version("_PATCH"),
        read("initialisers.h").trim_end(),
        read("event_types.h").trim_end(),
        attributes().trim_end(),
    ));
    config.trailer = Some(
        "#ifdef __cplusplus\n} /* extern \"C\" */\n#endif\n\n#endif /* AXONPUSH_H */".to_owned(),
    );
    let mut text = Vec::new();
    // Only these files, in this order: the header has what a C caller sees and nothing else.
    const NOUNS: &[&str] = &[
        "status",
        "error",
        "log",
        "options",
        "handle",
        "client",
        "call_handle",
        "event",
        "response",
        "json",
        "genai",
        "trace",
        "events_iter",
        "apps",
        "channels",
        "environments",
        "webhooks",
        "organizations",
        "service",
        "log_event",
        "stats",
        "version",
    ];
    let sources = NOUNS
        .iter()
        .map(|noun| root.join(format!("src/ffi/{noun}.rs")));
    sources
        .fold(
            cbindgen::Builder::new().with_config(config),
            |builder, source| builder.with_src(source),
        )
        .generate()
        .expect("src/ffi is what cbindgen understands")
        .write(&mut text);
    let text = String::from_utf8(text).expect("cbindgen writes UTF-8");
    // Both a tag and a typedef exist; in signatures the short form reads better.
    let text = text.replace("struct axonpush_", "axonpush_");
    let text = text.replace("typedef axonpush_", "typedef struct axonpush_");
    ENUMERATIONS
        .iter()
        .fold(text, |text, (_, name)| plain_enumeration(&text, name))
}

/// The names of attributes as constants.
fn attributes() -> String {
    let start = "/* Attributes that the service reads, for members of a payload or of metadata: OpenTelemetry's names where it\n\
        \x20  has one. docs/genai.md says what becomes of each, and which other names mean the same. */\n";
    ATTRIBUTES.iter().fold(start.to_owned(), |text, attribute| {
        let content = match attribute.carries {
            Carries::Fact => "",
            Carries::Content => " Content: it stays in the process by default.",
        };
        let (meaning, constant) = (attribute.meaning.trim(), attribute.constant);
        let name = attribute.name;
        text + &format!("/** {meaning}{content} */\n#define AXONPUSH_ATTR_{constant} \"{name}\"\n")
    })
}

/// The enumerations: what their constants are in `src/ffi/`, and the name of the type in C. In Rust
/// the constants are an enumeration and the type is an `int32_t`, which anything may put any value
/// into; in C the two are one.
const ENUMERATIONS: &[(&str, &str)] = &[
    ("Status", "axonpush_status"),
    ("LogLevel", "axonpush_log_level"),
    ("Toggle", "axonpush_toggle"),
    ("OverflowPolicy", "axonpush_overflow"),
    ("CompletionPlace", "axonpush_completion_mode"),
    ("Capture", "axonpush_content_capture"),
    ("Version", "axonpush_http_version"),
    ("SpoolSync", "axonpush_spool_sync"),
    ("ExporterChoice", "axonpush_exporter"),
    ("Severity", "axonpush_severity"),
];

/// `enum { ... }; typedef int32_t name;` in every C and C++ alike, where cbindgen makes a real
/// enumeration of it in C23: any number may cross the boundary, and is checked there.
fn plain_enumeration(text: &str, name: &str) -> String {
    const C23: &str = "#if __STDC_VERSION__ >= 202311L";
    const END: &str = "#endif // __STDC_VERSION__ >= 202311L";
    let replace = |text: &str, from: String, to: String| {
        assert_eq!(
            text.matches(&from).count(),
            1,
            "cbindgen writes {name} in another way now"
        );
        text.replace(&from, &to)
    };
    let text = replace(
        text,
        format!("enum {name}\n{C23}\n  : int32_t\n{END}\n {{"),
        "enum {".to_owned(),
    );
    replace(
        &text,
        format!("{C23}\ntypedef enum {name} {name};\n#else\ntypedef int32_t {name};\n{END}"),
        format!("typedef int32_t {name};"),
    )
}

fn link(out: &Path) {
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{SONAME}");
    // Our threads run our code: dlclose must not unmap it under them.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    // A program that was linked against target/<profile>/libaxonpush.so looks for the soname.
    if let Some(profile) = out.ancestors().nth(3) {
        let link = profile.join(SONAME);
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink("libaxonpush.so", &link)
            .unwrap_or_else(|e| println!("cargo:warning=no link {}: {e}", link.display()));
    }
}
