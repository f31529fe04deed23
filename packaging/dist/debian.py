"""Debian packages, built with Debian's own Rust from vendored crates.

packaging/debian is the folder `debian` of the source package, but for what other files of the project say already: the
changelog, and new symbols.
"""

import os
import platform as machine
import re
import shutil
import time

import facts
import linked
from facts import BUILD, DIST, ROOT, VERSION, output, run

REVISION = f"{VERSION}-1"
PACKAGES = ["libaxonpush0", "libaxonpush-dev", "axonpush-tools"]
NEEDED = {"dpkg-buildpackage": "dpkg-dev", "dh": "debhelper", "help2man": "help2man", "/usr/bin/cargo": "cargo-web", "/usr/bin/rustc": "rustc-web"}

SYMBOLS = ROOT / "packaging/debian/libaxonpush0.symbols"


def exported():
    return set(re.findall(r"^symbol (\w+): exported$", (ROOT / "tests/abi/recorded.txt").read_text(), re.MULTILINE))


def released():
    return set(re.findall(r"^ (\w+)@Base", SYMBOLS.read_text(), re.MULTILINE))


def symbols():
    """The list of symbols with the version that each came with: what is not in it yet comes with this one."""
    first, *listed = SYMBOLS.read_text().splitlines()
    listed += [f" {name}@Base {facts.VERSION}" for name in exported() - released()]
    return "".join(f"{line}\n" for line in [first, *sorted(listed)])


def missing():
    """Why Debian packages cannot be built here, or nothing. Installs what it may."""
    absent = [package for program, package in NEEDED.items() if not shutil.which(program)]
    if not os.path.exists("/usr/include/sqlite3.h"):
        absent.append("libsqlite3-dev")
    if absent and os.geteuid() == 0 and shutil.which("apt-get"):
        run(["apt-get", "update", "-q"])
        run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *absent], DEBIAN_FRONTEND="noninteractive")
        return ""
    return f"please install: {', '.join(absent)}" if absent else ""


def make(platform):
    if platform.triple != f"{machine.machine()}-unknown-linux-gnu":
        return  # dpkg-buildpackage builds for the machine that it runs on
    why = missing()
    if why:
        print(f"not made: Debian packages: {why}", flush=True)
        return
    source = BUILD / f"debian/libaxonpush-{VERSION}"
    kept = {name: source / "debian" / name for name in ("cargo-target",)}
    # What was compiled before is kept, everything else is laid anew.
    if source.exists():
        for path in source.iterdir():
            if path.name != "debian":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in (source / "debian").iterdir():
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    for file in facts.tracked("."):
        if not (ROOT / file).is_dir():
            (source / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, source / file)
    shutil.copytree(source / "packaging/debian", source / "debian", dirs_exist_ok=True)
    vendor(source)
    (source / "debian" / SYMBOLS.name).write_text(symbols())
    (source / "NOTICES.txt").write_text(linked.notices(linked.workspace(), platform.triple))
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(facts.EPOCH))
    maintainer = next(line.partition(": ")[2] for line in (source / "debian/control").read_text().splitlines()
                      if line.startswith("Maintainer: "))
    (source / "debian/changelog").write_text(
        f"libaxonpush ({REVISION}) unstable; urgency=medium\n\n  * Release {VERSION}; CHANGELOG.md says what is new.\n\n"
        f" -- {maintainer}  {date}\n")

    # `-d`: Debian's Rust may be there without being known to dpkg.
    run(["dpkg-buildpackage", "--build=binary", "--no-sign", "--no-check-builddeps"], source, SOURCE_DATE_EPOCH=facts.EPOCH,
        PATH="/usr/sbin:/usr/bin:/sbin:/bin")
    architecture = output(["dpkg", "--print-architecture"]).strip()
    for package in PACKAGES:
        name = f"{package}_{REVISION}_{architecture}.deb"
        shutil.copyfile(source.parent / name, DIST / name)


def vendor(source):
    """The crates of Cargo.lock in the source package, so that it builds without a network."""
    run(["cargo", "vendor", "--quiet", "--locked", "--versioned-dirs", source / "vendor"], source)
    (source / ".cargo").mkdir(exist_ok=True)
    (source / ".cargo/config.toml").write_text(
        '[source.crates-io]\nreplace-with = "vendored-sources"\n\n[source.vendored-sources]\ndirectory = "vendor"\n')
