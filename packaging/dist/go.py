"""The Go module with the static library beside it, as a file-system proxy.

The library is a module of its own for each platform, `…/bindings/go/native/linux_amd64`, that the binding's module needs
and imports on that platform. So `go get` brings everything, and `go build` needs a C compiler and nothing else.

The files are those of a proxy (`go help goproxy`): `GOPROXY=file://…/target/dist/go`. The folders that are to be tagged in
the repository are in the zip files, below the module's path and version.
"""

import json
import shutil
import time

import archive
import build
import facts
import tarball
from facts import BUILD, DIST, GO_MODULE, ROOT

VERSION = f"v{facts.VERSION}"

# In the place of the checkout's link.go.
LINK_SYSTEM = """\
//go:build !axonpush_static && (axonpush_system || !({platforms}))

package axonpush

// #cgo pkg-config: axonpush
import "C"
"""
LINK_NATIVE = """\
//go:build !axonpush_static && !axonpush_system

package axonpush

// The library itself: a static one, linked into the program.
import _ "{module}/native/{platform}"
"""
NATIVE = """\
// Package {platform} holds libaxonpush for one platform and links it into the program. It has no names: the package axonpush
// ({module}) imports it.
package {platform}

// #cgo LDFLAGS: ${{SRCDIR}}/libaxonpush.a {libraries}
import "C"
"""


def go_mod(module, needs=()):
    lines = (ROOT / "bindings/go/go.mod").read_text().rstrip("\n").split("\n")
    lines[0] = f"module {module}"
    if needs:
        lines += ["", "require (", *[f"\t{name} {VERSION}" for name in needs], ")"]
    return "\n".join(lines) + "\n"


def write_module(module, files):
    """A module as a proxy serves it, from (name, content)."""
    folder = DIST / "go" / module / "@v"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "list").write_text(f"{VERSION}\n")
    (folder / f"{VERSION}.info").write_text(
        json.dumps({"Version": VERSION, "Time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(facts.EPOCH))}) + "\n")
    (folder / f"{VERSION}.mod").write_text(dict(files)["go.mod"].decode())
    archive.zipped(folder / f"{VERSION}.zip", [(f"{module}@{VERSION}/{name}", content, 0o644) for name, content in sorted(files)])


def native_module(platform):
    return f"{GO_MODULE}/native/{platform.go}"


def make(platform):
    """The library for one platform."""
    build.library(platform)
    prefix = tarball.install(platform)
    documents = BUILD / platform.name / "go"
    shutil.rmtree(documents, ignore_errors=True)
    tarball.documents(documents, ["axonpush"], platform)
    # The compiler's driver adds the unwinder and the C library itself.
    libraries = [word for word in (ROOT / "packaging/native-static-libs").read_text().split() if word not in ("-lgcc_s", "-lc")]
    native = NATIVE.format(platform=platform.go, module=GO_MODULE, libraries=" ".join(libraries))
    write_module(native_module(platform), [
        ("go.mod", go_mod(native_module(platform)).encode()),
        (f"{platform.go}.go", native.encode()),
        ("libaxonpush.a", (prefix / "lib/libaxonpush.a").read_bytes()),
        *[(file.name, file.read_bytes()) for file in documents.iterdir()],
    ])


def make_common(platforms):
    """The binding."""
    kept = [file for file in facts.tracked("bindings/go") if file.parts[0] not in ("bench", "test", "with-checkout") and file.name != "go.mod"]
    files = {str(file): (ROOT / "bindings/go" / file).read_bytes() for file in kept}
    # Its own header, which it was written against, whichever library it is linked with.
    files["axonpush.h"] = (ROOT / "include/axonpush.h").read_bytes()
    files["LICENSE"] = (ROOT / "LICENSE").read_bytes()
    files["go.mod"] = go_mod(GO_MODULE, [native_module(platform) for platform in platforms]).encode()
    constraint = " || ".join("(" + platform.go.replace("_", " && ") + ")" for platform in platforms)
    files["link.go"] = LINK_SYSTEM.format(platforms=constraint).encode()
    for platform in platforms:
        # The end of the name restricts it to the platform.
        files[f"link_native_{platform.go}.go"] = LINK_NATIVE.format(module=GO_MODULE, platform=platform.go).encode()
    write_module(GO_MODULE, list(files.items()))
