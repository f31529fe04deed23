#!/usr/bin/env python3
"""What is linked into a package's binary: the crates, their licences, and the software bill of materials.

    packaging/dist/linked.py            checks that every licence is one of those allowed, and that each crate brings its text
    packaging/dist/linked.py notices    prints the third-party notices of the library

`cargo tree` says what is linked: for the platform, without what only builds or tests, and without procedural macros, which
run in the compiler.
"""

import functools
import html
import json
import re
import sys
import uuid
from pathlib import Path
from typing import NamedTuple

import facts
from facts import ROOT, output

# What may be linked into somebody else's program. A licence expression must be satisfied by these alone.
ALLOWED = {"MIT", "Apache-2.0", "ISC", "BSD-3-Clause", "Unicode-3.0", "Zlib", "Unlicense", "CDLA-Permissive-2.0"}
LICENCE_FILE = re.compile(r"(?i)^(un)?licen[cs]e|^copying|^notice|^copyright")


class Crate(NamedTuple):
    name: str
    version: str
    licence: str
    folder: Path


@functools.cache
def metadata(triple):
    return json.loads(output(["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", triple]))


@functools.cache
def linked(package, triple):
    """The crates that are linked into a package of the workspace, which itself is not among them."""
    packages = {(package["name"], package["version"]): package for package in metadata(triple)["packages"]}
    lines = output(["cargo", "tree", "--locked", "--package", package, "--target", triple, "--edges", "normal,no-proc-macro",
                    "--prefix", "none", "--format", "{p}"]).splitlines()
    found = {}
    for line in lines:
        name, version = line.split()[:2]
        about = packages[name, version.removeprefix("v")]
        if about["source"]:  # not ours
            found[name, version] = Crate(name, about["version"], about["license"] or "", Path(about["manifest_path"]).parent)
    return [found[key] for key in sorted(found)]


def allowed(expression):
    """Whether a licence expression can be satisfied by what is allowed. `A/B` is what old manifests write for `A OR B`."""
    whole = re.sub(r"\s+WITH\s+", "-WITH-", expression.replace("/", " OR "))
    words = re.findall(r"[()]|[^\s()]+", whole)
    # Each licence becomes what it is worth, the rest is Python's own grammar.
    terms = {"OR": "or", "AND": "and", "(": "(", ")": ")"}
    try:
        return bool(words) and eval(" ".join(terms.get(word) or str(word in ALLOWED) for word in words), {"__builtins__": {}})
    except SyntaxError:
        return False  # to be looked at by a person


def licence_files(crate):
    found = [path for path in sorted(crate.folder.iterdir()) if LICENCE_FILE.match(path.name)]
    # A folder of that name holds one text for each part of the crate.
    return [file for path in found for file in (sorted(path.rglob("*")) if path.is_dir() else [path]) if file.is_file()]


def standard_library():
    """The notices of Rust's standard library, which come with the compiler: rustup's, else Debian's."""
    page = Path(output(["rustc", "--print", "sysroot"]).strip(), "share/doc/rust/COPYRIGHT-library.html")
    if not page.exists():
        return Path("/usr/share/doc/libstd-rust-web-dev/copyright").read_text().strip()
    page = page.read_text()
    text = html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<head>.*?</head>", "", page, flags=re.DOTALL)))
    return re.sub(r"\n[ \t]*(\n[ \t]*)+\n", "\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip()


def notices(packages, triple):
    """The texts that whoever passes on the binary has to pass on with it."""
    crates = sorted({crate for package in packages for crate in linked(package, triple)})
    parts = ["These are the licences of what other people wrote and is linked into this binary: first a list, then their texts,\n"
             "and last the notices of Rust's standard library.\n"]
    parts.append("".join(f"{crate.name} {crate.version}: {crate.licence}\n" for crate in crates))
    # Many crates have one text in common, which stands here once.
    by_text = {}
    for crate in crates:
        for file in licence_files(crate):
            text = "\n".join(line.rstrip() for line in file.read_text(errors="replace").strip().splitlines())
            by_text.setdefault(text, []).append(f"{crate.name} {crate.version}, {file.relative_to(crate.folder)}")
        if not licence_files(crate):
            by_text.setdefault(f"(The crate has no text; its manifest says: {crate.licence}.)", []).append(f"{crate.name} {crate.version}")
    for text, users in by_text.items():
        parts.append("=" * 80 + "\n" + "".join(f"{user}\n" for user in users) + "-" * 80 + f"\n\n{text}\n")
    parts.append("=" * 80 + f"\nThe Rust standard library\n" + "-" * 80 + f"\n\n{standard_library()}\n")
    return "\n".join(parts)


def bill_of_materials(package, triple):
    """CycloneDX: the package, every crate in it with the checksum that Cargo.lock has, and which needs which."""
    checksums = {(name, version): checksum for name, version, checksum in re.findall(
        r'name = "(.*)"\nversion = "(.*)"\nsource = .*\nchecksum = "(.*)"', (ROOT / "Cargo.lock").read_text())}
    crates = linked(package, triple)
    ours = next(about for about in metadata(triple)["packages"] if about["name"] == package)

    def reference(name, version):
        return f"pkg:cargo/{name}@{version}"

    def component(crate):
        return {
            "type": "library", "bom-ref": reference(crate.name, crate.version), "name": crate.name, "version": crate.version,
            "purl": reference(crate.name, crate.version), "hashes": [{"alg": "SHA-256", "content": checksums[crate.name, crate.version]}],
            "licenses": [{"expression": crate.licence.replace("/", " OR ")}],
        }

    by_id = {about["id"]: reference(about["name"], about["version"]) for about in metadata(triple)["packages"]}
    references = {reference(crate.name, crate.version) for crate in crates} | {reference(package, ours["version"])}
    dependencies = []
    for node in metadata(triple)["resolve"]["nodes"]:
        if by_id[node["id"]] in references:
            needs = {by_id[dependency["pkg"]] for dependency in node["deps"]
                     if any(kind["kind"] is None for kind in dependency["dep_kinds"])}
            dependencies.append({"ref": by_id[node["id"]], "dependsOn": sorted(needs & references)})
    bill = {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {
            "component": {
                "type": "library", "bom-ref": reference(package, ours["version"]), "name": package, "version": ours["version"],
                "licenses": [{"license": {"id": ours["license"]}}],
            },
            "properties": [{"name": "target", "value": triple}],
        },
        "components": [component(crate) for crate in crates],
        "dependencies": sorted(dependencies, key=lambda dependency: dependency["ref"]),
    }
    text = json.dumps(bill, sort_keys=True)
    # One for this content, where others draw a random one.
    bill["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}"
    return json.dumps(bill, indent=2, sort_keys=True) + "\n"


def workspace():
    """The names of our own packages."""
    packages = json.loads(output(["cargo", "metadata", "--locked", "--no-deps", "--format-version", "1"]))["packages"]
    return sorted(about["name"] for about in packages)


def main():
    triple = facts.PLATFORMS[0].triple
    if sys.argv[1:] == ["notices"]:
        print(notices(["axonpush"], triple), end="")
        return 0
    crates = sorted({crate for package in workspace() for crate in linked(package, triple)})
    wrong = [f"{crate.name} {crate.version}: {crate.licence or 'no licence'} is not allowed (ALLOWED in packaging/dist/linked.py)"
             for crate in crates if not allowed(crate.licence)]
    wrong += [f"{crate.name} {crate.version}: it brings no text of its licence, {crate.licence}"
              for crate in crates if not licence_files(crate)]
    # A check that lets this pass would let anything pass.
    wrong += [f"{expression!r} should not be allowed" for expression in ("GPL-3.0-only", "MIT AND GPL-2.0", "", "Apache-2.0 WITH LLVM-exception")
              if allowed(expression)]
    wrong += [f"{expression!r} should be allowed" for expression in ("MIT/Apache-2.0", "GPL-3.0-only OR MIT", "(MIT OR ISC) AND Zlib")
              if not allowed(expression)]
    for line in wrong:
        print(f"FAILED {line}")
    print(f"{len(crates)} crates are linked into the workspace's binaries for {triple}")
    print(f"{len(crates) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
