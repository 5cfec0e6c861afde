#!/usr/bin/env python3
"""docs/causes.md and the source know the same words: whoever meets one at night finds it explained."""
import os
import re

from rules import hold

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = "docs/causes.md"
TEXT = r'"((?:[^"\\]|\\.)*)"'
# Where C says a cause: the argument behind these, a text or one made by a format.
FORMED = r"(?:eval_format\([^,]+,\s*)?" + TEXT
SAID = [re.compile(p) for p in (
    r"\beval_fail\([^,]+,\s*\w+,\s*" + FORMED, r"\beval_note\(e,\s*OP_\w+,\s*" + FORMED, r"\beval_state\([^,]+,[^,]+,\s*OP_\w+,\s*" + FORMED,
    r"\brefuse\(e,\s*" + TEXT, r"\bheld\(" + TEXT, r'\bverdict\(p,\s*"\w+",\s*(?:\w+(?:\([^)]*\))?\s*\?\s*"\w+"\s*:\s*)?' + TEXT,
    r'\bverdict\(p,\s*"\w+",\s*[^"]*\?\s*' + TEXT + r"\s*:", r"\bwork_settle_as\(\w+,\s*\w+,\s*" + TEXT, r"\bwork_back_off\(\w+,[^,]+,\s*" + TEXT,
    r"\bflow_hold\([^,]+,[^,]+,\s*" + TEXT, r"->held = xstrdup\(" + TEXT, r"\b(?:connection_hold|hold_put)\([^,]+,\s*" + TEXT,
    r"\balert_(?:raise|show)\(\w+,\s*" + TEXT,
    r"\bcause = (?:\w+ \? )?" + TEXT, r'\bcause = \w+ \? "\w+" : ' + TEXT, r"\bcause = arena_format\([^,]+,\s*" + TEXT, r"\bcause = '(\w+)'",
    r'json_put_text\([^;]*"cause", ' + TEXT, r'json_pack\([^;]*"cause", ' + TEXT + r', "why"',
    r"\bcause = json_text_or\([^;]*, " + TEXT + r"\);", r"\{ MLC_\w+,\s*" + TEXT + r",\s*MOVE", r"\bMOVE_\w+,\s*(?:\d+,\s*)+" + TEXT,
    r"#define (?:BATCH_ALONE|NEEDS) " + TEXT, r"\bcli_wrong\(\w+,\s*" + TEXT, r"\{ ERR_\w+,(?: \d+,)?\s*" + TEXT,
)]
# Words of the language that stand in for a cause that the mapping does not name.
PLAIN = {"hold", "review", "skip"}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def below(top, end):
    for folder, _, names in os.walk(os.path.join(ROOT, top)):
        yield from (os.path.relpath(os.path.join(folder, n), ROOT) for n in names if n.endswith(end))


def word(cause):
    """unknown_item:MUG-9, unknown_%s:%s, unknown_KIND:WHAT: what stands before the colon, what varies as a star."""
    return re.sub(r"%s|\{[^}]*\}?|[A-Z]+", "*", cause.split(":")[0])


def said_in_c():
    said = {}
    for path in (*below("host", ".c"), *below("host", ".h")):
        text = re.sub(r"/\*.*?\*/", "", read(path), flags=re.S)
        for pattern in SAID:
            for m in pattern.finditer(text):
                if re.fullmatch(r"[a-z_%s]+(:.*)?", m[1]) and word(m[1]) != "*":
                    said.setdefault(word(m[1]), path)
    return said


def said_in_mappings(integration):
    said = {}
    for path in below(os.path.join("mappings", integration), ".lua"):
        text = read(path).split("\n  tests ")[0]
        for m in re.finditer(r'\bcause\s*=\s*(?:text\s*)?"([^"]+)"|\b(?:hold|review|skip)\(\s*"([^"]+)"\s*,', text):
            said.setdefault(word(m[1] or m[2]), path)
        for m in re.finditer(r'\bpick\((?:param )?"(\w+)"|\b(\w+)\s*=\s*find\b|\bremember\s*=\s*"(\w+)"', text):
            for kind in ("unknown_", "ambiguous_"):
                said.setdefault(kind + (m[1] or m[2] or m[3]), path)
    return said


def explained():
    """{ integration or "": { word } } of the first cells of the page's tables."""
    told, section = {"": set()}, ""
    for line in read(PAGE).splitlines():
        page = re.match(r"More: \[mapping-([\w-]+)\.md\]", line)
        section = page[1] if page else "" if line.startswith("## ") else section
        if line.startswith("| `"):
            told.setdefault(section, set()).update(word(w) for w in re.findall(r"`([^`]+)`", line.split(" | ")[0]))
    return told


def fits(cause, words):
    return cause in words or any("*" in w and re.fullmatch(re.escape(w).replace(r"\*", ".*"), cause) for w in words)


def the_hosts():
    """Every cause, alert and answer of the host is explained."""
    told, said = explained()[""], said_in_c()
    for cause, path in sorted(said.items()):
        if not fits(cause, told):
            yield f"{path} says '{cause}', which {PAGE} does not explain"


def the_mappings():
    """Every cause of a shipped mapping is explained, in the section of its integration or for all."""
    told = explained()
    for integration in sorted(os.listdir(os.path.join(ROOT, "mappings"))):
        for cause, path in sorted(said_in_mappings(integration).items()):
            if not fits(cause, told[""] | told.get(integration, set())):
                yield f"{path} says '{cause}', which {PAGE} does not explain"


def nothing_else():
    """No word is explained that nothing says."""
    told, said = explained(), set(said_in_c()) | PLAIN
    for integration, words in sorted(told.items()):
        own = set(said_in_mappings(integration)) if integration else set()
        for w in sorted(words):
            if not fits(w, said | own) and not any(fits(s, {w}) for s in said | own):
                yield f"{PAGE} explains '{w}'" + (f" of {integration}" if integration else "") + ", and nothing says it"


if __name__ == "__main__":
    hold(the_hosts, the_mappings, nothing_else)
