"""What several mapping files say alike stands in parts/ beside them."""
import glob
import os
import re

from lib import holds, promise, run
from lib.bed import ROOT


@promise("each part is taken in by two mappings at least, and by the name of its file")
def _():
    paths = sorted(glob.glob(os.path.join(ROOT, "mappings", "*", "parts", "*.lua")))
    holds(len(paths) >= 3, f"only {paths}")
    for path in paths:
        name, folder = os.path.basename(path)[:-4], os.path.dirname(os.path.dirname(path))
        users = []
        for mapping in glob.glob(os.path.join(folder, "*.lua")):
            with open(mapping) as f:
                if re.search(rf'shared *\(?"{name}"', f.read()):
                    users.append(mapping)
        holds(len(users) >= 2, f"{path} is taken in by {users}")


run()
