"""Mapping files are read alone, so what several of them say alike stands in each; here it is held to be alike."""
import glob
import os
import re

from lib import equal, holds, promise, run
from lib.bed import ROOT

MARK = re.compile(r"^ *-- >>> the same in ([a-z_., ]+): ([^\n]+)\n(.*?)^ *-- <<<$", re.M | re.S)


@promise("the parts that mapping files mark as the same are the same, in each file that the mark names")
def shared_parts():
    parts = {}
    for path in sorted(glob.glob(os.path.join(ROOT, "mappings", "*", "*.lua"))):
        with open(path) as f:
            text = f.read()
        equal(len(MARK.findall(text)), text.count("-- >>>"), f"marks that are closed in {path}")
        for files, title, body in MARK.findall(text):
            body = re.sub(r"\b(Invoice|SalesReceipt)Line\b", "Line", body)
            key = os.path.dirname(path), title, tuple(files.split(", "))
            parts.setdefault(key, {})[os.path.basename(path)] = body
    holds(len(parts) >= 4, f"only {len(parts)} shared parts were found")
    for (_, title, files), bodies in parts.items():
        equal(sorted(bodies), sorted(files), f"files with the part '{title}'")
        first = bodies[files[0]]
        for name, body in bodies.items():
            equal(body, first, f"'{title}' in {name}")


run()
