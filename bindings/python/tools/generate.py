#!/usr/bin/env python3
"""Writes what is derived from another file, so that no fact is typed twice.

    tools/generate.py            writes both files
    tools/generate.py --check    says which of them is not current; exit code 1 if one is

axonpush/_declarations.py      the C interface for ctypes, from include/axonpush.h
axonpush/_async_resources.py   the asynchronous twin of axonpush/_resources.py

AXONPUSH_INCLUDE says where axonpush.h is; default include of the checkout.

The header is read as text and not by a compiler: it is generated itself, by cbindgen, in one regular form, and whoever
builds the package needs no compiler. That this reading is right is shown by tests/test_declarations.py, which compares
every size, offset, value and signature with tests/abi/recorded.txt, for which a compiler was asked.
"""

import os
import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
HEADER = Path(os.environ.get("AXONPUSH_INCLUDE", PACKAGE.parent.parent / "include")) / "axonpush.h"

# How C's types are named in ctypes. Pointers to what is opaque, and to structs, are addresses.
TYPES = {
    "void": "None", "bool": "c_bool", "size_t": "c_size_t", "const char *": "c_char_p",
    "int32_t": "c_int32", "uint32_t": "c_uint32", "int64_t": "c_int64", "uint64_t": "c_uint64", "double": "c_double",
}


def ctypes_name(c_type, aliases):
    """How a C type is written in ctypes; `aliases` are the typedefs of the header."""
    if c_type in TYPES:
        return TYPES[c_type]
    if c_type in aliases:
        return aliases[c_type]
    if c_type.endswith("*"):
        return "c_void_p"
    raise SystemExit(f"tools/generate.py: {c_type} has no place in TYPES; please add it")


def split(declaration):
    """"const char *path" as its type and its name; the name may be missing."""
    words = re.fullmatch(r"(.*?[\w*])\s*(?<![\w])(\w+)?", " ".join(declaration.split()))
    c_type, name = words.groups()
    if name is None and not c_type.endswith("*"):
        c_type, _, name = c_type.rpartition(" ")
    return c_type.strip(), name


def code_of(header):
    """The declarations, without comments and preprocessor lines."""
    text = re.sub(r"/\*.*?\*/", "", header, flags=re.DOTALL)
    text = re.sub(r"(?:#.*\\\n)*(?:.*\\\n)*#.*\n", "\n", text)
    return re.sub(r'extern "C" \{|namespace.*?\} /\*.*?\*/', "", text)


def declarations(header):
    """The text of _declarations.py."""
    code = code_of(header)
    aliases = {}
    for c_type, name in re.findall(r"typedef (\w+) (axonpush_\w+);", code):
        aliases[name] = TYPES[c_type]

    lines = [
        '"""The C interface, for ctypes.',
        "",
        "GENERATED from include/axonpush.h by tools/generate.py. Do not edit.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from ctypes import CFUNCTYPE, Structure, c_bool, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p",
        "from enum import Enum",
        "from typing import Any",
        "",
    ]
    for constants in re.findall(r"enum \{([^}]*)\}", code):
        for name, value in re.findall(r"AXONPUSH_(\w+) = (-?\d+)", constants):
            lines.append(f"{name} = {value}")
    lines += ["", "", "class EventType(str, Enum):", '    """Event types that the service knows. Any other text is legal, too."""', ""]
    for comment, name, value in re.findall(r'/\*\* (.*?) \*/\n#define AXONPUSH_EVENT_TYPE_(\w+) "(.*)"', header):
        lines += [f'    {name} = "{value}"', f'    """{comment}"""']
    lines += ["", "    def __str__(self) -> str:", "        return self.value", "", ""]
    lines += ["class Attribute(str, Enum):", '    """Names of attributes that the service reads. Any other name is legal, too."""', ""]
    for comment, name, value in re.findall(r'/\*\* (.*?) \*/\n#define AXONPUSH_ATTR_(\w+) "(.*)"', header):
        lines += [f'    {name} = "{value}"', f'    """{comment}"""']
    lines += ["", "    def __str__(self) -> str:", "        return self.value", "", ""]

    for struct, members in re.findall(r"typedef struct (axonpush_\w+) \{([^}]*)\} \1;", code):
        lines += [f"class {struct}(Structure):", "    _fields_ = ["]
        for member in filter(None, (m.strip() for m in members.split(";"))):
            c_type, name = split(member)
            lines.append(f'        ("{name}", {ctypes_name(c_type, aliases)}),')
        lines += ["    ]", "", ""]

    for result, name, parameters in re.findall(r"typedef ([\w *]+)\(\*(axonpush_\w+)\)\(([^()]*)\);", code):
        aliases[name] = "c_void_p"
        types = [ctypes_name(split(p)[0], aliases) for p in parameters.split(",")]
        lines.append(f"{name} = CFUNCTYPE({', '.join([ctypes_name(result.strip(), aliases), *types])})")

    lines += ["", "# Each function's result and parameters.", "FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {"]
    for result, name, parameters in re.findall(r"^([\w ]+[ *])(axonpush_\w+)\(([^()]*)\);", code, re.MULTILINE):
        types = [] if parameters.strip() == "void" else [ctypes_name(split(p)[0], aliases) for p in parameters.split(",")]
        tuple_of = "(" + ", ".join(types) + ("," if len(types) == 1 else "") + ")"
        lines.append(f'    "{name}": ({ctypes_name(result.strip(), aliases)}, {tuple_of}),')
    lines += ["}", ""]
    return "\n".join(lines)


def async_resources(source):
    """The asynchronous twin of _resources.py: every public method becomes a coroutine that awaits the call."""
    _, _, text = source.partition('"""\n\nfrom')
    text = "from" + text
    # What gives something to be awaited is no coroutine itself.
    text = re.sub(r"^    def (?!enqueue|iterate)(?=[a-z])", "    async def ", text, flags=re.MULTILINE)
    text = re.sub(r"return (?=self\._(call|list)\()", "return await ", text)
    text = re.sub(r"\b(Delivery|Iterator|Resource)\b", r"Async\1", text)
    text = re.sub(r"^class (\w+)\(", r"class Async\1(", text, flags=re.MULTILINE)
    text = text.replace("from ._base import", "from ._async_base import").replace("from ._delivery import", "from ._async_delivery import")
    return f'"""The asynchronous twin of _resources.py.\n\nGENERATED from it by tools/generate.py. Do not edit.\n"""\n\n{text}'


def outputs():
    """Each generated file, with the text that it must have."""
    return {
        PACKAGE / "axonpush/_declarations.py": declarations(HEADER.read_text()),
        PACKAGE / "axonpush/_async_resources.py": async_resources((PACKAGE / "axonpush/_resources.py").read_text()),
    }


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit(__doc__)
    stale = [path for path, text in outputs().items() if not path.exists() or path.read_text() != text]
    if sys.argv[1:] == ["--check"]:
        for path in stale:
            print(f"{path.relative_to(PACKAGE)} is not current; write it with: {Path(__file__).relative_to(PACKAGE)}")
        sys.exit(1 if stale else 0)
    for path in stale:
        path.write_text(outputs()[path])


if __name__ == "__main__":
    main()
