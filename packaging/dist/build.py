"""Compiles the library and the programs for a platform, and looks at what came out."""

import functools
import json
import os
import re
import shutil
import sys

import facts
from facts import BUILD, ROOT, output, run

# ---- Tools ----

def python():
    """A Python with what requirements.txt names. The stamp is written last, so one that is half made is made again."""
    wanted, folder = ROOT / "packaging/dist/requirements.txt", BUILD / "tools"
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != wanted.read_bytes():
        run([sys.executable, "-m", "venv", "--clear", folder])
        run([folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted])
        shutil.copy(wanted, stamp)
    return folder / "bin/python"


def cargo():
    """The environment in which Cargo compiles with Zig as linker, and no path of this machine gets into what it makes."""
    tools = python().parent
    zig = output([tools / "python", "-c", "import ziglang; print(ziglang.__path__[0])"]).strip()
    home = os.environ.get("CARGO_HOME", os.path.expanduser("~/.cargo"))
    paths = [(home, "cargo"), (ROOT, "axonpush"), (BUILD, "build"), (output(["rustc", "--print", "sysroot"]).strip(), "rust")]
    return {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "CARGO_TARGET_DIR": BUILD / "cargo",
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(f"--remap-path-prefix={path}={name}" for path, name in paths),
        "CARGO_ZIGBUILD_ZIG_PATH": f"{zig}/zig",
        "CARGO_ZIGBUILD_CACHE_DIR": BUILD / "zig",
        "ZIG_GLOBAL_CACHE_DIR": BUILD / "zig",
        "ZIG_LOCAL_CACHE_DIR": BUILD / "zig",
    }


def missing(platform):
    """Why nothing can be compiled for a platform here, or nothing."""
    folder = output(["rustc", "--print", "target-libdir", "--target", platform.triple]).strip()
    return "" if os.path.isdir(folder) else f"Rust's standard library for {platform.triple} is not installed ({folder})"


# ---- The library ----

@functools.cache
def library(platform):
    """The folder with libaxonpush.so and libaxonpush.a."""
    folder = BUILD / platform.name / "lib"
    folder.mkdir(parents=True, exist_ok=True)
    # As `make library`: without the rlib, for link-time optimisation.
    run(["cargo-zigbuild", "rustc", "--locked", "--release", "--lib", "--crate-type", "cdylib,staticlib",
         "--target", platform.zig, "--", "--print", f"native-static-libs={folder}/native-static-libs"], **cargo())
    for file in ("libaxonpush.so", "libaxonpush.a"):
        shutil.copyfile(BUILD / "cargo" / platform.triple / "release" / file, folder / file)
    check(folder / "libaxonpush.so", platform)
    return folder


@functools.cache
def programs(platform):
    """The folder with the programs of the workspace: the development server, and the command line where it is there."""
    folder = BUILD / platform.name / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    run(["cargo-zigbuild", "zigbuild", "--locked", "--profile", "cli", "--workspace", "--bins", "--target", platform.zig], **cargo())
    for name in program_names():
        shutil.copy(BUILD / "cargo" / platform.triple / "cli" / name, folder / name)
        check_glibc(folder / name, platform.glibc)
    return folder


@functools.cache
def descriptions():
    """The programs of the workspace, each with what its manifest says it is."""
    metadata = json.loads(output(["cargo", "metadata", "--no-deps", "--format-version", "1"]))
    found = {target["name"]: package["description"] for package in metadata["packages"] for target in package["targets"]
             if "bin" in target["kind"]}
    return dict(sorted(found.items()))


def program_names():
    return list(descriptions())


def about_programs():
    """The README of the packages that hold them."""
    listed = "".join(f"- **`{name}`**: {text}.\n" for name, text in descriptions().items())
    return (ROOT / "packaging/dist/README.tools.md").read_text().replace("@PROGRAMS@\n", listed)


# ---- What came out ----

class Unfit(Exception):
    """A file is not what a release may consist of."""


def check(library, platform):
    """The soname, what it exports, what dlclose does, and the oldest system that it loads on."""
    dynamic = output(["readelf", "-dW", library])
    exported = {line.split()[-1] for line in output(["nm", "-D", "--defined-only", library]).splitlines()}
    if f"[{facts.SONAME}]" not in dynamic:
        raise Unfit(f"{library}: the soname is not {facts.SONAME}")
    if "NODELETE" not in dynamic:
        raise Unfit(f"{library}: not linked with -z nodelete: dlclose would unmap code that its threads run")
    if re.search("RPATH|RUNPATH|TEXTREL", dynamic):
        raise Unfit(f"{library}: a run path or text relocations: {dynamic}")
    declared = set(re.findall(r"^symbol (axonpush_\w+): exported", (ROOT / "tests/abi/recorded.txt").read_text(), re.MULTILINE))
    if exported != declared:
        raise Unfit(f"{library}: what it exports is not the recorded ABI: {sorted(exported ^ declared)}")
    check_glibc(library, platform.glibc)


def check_glibc(file, newest):
    """Fails when a file asks for a newer glibc than that."""
    needed = re.findall(r"Name: GLIBC_([\d.]+)", output(["readelf", "-VW", file]))

    def number(version):
        return [int(part) for part in version.split(".")]

    above = sorted({version for version in needed if number(version) > number(newest)}, key=number)
    if not needed or above:
        raise Unfit(f"{file} asks for glibc {', '.join(above) or 'of no version'}, but may for {newest} at most")
