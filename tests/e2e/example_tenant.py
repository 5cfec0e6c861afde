"""What the documentation shows is what there is."""
import glob
import os
import re
import shutil

from lib import Deployment, equal, holds, promise, run
from lib.bed import ROOT


@promise("docs/examples/acme loads as it stands, and its own tests hold")
def the_example_loads():
    at = Deployment()
    shutil.copytree(os.path.join(ROOT, "docs", "examples", "acme"), at.file("tenants", "acme"))
    code, told, said = at.run("check")
    equal(code, 0, said)
    equal(told["errors"], [])
    code, told, said = at.run("test", "tenants/acme")
    holds(told["passed"] >= 2 and told["failed"] == 0, said)


@promise("each parameter of the mappings, and no other, stands in the table of the page for bookkeepers")
def parameters_are_told():
    known = set()
    for path in glob.glob(os.path.join(ROOT, "mappings", "woocommerce-quickbooks_desktop", "*.lua")):
        with open(path) as f:
            known |= set(re.findall(r"^    (\w+) +(?:=|= )\{ type = ", f.read().replace("= {", " = {"), re.M))
    with open(os.path.join(ROOT, "docs", "mapping-woocommerce-quickbooks_desktop.md")) as f:
        table = f.read().split("## Parameters")[1].split("\n## ")[0]
    told = {name for row in re.findall(r"^\| (.+?) \|", table, re.M) for name in re.findall(r"`(\w+)`", row)}
    holds(len(known) > 40, f"only {len(known)} parameters were found")
    equal(sorted(known - told), [], "parameters that the page does not tell")
    equal(sorted(told - known), [], "parameters that the page invents")


run()
