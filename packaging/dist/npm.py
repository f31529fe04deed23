"""npm packages: the binding, the library for each platform, and the programs.

The library is a package of its own for each platform, and an optional dependency of the binding: npm installs the one that
fits by its "os", "cpu" and "libc", so that nothing has to be compiled, downloaded or run while installing.
"""

import json
import shutil

import build
import facts
import linked
import tarball
from facts import BUILD, DIST, ROOT, VERSION, run


def write_package(folder, manifest):
    (folder / "package.json").write_text(json.dumps(manifest, indent=2) + "\n")
    # Same bytes for the same files, whenever and wherever: npm writes no dates of files and no owners.
    run(["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", DIST], folder)


def empty(platform, name):
    folder = BUILD / platform.name / "npm" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def manifest(name, **more):
    return {"name": name, "version": VERSION, "license": "MIT", **more}


def only_on(platform):
    return {"os": ["linux"], "cpu": [platform.cpu], "libc": [platform.libc]}


def make(platform):
    """What is for one platform."""
    name = f"axonpush-native-{platform.name}"
    folder = empty(platform, name)
    shutil.copy(build.library(platform) / "libaxonpush.so", folder / facts.SONAME)
    tarball.documents(folder, ["axonpush"], platform)
    write_package(folder, manifest(name, description=f"libaxonpush for {platform.name}, which axonpush-native loads",
                                   **only_on(platform), files=[facts.SONAME, "NOTICES.txt"]))

    name = f"axonpush-tools-{platform.name}"
    folder = empty(platform, name)
    programs = build.programs(platform)
    for program in build.program_names():
        (folder / "bin").mkdir(exist_ok=True)
        shutil.copy(programs / program, folder / "bin" / program)
    tarball.documents(folder, linked.workspace(), platform)
    write_package(folder, manifest(name, description=f"The programs of axonpush-tools for {platform.name}",
                                   **only_on(platform), files=["bin", "NOTICES.txt"]))


# Runs the program of the platform's package in the place of Node as far as that goes: same streams, same signals, same end.
LAUNCHER = """\
#!/usr/bin/env node
import {{ spawn }} from 'node:child_process';
import {{ createRequire }} from 'node:module';

const resolve = createRequire(import.meta.url).resolve;
const packages = {packages};
let program;
for (const name of packages) {{
  try {{
    program = resolve(`${{name}}/bin/{program}`);
    break;
  }} catch {{
    // Not the package of this platform.
  }}
}}
if (program === undefined) {{
  console.error(`axonpush-tools: none of ${{packages.join(', ')}} is installed; was it installed with --omit=optional?`);
  process.exit(1);
}}
const child = spawn(program, process.argv.slice(2), {{ stdio: 'inherit' }});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {{
  console.error(`axonpush-tools: ${{error.message}}`);
  process.exit(1);
}});
child.on('exit', (code, signal) => {{
  if (signal === null) process.exit(code);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}});
"""


def make_common(platforms):
    """What is for all platforms."""
    folder = empty(platforms[0], "axonpush-native")
    for file in facts.tracked("bindings/node"):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "bindings/node" / file, folder / file)
    shutil.copy(ROOT / "LICENSE", folder)
    about = json.loads((folder / "package.json").read_text())
    # These are the checkout's: what keeps it from being published, and what puts a library into `npm pack`'s package.
    for name in ("private", "scripts", "devDependencies"):
        del about[name]
    about["optionalDependencies"] = {f"axonpush-native-{platform.name}": VERSION for platform in platforms}
    write_package(folder, about)

    folder = empty(platforms[0], "axonpush-tools")
    packages = [f"axonpush-tools-{platform.name}" for platform in platforms]
    (folder / "bin").mkdir()
    for program in build.program_names():
        launcher = folder / "bin" / f"{program}.js"
        launcher.write_text(LAUNCHER.format(packages=json.dumps(packages), program=program))
        launcher.chmod(0o755)
    shutil.copy(ROOT / "LICENSE", folder)
    (folder / "README.md").write_text(build.about_programs())
    write_package(folder, manifest(
        "axonpush-tools", description="The programs of AxonPush, among them a local service for building and testing without an account",
        type="module", engines={"node": ">=20"}, os=["linux"], bin={program: f"bin/{program}.js" for program in build.program_names()},
        files=["bin"], optionalDependencies={name: VERSION for name in packages}))
