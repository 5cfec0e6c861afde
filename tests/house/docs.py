#!/usr/bin/env python3
"""The manual holds together: links lead somewhere, every page can be found, and every printed command is one that mlc takes."""
import os
import re
import shlex
import subprocess

from rules import hold

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INDEX = "docs/README.md"
OUR_OWN = {"cage", "probe"} # what mlc starts itself as: nobody's command
# What may stand behind a command in a line of a shell.
BEHIND = re.compile(r"\s+#\s.*$|\s*(?:[|;&>]|&&)\s*.*$")


def pages():
    yield "README.md"
    for top in ("docs", "sdk", "plugins", "tests", "tools"):
        for folder, folders, names in os.walk(os.path.join(ROOT, top)):
            folders[:] = [f for f in folders if f != "node_modules"]
            yield from (os.path.relpath(os.path.join(folder, n), ROOT) for n in sorted(names) if n.endswith(".md"))


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def anchors(path):
    """As a web page of it would have them."""
    heads = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", read(path), flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", h.lower())).replace(" ", "-") for h in heads}


def links(path):
    """(as written, file, anchor) of what leads into this project."""
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(read(path))):
        if not re.match(r"[a-z]+:", target):
            file, _, anchor = target.partition("#")
            yield target, os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path, anchor


def links_lead_somewhere():
    """Every link leads to a file that is there, and to a heading in it."""
    for path in pages():
        for target, file, anchor in links(path):
            if not os.path.exists(os.path.join(ROOT, file)):
                yield f"{path}: {target} leads nowhere"
            elif anchor and anchor not in anchors(file):
                yield f"{path}: {file} has no heading for #{anchor}"


def pages_are_found():
    """Every page of docs/ is reached from its index."""
    found = {os.path.normpath(file) for _, file, _ in links(INDEX)}
    for path in pages():
        if path.startswith("docs/") and path != INDEX and path not in found:
            yield f"{INDEX} does not lead to {path}"


def commands():
    """{ name: (arguments at least, at most, { option: wants a value }) }, as mlc tells them."""
    mlc = os.path.join(os.environ["MLC_BUILD_DIR"], "host", "mlc")
    ask = lambda *argv: subprocess.run([mlc, *argv], capture_output=True, text=True, check=True).stdout
    told = {}
    for name in re.findall(r"^  ([a-z]+) +\S", ask("--help"), re.M):
        said = ask(name, "--help")
        args = re.search(r"usage: mlc \w+ ?(.*?) ?\[--dir DIR\]", said)[1].split()
        options = {"--dir": True, "--json": False, "--help": False}
        options.update({o: bool(value) for o, value in re.findall(r"^  (--[\w-]+)( [A-Z][\w-]*)?", said, re.M)})
        told[name] = (sum(not a.startswith("[") for a in args), len(args), options)
    return told


def printed(path):
    """(line, whether it stands for itself) of each command that the page prints."""
    fenced = False
    for line in read(path).splitlines():
        fenced ^= line.startswith("```")
        if re.match(r"(?: {4,}|\t)?mlc [a-z]", line) and (fenced or line[0] in " \t"):
            yield BEHIND.sub("", line.strip()), True
        elif not fenced:
            yield from ((span, False) for span in re.findall(r"`(mlc [a-z][^`]*)`", line))


def amiss(line, whole, known):
    words = shlex.split(line)[1:]
    if words[0] not in known:
        return f"there is no command {words[0]}" if words[0] not in OUR_OWN else None
    least, most, options = known[words[0]]
    rest, args = iter(words[1:]), 0
    for w in rest:
        if not w.startswith("--"):
            args += w != "..."
        elif w.split("=")[0] not in options:
            return f"{words[0]} has no option {w}"
        elif options[w.split("=")[0]] and "=" not in w:
            next(rest, None)
    if args > most or (whole and args < least):
        return f"{words[0]} takes {least} to {most} arguments"
    return None


def commands_are_taken():
    """Every command line that is printed is one that mlc takes."""
    known = commands()
    for path in pages():
        for line, whole in printed(path):
            wrong = amiss(line, whole, known)
            if wrong:
                yield f"{path}: {line}: {wrong}"


if __name__ == "__main__":
    hold(links_lead_somewhere, pages_are_found, commands_are_taken)
