#!/usr/bin/env python3
"""The house stands on its floors: what a file includes says on what it stands, and each library has one door."""
import os
import re

from rules import hold

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Each floor and those that it may stand on; net and store do not know each other.
FLOORS = {
    "base": [],
    "net": ["base"],
    "store": ["base"],
    "script": ["base"],
    "plug": ["base", "net", "store", "script"],
    "flow": ["base", "net", "store", "script", "plug"],
    "command": ["base", "net", "store", "script", "plug", "flow"],
    "main": ["script", "plug", "command"],
}
# Who may include a library's headers: files, or folders with a slash behind.
DOORS = {
    r"curl/.*": ["host/net/carry.c"],
    r"libxml/.*": ["sdk/include/mlc/xml.h"],
    r"llhttp\.h": ["host/net/request.c"],
    r"libpq-fe\.h": [],
    r"lua\.h|lauxlib\.h|lualib\.h": ["host/script/"],
    r"openssl/.*": ["host/net/tls.c", "host/base/crypto.c"],
    r"seccomp\.h": ["host/script/wall.c"],
    r"sodium\.h": ["host/base/crypto.c"],
    r"sqlite3\.h": ["host/store/db.c"],
    r"uv\.h": ["host/base/loop.c", "host/net/"],
}
# What a connector may see: the SDK, jansson, libxml2 by way of the SDK, and C without I/O.
PURE = {"assert.h", "ctype.h", "errno.h", "inttypes.h", "limits.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdlib.h", "string.h",
        "strings.h", "time.h", "jansson.h", "mlc/connector.h", "mlc/help.h", "mlc/xml.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def files(*tops, but=()):
    for top in tops:
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            inside = os.path.relpath(folder, ROOT)
            if not any(part in but for part in inside.split(os.sep)):
                yield from (os.path.join(inside, n) for n in names if n.endswith((".c", ".h")))


def includes(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return INCLUDE.findall(f.read())


def floor_of(path):
    parts = path.split(os.sep)
    return parts[1] if len(parts) > 2 else "main"


def floors():
    """A floor of host/ includes itself, those below it and the SDK."""
    for path in files("host"):
        floor = floor_of(path)
        if floor not in FLOORS:
            yield f"{path}: host/{floor} is no floor of the house"
            continue
        for kind, name in includes(path):
            below = name.split("/")[0]
            if kind == '"' and "/" in name and below != floor and below not in FLOORS[floor]:
                yield f"{path} includes {name}: {floor} may stand on {', '.join(FLOORS[floor]) or 'nothing'} only"


def doors():
    """A library is included in one place, so that another could stand in for it."""
    for path in files("host", "sdk"):
        for kind, name in includes(path):
            for library, door in DOORS.items():
                if kind == "<" and re.fullmatch(library, name) and not any(path == d or (d.endswith("/") and path.startswith(d)) for d in door):
                    yield f"{path} includes <{name}>, whose door is {', '.join(door) or 'not made yet'}"


def connectors():
    """A connector includes the SDK, its own headers and nothing that does I/O."""
    for path in files("plugins", "sdk/template", but=("tests", "twin", "app", "node_modules")):
        for kind, name in includes(path):
            if kind == "<" and name not in PURE:
                yield f"{path} includes <{name}>, which is not for connectors"
            if kind == '"' and "/" in name:
                yield f"{path} includes {name}, which is not its own"


if __name__ == "__main__":
    hold(floors, doors, connectors)
