"""Puts the native library into the wheel: see README.md, "The native library"."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SONAME = "libaxonpush.so.0"


def say(sentence):
    """pip shows it with -v, and where the build fails."""
    print(f"axonpush-native: {sentence}", file=sys.stderr)


def in_system():
    try:
        ctypes.CDLL(SONAME)
    except OSError:
        return False
    return True


def built():
    """Where the checkout's library is, or will be."""
    folder = subprocess.run([ROOT / "tests/built", "library"], check=True, stdout=subprocess.PIPE, text=True).stdout
    return Path(folder.rstrip("\n"), "libaxonpush.so")


def library():
    """The library's file: what AXONPUSH_LIBRARY names, else the checkout's, which is built if need be. None: the system's."""
    chosen = os.environ.get("AXONPUSH_LIBRARY")
    if chosen:
        say(f"takes the library that AXONPUSH_LIBRARY names, {chosen}")
        return Path(chosen)
    if (ROOT / "include/axonpush.h").exists():
        file = built()
        if file.exists():
            say(f"takes the library that is built, {file}")
            return file
        if shutil.which("cargo"):
            say(f"builds the library: make library, for {file}")
            # To stderr: what the build backend says on stdout is for its frontend.
            subprocess.run(["make", "library"], cwd=ROOT, check=True, stdout=sys.stderr)
            return file
    if in_system():
        say(f"takes the system's library, {SONAME}; the package has none inside")
        return None
    raise SystemExit(
        "axonpush-native: there is no libaxonpush: install it in the system, or build it in its checkout (which needs Rust) with"
        " `make library`, or name its file in AXONPUSH_LIBRARY"
    )


class BuildWithLibrary(build_py):
    def run(self):
        super().run()
        # An editable installation is used where it lies, and finds the checkout's library by itself.
        found = library()
        if found is not None and not self.editable_mode:
            shutil.copyfile(found, Path(self.build_lib, "axonpush/libaxonpush.so"))


class Wheel(bdist_wheel):
    def finalize_options(self):
        # Any Python, but one kind of machine.
        self.distribution.has_ext_modules = lambda: True
        super().finalize_options()

    def get_tag(self):
        return ("py3", "none", super().get_tag()[2])


setup(cmdclass={"build_py": BuildWithLibrary, "bdist_wheel": Wheel})
