"""What all of packaging/dist goes by: where things are, which version this is, and for which platforms it is built."""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(subprocess.check_output([ROOT / "tests/built", "target"], text=True).strip())
# What a release consists of.
DIST = TARGET / "dist"
# What it is made with and from; kept, since it takes minutes.
BUILD = TARGET / "dist-build"

# The one place of the version. packaging/dist/release holds all other places to it.
VERSION = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE).group(1)
SONAME = re.search(r'const SONAME: &str = "(.*)"', (ROOT / "build.rs").read_text()).group(1)
GO_MODULE = re.search(r"^module (\S+)", (ROOT / "bindings/go/go.mod").read_text(), re.MULTILINE).group(1)

# The date of every file in every artefact: the commit's, so that two builds of one commit give the same bytes.
EPOCH = int(os.environ.get("SOURCE_DATE_EPOCH")
            or subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT, text=True))


class Platform(NamedTuple):
    """One kind of machine, under the name that it has in the artefacts."""

    name: str
    triple: str
    zig: str  # what cargo-zigbuild is asked for: the triple, with the oldest glibc
    glibc: str  # that glibc
    wheel: str  # the tag of a wheel
    cpu: str  # npm's
    libc: str  # npm's
    go: str  # GOOS_GOARCH


# glibc 2.17 is of 2012: RHEL 7 and everything since. It is also the oldest that Rust's standard library runs on.
PLATFORMS = [
    Platform("linux-x64-gnu", "x86_64-unknown-linux-gnu", "x86_64-unknown-linux-gnu.2.17", "2.17",
             "manylinux_2_17_x86_64", "x64", "glibc", "linux_amd64"),
]


def run(command, folder=ROOT, **variables):
    """A command that must succeed. Its output is shown."""
    environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    subprocess.run(list(map(str, command)), cwd=folder, env=environment, check=True, stdin=subprocess.DEVNULL)


def output(command, folder=ROOT, **variables):
    """The same, and gives what it prints."""
    environment = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    return subprocess.run(list(map(str, command)), cwd=folder, env=environment, check=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True).stdout


def tracked(folder):
    """The files of a folder of the checkout that git knows, as paths below it: nothing that lies around gets into an artefact."""
    listed = output(["git", "ls-files", "-z", folder], ROOT).split("\0")
    return [Path(path).relative_to(folder) for path in listed if path]
