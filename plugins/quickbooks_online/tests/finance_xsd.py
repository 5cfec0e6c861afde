"""JSON of the Accounting API held to Intuit's own schema: written as the XML that it stands for, judged by xmllint."""
import os
import subprocess
import xml.etree.ElementTree as ET

from twin_lib import SPECS, folder, skip

XSD = os.path.join(SPECS, "quickbooks-online", "xsd")
DOOR = os.path.join(XSD, "IntuitRestServiceDef.xsd")
FILES = ("IntuitBaseTypes.xsd", "IntuitNamesTypes.xsd", "Finance.xsd", "IntuitRestServiceDef.xsd")
XS = "{http://www.w3.org/2001/XMLSchema}"
SPACE = "http://schema.intuit.com/finance/v3"


class Finance:
    """The order of elements is read from the schema, since JSON has none; whether they may be there, xmllint says."""

    def __init__(self):
        if not os.path.exists(DOOR):
            skip("no schema of QuickBooks Online in MLC_SPECS")
        self.types, self.roots, self.count = {}, {}, 0
        self.folder = folder()
        for name in FILES:
            tree = ET.parse(os.path.join(XSD, name)).getroot()
            for e in tree:
                if e.tag == XS + "complexType":
                    self.types[e.get("name")] = e
                elif e.tag == XS + "element" and e.get("type"):
                    self.roots[e.get("name")] = e.get("type")

    def members(self, name):
        """(attributes, [(element, type)] in order, has text of its own) of a type."""
        attributes, elements, text = set(), [], False

        def walk(e):
            nonlocal text
            for child in e:
                if child.tag == XS + "extension":
                    base = child.get("base")
                    if base in self.types:
                        a, b, t = self.members(base)
                        attributes.update(a)
                        elements.extend(b)
                        text = text or t
                    elif e.tag == XS + "simpleContent":
                        text = True
                if child.tag == XS + "element":
                    elements.append((child.get("name") or child.get("ref"), child.get("type")))
                elif child.tag == XS + "attribute":
                    attributes.add(child.get("name"))
                else:
                    walk(child)
        walk(self.types[name])
        return attributes, elements, text

    def _write(self, parent, name, value, type_):
        for one in value if isinstance(value, list) else [value]:
            self._one(ET.SubElement(parent, f"{{{SPACE}}}{name}"), one, type_)

    def _one(self, e, value, type_):
        if not isinstance(value, dict):
            e.text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
            return
        attributes, elements, text = self.members(type_) if type_ in self.types else (set(), [], False)
        left = dict(value)
        if text and "value" in left:
            e.text = str(left.pop("value"))
        for name in list(left):
            if name in attributes:
                v = left.pop(name)
                e.set(name, str(v).lower() if isinstance(v, bool) else str(v))
        for name, kind in elements:
            if name in left:
                self._write(e, name, left.pop(name), kind)
            elif name == "IntuitObject":
                for kind_name in [n for n in left if n in self.roots]:
                    self._write(e, kind_name, left.pop(kind_name), self.roots[kind_name])
        for name, v in left.items():  # what the schema does not know: xmllint will say so
            self._write(e, name, v, None)

    def faults(self, name, value):
        """What xmllint has against value as an element of that name; "": nothing."""
        root = ET.Element(f"{{{SPACE}}}{name}")
        self._one(root, value, self.roots.get(name, name))
        self.count += 1
        path = os.path.join(self.folder, f"{self.count}.xml")
        ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True, default_namespace=None)
        done = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", DOOR, path], capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stderr
