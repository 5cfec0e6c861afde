#!/usr/bin/env python3
"""What the pages say of settings and parameters is what source and mappings declare: names, defaults, words to choose from."""
import glob
import os
import re

from rules import hold

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DECLARED = re.compile(r'^(?:[^"]*\{|\s*local )?\s*([a-z_]+)\s*=\s*\{ type = "[a-z_]+"(.*)$', re.M)
SAID = {"true": ("true", "yes"), "false": ("false", "no")}


NOT_WRITTEN = {"integration", "mapping", "client_id"} # a constructor's, or told beside `apps`
ELSEWHERE = {"NAME", "app", "auth"} # a name of one's own; checked in connection.c


def integrations():
    return sorted(os.path.basename(folder) for folder in glob.glob(os.path.join(ROOT, "mappings", "*")))


def declared(integration):
    """name -> (values to choose from, default or None, required), over all files."""
    found = {}
    for path in glob.glob(os.path.join(ROOT, "mappings", integration, "**", "*.lua"), recursive=True):
        with open(path) as f:
            for name, rest in DECLARED.findall(f.read()):
                values = re.search(r"values = \{([^}]*)\}", rest)
                default = re.search(r'default = (?:"([^"]*)"|([\w.]+))', rest)
                found[name] = (re.findall(r'"(\w+)"', values[1]) if values else [],
                               (default[1] if default[1] is not None else default[2]) if default else None,
                               "required = true" in rest)
    return found


def page(integration):
    with open(os.path.join(ROOT, "docs", f"mapping-{integration}.md")) as f:
        return f.read()


def rows(integration):
    """The rows of the page's table of parameters."""
    section = page(integration).split("\n## Parameters\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def names_of(row):
    return re.findall(r"`([a-z_]+)`", row.split("|")[1])


def every_parameter_stands_there():
    """each parameter of a mapping stands on the integration's page, and none that no mapping has"""
    for integration in integrations():
        on_page, there = {n for row in rows(integration) for n in names_of(row)}, set(declared(integration))
        for name in sorted(on_page ^ there):
            yield f"{integration}: {name}: {'no mapping has it' if name in on_page else 'it is not on the page'}"


def what_it_says_is_so():
    """beside a parameter stand its default, that it is required, and the words to choose from"""
    for integration in integrations():
        there = declared(integration)
        for row in rows(integration):
            told = page(integration) if "| see " in row else row.split("|", 2)[2]
            said = set(re.findall(r"[\w.]+", told))
            for name in names_of(row):
                values, default, required = there.get(name, ([], None, False))
                missing = [v for v in values if v not in said]
                if default and not said.intersection(SAID.get(default, set(default.split()[:1]))):
                    missing.append(f"the default {default}")
                if required and "required" not in said:
                    missing.append("required")
                if missing:
                    yield f"{integration}: {name}: its row does not tell {', '.join(missing)}"


def every_setting_stands_there():
    """each setting of mlc.lua and tenant.lua stands in docs/settings.md, and none that the host does not take"""
    with open(os.path.join(ROOT, "host", "script", "settings.c")) as f:
        there = set(re.findall(r'^\t\{ "([a-z_]+)", [A-Z]', f.read(), re.M)) - NOT_WRITTEN
    with open(os.path.join(ROOT, "docs", "settings.md")) as f:
        first = "\n".join(line.split("|")[1] for line in f if line.startswith("| `"))
    on_page = {part for path in re.findall(r"`([a-zA-Z_.]+)`", first) for part in path.split(".")} - ELSEWHERE
    for name in sorted(on_page ^ there):
        yield f"{name}: {'the host does not take it' if name in on_page else 'it is not in docs/settings.md'}"


hold(every_setting_stands_there, every_parameter_stands_there, what_it_says_is_so)
