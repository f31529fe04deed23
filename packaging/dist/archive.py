"""Archives whose bytes depend on nothing but the names and contents of what is in them."""

import gzip
import hashlib
import io
import tarfile
import time
import zipfile

import facts


def files_below(folder):
    """Every file and link below a folder, sorted by its name there."""
    found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return sorted((path.relative_to(folder).as_posix(), path) for path in found)


def mode(path):
    return 0o755 if path.stat().st_mode & 0o100 else 0o644


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_sums(folder, name="SHA256SUMS"):
    """A list that `sha256sum --check` reads, of every file below a folder."""
    listed = [(file, path) for file, path in files_below(folder) if not path.is_symlink() and file != name]
    (folder / name).write_text("".join(f"{sha256(path)}  {file}\n" for file, path in listed))


def tar_gz(archive, folder, prefix):
    """The contents of a folder, below a folder `prefix` in the archive."""
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, path in files_below(folder):
            entry = tarfile.TarInfo(f"{prefix}/{name}")
            entry.mtime = facts.EPOCH
            if path.is_symlink():
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
                tar.addfile(entry)
            else:
                content = path.read_bytes()
                entry.size, entry.mode = len(content), mode(path)
                tar.addfile(entry, io.BytesIO(content))
    with open(archive, "wb") as file, gzip.GzipFile("", "wb", 9, file, mtime=facts.EPOCH) as packed:
        packed.write(unpacked.getvalue())


def zipped(archive, entries):
    """Files given as (name, content, mode), in their order."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, content, permissions in entries:
            entry = zipfile.ZipInfo(name, time.gmtime(facts.EPOCH)[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, for the permissions
            entry.external_attr = (0o100000 | permissions) << 16
            file.writestr(entry, content)
