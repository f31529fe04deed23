"""Compiles the library and the programs for a platform, and looks at what came out."""

import functools
import json
import os
import re
import shutil
import subprocess
import sys
from typing import NamedTuple

import facts
from facts import BUILD, ROOT, output, run

# ---- Tools ----

class Missing(Exception):
    """What would be needed is not there."""


def python():
    """A Python with what requirements.txt names. The stamp is written last, so one that is half made is made again."""
    wanted, folder = ROOT / "packaging/dist/requirements.txt", BUILD / "tools"
    stamp = folder / "requirements.txt"
    if not stamp.exists() or stamp.read_bytes() != wanted.read_bytes():
        run([sys.executable, "-m", "venv", "--clear", folder])
        run([folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", wanted])
        shutil.copy(wanted, stamp)
    return folder / "bin/python"


class Rust(NamedTuple):
    """A compiler with a standard library for a platform."""

    variables: dict  # what tells Cargo of it
    sysroot: str
    flags: list  # further ones of rustc
    options: list  # further ones of Cargo


DEBIAN = {"CARGO": "/usr/bin/cargo", "RUSTC": "/usr/bin/rustc"}


@functools.cache
def rust(platform):
    """The Rust that compiles for a platform here. Where the one in PATH has no standard library for it, Debian's may have."""
    folder = output(["rustc", "--print", "target-libdir", "--target", platform.triple]).strip()
    if os.path.isdir(folder):
        return Rust({}, output(["rustc", "--print", "sysroot"]).strip(), [], [])
    absent = [program for program in DEBIAN.values() if not os.path.exists(program)]
    if absent:
        raise Missing(f"the Rust in PATH has no standard library for {platform.triple}, and Debian's (rustc-web, cargo-web) is not installed")
    if platform.libc == "musl":
        # Debian has its source alone: it is compiled with the library.
        if not os.path.exists("/usr/lib/rustlib/src/rust/library"):
            raise Missing("the source of Rust's standard library is not installed (Debian's rust-web-src)")
        return Rust({**DEBIAN, "RUSTC_BOOTSTRAP": "1"}, "/usr", ["-Ctarget-feature=-crt-static"],
                    ["-Zbuild-std=std,panic_unwind"])
    sysroot = debian_sysroot(platform)
    return Rust(DEBIAN, str(sysroot), [f"--sysroot={sysroot}"], [])


def debian_sysroot(platform):
    """Debian's compiled standard library for another architecture, unpacked: nothing of this system is changed."""
    sysroot = BUILD / "sysroot" / platform.triple
    standard = sysroot / "lib/rustlib" / platform.triple
    if standard.exists():
        return sysroot
    if not shutil.which("apt-get"):
        raise Missing(f"the standard library for {platform.triple} is not installed, and there is no apt-get")
    work = BUILD / "apt"
    (work / "lists/partial").mkdir(parents=True, exist_ok=True)
    version = output(["dpkg-query", "--show", "--showformat", "${Version}", "rustc-web"])
    options = ["-q", f"-oDir::State::lists={work}/lists", f"-oDir::Cache={work}", f"-oAPT::Architectures=amd64,{platform.cpu}",
               "-oAPT::Sandbox::User=root"]
    try:
        run(["apt-get", *options, "update"])
        run(["apt-get", *options, "download", f"libstd-rust-web-dev:{platform.cpu}={version}"], work)
    except subprocess.CalledProcessError as failure:
        raise Missing(f"Debian's standard library for {platform.triple} cannot be had: {failure}") from failure
    for package in work.glob(f"libstd-rust-web-dev_*_{platform.cpu}.deb"):
        run(["dpkg-deb", "--extract", package, work / "unpacked"])
    standard.parent.mkdir(parents=True)
    shutil.move(work / "unpacked/usr/lib/rustlib" / platform.triple, standard)
    return sysroot


def cargo(platform):
    """The environment in which Cargo compiles with Zig as linker, and no path of this machine gets into what it makes."""
    tools = python().parent
    zig = output([tools / "python", "-c", "import ziglang; print(ziglang.__path__[0])"]).strip()
    home = os.environ.get("CARGO_HOME", os.path.expanduser("~/.cargo"))
    paths = [(home, "cargo"), (ROOT, "axonpush"), (BUILD, "build"), (rust(platform).sysroot, "rust")]
    flags = [*rust(platform).flags, *[f"--remap-path-prefix={path}={name}" for path, name in paths]]
    return {
        **rust(platform).variables,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "CARGO_TARGET_DIR": BUILD / "cargo",
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        "CARGO_ZIGBUILD_ZIG_PATH": f"{zig}/zig",
        "CARGO_ZIGBUILD_CACHE_DIR": BUILD / "zig",
        "ZIG_GLOBAL_CACHE_DIR": BUILD / "zig",
        "ZIG_LOCAL_CACHE_DIR": BUILD / "zig",
    }


def missing(platform):
    """Why nothing can be compiled for a platform here, or nothing."""
    try:
        rust(platform)
    except Missing as why:
        return str(why)
    needed = {"ld": "binutils"} if not platform.binutils else {f"{platform.binutils}ld": f"binutils-{platform.binutils.rstrip('-')}"}
    absent = [package for program, package in needed.items() if not shutil.which(program)]
    return f"please install: {', '.join(absent)}" if absent else ""


# ---- The library ----

@functools.cache
def library(platform):
    """The folder with libaxonpush.so and libaxonpush.a."""
    folder = BUILD / platform.name / "lib"
    folder.mkdir(parents=True, exist_ok=True)
    # As `make library`: without the rlib, for link-time optimisation.
    run(["cargo-zigbuild", "rustc", "--locked", "--release", "--lib", "--crate-type", "cdylib,staticlib",
         *rust(platform).options, "--target", platform.zig, "--", "--print", f"native-static-libs={folder}/native-static-libs"], **cargo(platform))
    for file in ("libaxonpush.so", "libaxonpush.a"):
        # Not a link to Cargo's file: it writes the same one when it builds the library for a program.
        shutil.copyfile(BUILD / "cargo" / platform.triple / "release" / file, folder / file)
    check(folder / "libaxonpush.so", platform)
    return folder


@functools.cache
def programs(platform):
    """The folder with the programs of the workspace: the development server, and the command line where it is there."""
    folder = BUILD / platform.name / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    # They are tools for a desk, not for somebody's process: compiling in parts takes a quarter of the time.
    run(["cargo-zigbuild", "zigbuild", "--locked", "--release", "--workspace", "--bins", *rust(platform).options,
         "--target", platform.zig],
        CARGO_PROFILE_RELEASE_LTO="off", CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16, **cargo(platform))
    for name in program_names():
        shutil.copy(BUILD / "cargo" / platform.triple / "release" / name, folder / name)
        check_libc(folder / name, platform)
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
    check_libc(library, platform)


def check_libc(file, platform):
    """Fails when a file asks for a newer C library than the platform has, or for another one."""
    if platform.glibc:
        check_glibc(file, platform.glibc)
    elif "GLIBC" in output(["readelf", "-VW", file]) or "libc.so.6" in output(["readelf", "-dW", file]):
        raise Unfit(f"{file} asks for glibc, but is for {platform.libc}")


def check_glibc(file, newest):
    """Fails when a file asks for a newer glibc than that."""
    needed = re.findall(r"Name: GLIBC_([\d.]+)", output(["readelf", "-VW", file]))

    def number(version):
        return [int(part) for part in version.split(".")]

    above = sorted({version for version in needed if number(version) > number(newest)}, key=number)
    if not needed or above:
        raise Unfit(f"{file} asks for glibc {', '.join(above) or 'of no version'}, but may for {newest} at most")
