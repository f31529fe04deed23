"""The library for C and C++ as a tarball, and the programs as another one."""

import shutil

import archive
import build
import linked
from facts import BUILD, DIST, ROOT, VERSION, run

# Makes the tarball fit for CMake's FetchContent, which adds the folder that it has unpacked.
FETCHED = """\
# For FetchContent, which adds this folder: its targets are then there for the whole project.
cmake_minimum_required(VERSION 3.13)
project(axonpush VERSION {version} LANGUAGES NONE)
set(targets axonpush::axonpush axonpush::axonpush-static axonpush::axonpush-cpp axonpush::axonpush-cpp-static)
if(NOT TARGET Threads::Threads)
    list(APPEND targets Threads::Threads)
endif()
find_package(axonpush {version} EXACT CONFIG REQUIRED PATHS "${{CMAKE_CURRENT_SOURCE_DIR}}" NO_DEFAULT_PATH)
set_target_properties(${{targets}} PROPERTIES IMPORTED_GLOBAL TRUE)
"""


def documents(folder, packages, platform):
    """What the law and an auditor want to find beside a binary."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "LICENSE", folder)
    (folder / "NOTICES.txt").write_text(linked.notices(packages, platform.triple))


def install(platform):
    """What `make install` makes of the library, in a folder that can be moved."""
    prefix = BUILD / platform.name / "install"
    shutil.rmtree(prefix, ignore_errors=True)
    run([ROOT / "packaging/install"], PREFIX="/", LIBDIR="lib", INCLUDEDIR="include", DESTDIR=prefix, RELOCATABLE="1",
        AXONPUSH_LIB_DIR=BUILD / platform.name / "lib")
    return prefix


def make_library(platform):
    build.library(platform)
    prefix = install(platform)
    share = prefix / "share/doc/axonpush"
    documents(share, ["axonpush"], platform)
    shutil.copy(ROOT / "packaging/dist/README.tarball", prefix / "README")
    for file in ("CHANGELOG.md", "docs/ABI.md"):
        shutil.copy(ROOT / file, share)
    (share / "axonpush.cdx.json").write_text(linked.bill_of_materials("axonpush", platform.triple))
    (prefix / "CMakeLists.txt").write_text(FETCHED.format(version=VERSION))
    archive.write_sums(prefix)
    name = f"libaxonpush-{VERSION}-{platform.name}"
    archive.tar_gz(DIST / f"{name}.tar.gz", prefix, name)


def make_programs(platform):
    bin_folder = build.programs(platform)
    folder = BUILD / platform.name / "tools"
    shutil.rmtree(folder, ignore_errors=True)
    for name in build.program_names():
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(bin_folder / name, folder / "bin" / name)
    share = folder / "share/doc/axonpush-tools"
    documents(share, linked.workspace(), platform)
    for package in linked.workspace():
        if package != "axonpush":
            (share / f"{package}.cdx.json").write_text(linked.bill_of_materials(package, platform.triple))
    archive.write_sums(folder)
    name = f"axonpush-tools-{VERSION}-{platform.name}"
    archive.tar_gz(DIST / f"{name}.tar.gz", folder, name)


def make(platform):
    make_library(platform)
    make_programs(platform)
