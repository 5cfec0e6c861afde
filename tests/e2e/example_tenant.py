"""What the documentation shows is what there is."""
import glob
import os
import re
import shutil

from lib import Deployment, equal, holds, promise, run
from lib.bed import ROOT


# tenant of docs/examples, its integration
EXAMPLES = (("acme", "woocommerce-quickbooks_desktop"), ("beta", "quickbooks_desktop-zoho_crm"),
            ("gamma", "quickbooks_desktop-salesforce"), ("delta", "quickbooks_online-zendesk"),
            ("epsilon", "quickbooks_desktop-zuora"))


@promise("each tenant of docs/examples loads as it stands, and its own tests hold")
def the_examples_load():
    for tenant, integration in EXAMPLES:
        at = Deployment(integration.split("-"), (integration,))
        shutil.copytree(os.path.join(ROOT, "docs", "examples", tenant), at.file("tenants", tenant))
        code, told, said = at.run("check")
        equal(code, 0, said)
        equal(told["errors"], [])
        code, told, said = at.run("test", f"tenants/{tenant}")
        holds(told["passed"] >= 2 and told["failed"] == 0, said)


# What a value of a tenant's parameter wants beside it.
TAX_LINES = 'zero_tax_item = "Zero", tax_line_items = { CA = "CA Tax" },'
BESIDE = {("acme", "inventory", "substitute"): 'substitute_item = "Substitute",', ("acme", "tax", "line"): TAX_LINES,
          ("epsilon", "tax", "line"): TAX_LINES, ("epsilon", "document", "sales_receipt"): 'receipt_deposit_to = "Checking",'}
CHOICE = re.compile(r'(\w+) *= \{ type = (?:"(bool)"|"one_of", values = \{(.*?)\})')


@promise("with each value that a parameter may have, an example's tenant loads")
def each_value_loads():
    for tenant, integration in EXAMPLES:
        values = {}
        for path in glob.glob(os.path.join(ROOT, "mappings", integration, "**", "*.lua"), recursive=True):
            with open(path) as f:
                for name, is_bool, listed in CHOICE.findall(f.read()):
                    values[name] = ["true", "false"] if is_bool else re.findall(r'"\w+"', listed)
        holds(values, f"{integration} has such parameters")
        at = Deployment(integration.split("-"), (integration,))
        shutil.copytree(os.path.join(ROOT, "docs", "examples", tenant), at.file("tenants", tenant))
        with open(at.file("tenants", tenant, "tenant.lua")) as f:
            shipped = f.read()
        for name, value in ((name, value) for name, allowed in sorted(values.items()) for value in allowed):
            without = re.sub(rf"^ *{name} *=.*\n", "", shipped, flags=re.M)
            beside = BESIDE.get((tenant, name, value.strip('"')), "")
            with open(at.file("tenants", tenant, "tenant.lua"), "w") as f:
                f.write(without.replace("params = {", f"params = {{ {name} = {value}, {beside}", 1))
            code, told, said = at.run("check")
            equal((code, told and told["errors"]), (0, []), f"{integration}, {name} = {value}: {said}")


run()
