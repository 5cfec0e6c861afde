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
    ("STATUS", 4, "is taken for success"), ("MOVE", 5, "status 401 with nothing ends as RETRY"), ("WAIT", 5, "Retry-After: 17 waits for 1000 ms"),
    ("AGAIN", 5, "write thing create: status 504 with nothing ends as RETRY"),
    ("LOST", 6, "a lost reply is taken for success"), ("IMPURE", 7, "does not give the same request twice"), ("REPEAT", 8, "is not KEYED"),
    ("UNCHECKED", 9, "it crashes"), ("CRASH", 10, "it crashes"), ("SERVE", 13, "knows no secret opens a visit"),
    ("EMPTY", 15, "of 4 records are lost"), ("DROP", 17, "is dropped in silence"), ("STUMBLE", 17, "stops the reading"),
    ("TYPES", 18, "records are lost"), ("MOVE", 22, "a key that was taken back: status 401"), ("SWAP", 23, "a token of another account is taken"),
]

# How the replies of its remote look.
SHAPES = """{ "dead_tokens": [{ "what": "a key that was taken back", "status": 401, "body": {} }], "ping": [{ "at": "/me", "body": { "account": "7" } }],
  "polls": [{ "feed": "things", "list": "/things", "page": { "things": ["$rows"], "next": "$next" }, "last": { "things": ["$rows"] },
    "row": { "id": "$id", "name": "$text" } }] }"""

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
    code, said = run(CONFORM, os.path.join(folder, "fresh_one.so"), "--shapes", os.path.join(there, "shapes.json"))
    report(code == 0, "it passes the conformance kit", said)
    code, said = run(sys.executable, os.path.join(ROOT, "tools", "new-connector"), "Fresh-One", "--into", there + "2")
    report(code == 2 and "is no name" in said, "a name that is none is refused", said)


TINY = """#include <mlc/connector.h>
#include <mlc/help.h>
static const struct mlc_field fields[] = { { "text", MLC_TEXT, MLC_READONLY, 0, NULL }, { NULL, MLC_TEXT, 0, 0, NULL } };
static const struct mlc_entity entities[] = { { "note", 0, 0, NULL, fields }, { NULL, 0, 0, NULL, NULL } };
static const struct mlc_setting settings[] = { { "url", MLC_TEXT, MLC_REQUIRED, false, "its address" }, { NULL, MLC_TEXT, 0, false, NULL } };
static const struct mlc_endpoint endpoints[] = { { "api", "{url}" }, { NULL, NULL } };
static enum mlc_step ping(struct mlc_call *c)
{
	int status = c->reply->status;
	const char *account;
	if (c->reply->kind == MLC_REPLY_NONE)
		return mlc_get(c, "/me");
	if (status == 429)
		return c->host->fail(c, MLC_LIMITED, mlc_retry_after(c->host->header(c, "Retry-After"), c->now_ms, 60000), "status 429");
	if (status != 200)
		return c->host->fail(c, mlc_may_be_done(status) ? MLC_RETRY : status == 401 || status == 403 ? MLC_AUTH : MLC_REFUSED, 0, "status %d", status);
	account = mlc_text(c->host->parse(c, c->reply->body, c->reply->body_len), "account");
	if (!account)
		return c->host->fail(c, MLC_BROKEN, 0, "the reply names no account");
	c->host->fact(c, "identity", account);
	return MLC_DONE;
}
EXTERN const struct mlc_connector mlc_connector_v1 = { MLC_SDK, sizeof(struct mlc_connector), "NAME", "Tiny", "1.0.0", entities, NULL, settings,
	endpoints, NULL, NULL, 60, 1, 0, ping, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL };
"""


def elsewhere(folder):
    """With what is installed, and nothing of this tree."""
    dest, there = os.path.join(folder, "dest"), os.path.join(folder, "elsewhere")
    code, said = run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", dest)
    report(code == 0, "it can be installed", said)
    pcs = [os.path.join(d, "mlc-sdk.pc") for d, _, names in os.walk(dest) if "mlc-sdk.pc" in names]
    tool = [os.path.join(d, "mlc-conform") for d, _, names in os.walk(dest) if "mlc-conform" in names]
    report(bool(pcs and tool), "mlc-sdk.pc and mlc-conform are installed")
    if not (pcs and tool):
        return
    # As if dest were the root: the prefix of the .pc file is moved there.
    shifted = os.path.join(folder, "pc")
    os.makedirs(shifted)
    with open(pcs[0]) as f, open(os.path.join(shifted, "mlc-sdk.pc"), "w") as g:
        g.write(f.read().replace("prefix=/", f"prefix={dest}/", 1))
    env = {**os.environ, "PKG_CONFIG_PATH": shifted, "PATH": os.path.dirname(tool[0]) + ":" + os.environ["PATH"]}
    code, flags = run("pkg-config", "--cflags", "--libs", "mlc-sdk", env=env)
    report(code == 0 and dest in flags, "pkg-config knows mlc-sdk", flags)
    for compiler, standard, end, extern in (("cc", "c11", "c", ""), ("c++", "c++17", "cc", 'extern "C" MLC_EXPORT')):
        if not shutil.which(compiler):
            continue
        name = f"tiny_{end}"
        with open(os.path.join(folder, f"{name}.{end}"), "w") as f:
            f.write(TINY.replace("EXTERN", extern).replace("NAME", name))
        code, said = run(compiler, f"-std={standard}", "-Wall", "-Wextra", "-Werror", "-Wno-missing-field-initializers", "-pedantic", "-shared", "-fPIC", "-fvisibility=hidden", "-O2",
                         os.path.join(folder, f"{name}.{end}"), "-o", os.path.join(folder, f"{name}.so"), *flags.split(), env=env)
        report(code == 0, f"a connector in {standard} builds with what is installed", said)
        code, said = run(tool[0], os.path.join(folder, f"{name}.so"))
        report(code == 0, f"and passes the installed kit, in {standard}", said)
    run(sys.executable, os.path.join(ROOT, "tools", "new-connector"), "far_away", "--into", there)
    code, said = run("meson", "setup", os.path.join(there, "build"), there, env=env)
    if code == 0:
        code, said = run("meson", "test", "-C", os.path.join(there, "build"), env=env)
    report(code == 0, "new-connector --into makes a project of its own, which builds and passes the kit", said)
    shutil.rmtree(dest, ignore_errors=True)


def kit_finds(folder):
    source, target = os.path.join(ROOT, "tests", "unit", "sdk", "sloppy.c"), os.path.join(folder, "sloppy.so")
    shapes = os.path.join(folder, "shapes.json")
    with open(shapes, "w") as f:
        f.write(SHAPES)
    code, said = build(source, target)
    code, said = run(CONFORM, target, "--shapes", shapes) if code == 0 else (code, said)
    report(code == 0, "nothing planted, nothing found", said)
    for fault, line, word in FAULTS:
        code, said = build(source, target, f"-D{fault}")
        if code == 0:
            code, said = run(CONFORM, target, "--shapes", shapes)
        failed = [l for l in said.splitlines() if l.startswith("not ok ")]
        told = word in said or (word == "it crashes" and "AddressSanitizer" in said)
        report(code == 1 and any(l.startswith(f"not ok {line} ") for l in failed) and told,
               f"{fault} is found in line {line}", said)
    with open(target, "w") as f:
        f.write("no connector at all\n")
    code, said = run(CONFORM, target, "--shapes", shapes)
    report(code == 1 and "Bail out!" in said, "what is no connector ends the test", said)


def main():
    folder = tempfile.mkdtemp(prefix="mlc-kit-")
    try:
        headers_alone(folder)
        template_is_a_connector(folder)
        elsewhere(folder)
        kit_finds(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
