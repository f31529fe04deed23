"""Python wheels: the binding with the library inside, and the programs."""

import base64
import hashlib
import shutil

import archive
import build
import facts
import linked
import tarball
from facts import BUILD, DIST, ROOT, VERSION, run


def make_binding(platform):
    tools = build.python().parent
    source = BUILD / platform.name / "wheel"
    shutil.rmtree(source, ignore_errors=True)
    for file in facts.tracked("bindings/python"):
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "bindings/python" / file, source / file)
    # Setuptools takes these two for what they are by their names.
    tarball.documents(source, ["axonpush"], platform)
    run([tools / "python", "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation",
         "--config-settings=--build-option=--plat-name", f"--config-settings=--build-option={platform.wheel}", "--wheel-dir", DIST, source],
        AXONPUSH_LIBRARY=build.library(platform) / "libaxonpush.so", SOURCE_DATE_EPOCH=facts.EPOCH)


METADATA = """\
Metadata-Version: 2.4
Name: axonpush-tools
Version: {version}
Summary: The programs of AxonPush, among them a local service for building and testing without an account
License-Expression: MIT
License-File: LICENSE
License-File: NOTICES.txt
Requires-Python: >=3.8
Classifier: Operating System :: POSIX :: Linux
Description-Content-Type: text/markdown

"""


def make_programs(platform):
    """Without setuptools, which could not do more for files that are to be copied."""
    info, data = f"axonpush_tools-{VERSION}.dist-info", f"axonpush_tools-{VERSION}.data"
    licences = BUILD / platform.name / "licences"
    tarball.documents(licences, linked.workspace(), platform)
    entries = [(f"{data}/scripts/{name}", (build.programs(platform) / name).read_bytes(), 0o755) for name in build.program_names()]
    about = METADATA.format(version=VERSION) + build.about_programs()
    entries += [(f"{info}/METADATA", about.encode(), 0o644)]
    entries += [(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: packaging/dist\nRoot-Is-Purelib: false\n"
                 f"Tag: py3-none-{platform.wheel}\n".encode(), 0o644)]
    entries += [(f"{info}/licenses/{file}", (licences / file).read_bytes(), 0o644) for file in ("LICENSE", "NOTICES.txt")]

    def digest(content):
        return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()

    record = "".join(f"{name},sha256={digest(content)},{len(content)}\n" for name, content, _ in entries)
    entries += [(f"{info}/RECORD", f"{record}{info}/RECORD,,\n".encode(), 0o644)]
    archive.zipped(DIST / f"axonpush_tools-{VERSION}-py3-none-{platform.wheel}.whl", entries)


def make(platform):
    make_binding(platform)
    make_programs(platform)
