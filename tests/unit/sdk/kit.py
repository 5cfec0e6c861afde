"""The headers compile alone, the template is a connector, and the conformance kit finds what is planted.

usage: kit.py ROOT BUILD  (TAP on stdout)"""
import os
import shutil
import subprocess
import sys
import tempfile

ROOT, BUILD = (os.path.abspath(p) for p in sys.argv[1:3])
INCLUDE = os.path.join(ROOT, "sdk", "include")
CONFORM = os.path.join(BUILD, "tools", "conform", "conform")
WARN = ["-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wno-sign-conversion", "-Werror"]

# What is planted, the kit's line that must fail, and a word that its reason must hold.
FAULTS = [
    ("STATIC", 1, "bytes of writable data"), ("EXPORTS", 1, "it exports mlc_helper"), ("IO", 1, "it imports fopen"),
    ("CLOCK", 1, "time is call->now_ms"), ("CONSTRUCTOR", 1, "no constructors"), ("TRUST", 3, "'nothing has changed'"),
    ("STATUS", 4, "is taken for success"), ("LOST", 5, "a lost reply is taken for success"),
    ("IMPURE", 6, "does not give the same request twice"), ("REPEAT", 7, "is not KEYED"), ("UNCHECKED", 8, "it crashes"),
    ("CRASH", 9, "it crashes"), ("SERVE", 12, "knows no secret opens a visit"),
]

results = []


def report(good, name, why=""):
    results.append(good)
    print(f"{'' if good else 'not '}ok {len(results)} - {name}", flush=True)
    for line in why.splitlines() if not good else ():
        print(f"# {line}", flush=True)


def run(*argv, **more):
    done = subprocess.run(argv, capture_output=True, text=True, **more)
    return done.returncode, done.stdout + done.stderr


def build(source, target, *flags):
    return run("cc", "-shared", "-fPIC", "-fvisibility=hidden", "-std=c11", "-O1", *flags, f"-I{INCLUDE}", source, "-ljansson",
               "-o", target)


def headers_alone(folder):
    for header in sorted(os.listdir(os.path.join(INCLUDE, "mlc"))):
        flags = []
        if header == "xml.h":
            code, said = run("pkg-config", "--cflags", "libxml-2.0")
            flags = said.split() if code == 0 else []
        for compiler, standard, end in (("cc", "c11", "c"), ("c++", "c++17", "cc")):
            if not shutil.which(compiler):
                continue
            source = os.path.join(folder, f"alone.{end}")
            with open(source, "w") as f:
                f.write(f"#include <mlc/{header}>\n")
            warn = WARN if end == "c" else ["-Wall", "-Wextra", "-Werror"]
            code, said = run(compiler, f"-std={standard}", "-pedantic", *warn, "-fsyntax-only", f"-I{INCLUDE}", *flags, source)
            report(code == 0, f"mlc/{header} compiles alone as {standard}", said)


def template_is_a_connector(folder):
    there = os.path.join(folder, "fresh")
    code, said = run(sys.executable, os.path.join(ROOT, "tools", "new-connector"), "fresh_one", "Fresh One", "--into", there)
    report(code == 0 and os.path.exists(os.path.join(there, "fresh_one.c")), "new-connector makes a folder", said)
    left = [f for f in ("fresh_one.c", "twin.lua", "meson.build", "SOURCES.md") if "@" in open(os.path.join(there, f)).read()]
    report(not left, "no placeholder is left in it", " ".join(left))
    code, said = build(os.path.join(there, "fresh_one.c"), os.path.join(folder, "fresh_one.so"), *WARN,
                       "-Wno-missing-field-initializers")
    report(code == 0, "it builds without a warning", said)
    code, said = run(CONFORM, os.path.join(folder, "fresh_one.so"))
    report(code == 0, "it passes the conformance kit", said)
    code, said = run(sys.executable, os.path.join(ROOT, "tools", "new-connector"), "Fresh-One", "--into", there + "2")
    report(code == 2 and "is no name" in said, "a name that is none is refused", said)


def kit_finds(folder):
    source, target = os.path.join(ROOT, "tests", "unit", "sdk", "sloppy.c"), os.path.join(folder, "sloppy.so")
    code, said = build(source, target)
    code, said = run(CONFORM, target) if code == 0 else (code, said)
    report(code == 0, "nothing planted, nothing found", said)
    for fault, line, word in FAULTS:
        code, said = build(source, target, f"-D{fault}")
        if code == 0:
            code, said = run(CONFORM, target)
        failed = [l for l in said.splitlines() if l.startswith("not ok ")]
        told = word in said or (word == "it crashes" and "AddressSanitizer" in said)
        report(code == 1 and any(l.startswith(f"not ok {line} ") for l in failed) and told,
               f"{fault} is found in line {line}", said)
    with open(target, "w") as f:
        f.write("no connector at all\n")
    code, said = run(CONFORM, target)
    report(code == 1 and "Bail out!" in said, "what is no connector ends the test", said)


def main():
    folder = tempfile.mkdtemp(prefix="mlc-kit-")
    try:
        headers_alone(folder)
        template_is_a_connector(folder)
        kit_finds(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
