#!/usr/bin/env python3
"""visits.py --invoices FILE [--clients 1,8] [--visits N] [--wrapper "CMD .."] [--out FILE]: Web Connectors visit `mlc run`; a line of JSON each.

At each visit 300 invoices have changed: three exchanges of 100, and a small one that proves the company file to be the one of last time.
They are read and kept on disk, and wait for a flow that is paused: what is done with them costs the same whoever brought them."""
import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.environ.setdefault("MLC_BUILD_DIR", os.environ.get("MLC_BUILD", os.path.join(ROOT, "build")))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
from lib import bed  # noqa: E402

PASSWORD, TICKS = "a-long-password", os.sysconf("SC_CLK_TCK")
WARM_UP = 2


def deployment(clients):
    at = bed.Deployment(connectors=("quickbooks_desktop", "tests/connectors/sink"), integrations=())
    shutil.copytree(os.path.join(ROOT, "tools", "benches", "quickbooks_desktop-sink"),
                    at.file("mappings", "quickbooks_desktop-sink"))
    for n in range(1, clients + 1):
        name = f"t{n:04d}"
        at.tenant(name, """return tenant {
  connections = {
    books = { connector = "quickbooks_desktop", company = "Bench LLC", every_minutes = 15 },
    sink = { connector = "sink", url = "http://127.0.0.1:9" },
  },
  flows = { integration "quickbooks_desktop-sink" { quickbooks_desktop = "books", sink = "sink", start = "2020-01-01", mode = "live" } },
}
""")
        at.secret(f"{name}/books", "password", PASSWORD)
    return at


def family(pid):
    """The process and all below it."""
    below = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout.split()
    return [pid, *(p for child in below for p in family(int(child)))]


def used(pid):
    """(CPU seconds of the process and its children, peak memory of each in bytes)."""
    cpu, peaks = 0, []
    for one in family(pid):
        with open(f"/proc/{one}/stat") as f:
            cpu += sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13]) / TICKS
        with open(f"/proc/{one}/status") as f:
            peaks.append(1024 * int(re.search(r"VmHWM:\s*(\d+)", f.read()).group(1)))
    return cpu, peaks


def measure(options, clients):
    at = deployment(clients)
    host = at.start(wrapper=shlex.split(options.wrapper))
    for n in range(1, clients + 1):
        at.mlc("pause", f"t{n:04d}/books-sink.invoice")
    drive = [os.path.join(os.environ["MLC_BUILD_DIR"], "tools", "benches", "bench-visits"), "-p",
             str(host.ports["public"]), "-s", at.file("state", "admin.sock"),
             "-f", options.invoices, "-P", PASSWORD, "-c", str(clients)]

    def run(visits, before):
        done = subprocess.run([*drive, "-n", str(visits), "-b", str(before)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"visits failed: {done.stdout}{done.stderr}\n{host.said()[-3000:]}")
        return json.loads(done.stdout)

    run(WARM_UP, 0)
    before, _ = used(host.process.pid)
    told = run(options.visits, WARM_UP)
    after, peaks = used(host.process.pid)
    told.update(test="visits", sut="ml-connector", cpu_s_per_visit=round((after - before) / told["visits"], 4),
                host_mb=round(peaks[0] / 1e6, 1), peak_mb=round(sum(peaks) / 1e6, 1))
    bed.clear_up()
    return told


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", required=True)
    parser.add_argument("--clients", default="1,8", type=lambda text: [int(n) for n in text.split(",")])
    parser.add_argument("--visits", default=20, type=int)
    parser.add_argument("--wrapper", default="")
    parser.add_argument("--out")
    options = parser.parse_args()
    for clients in options.clients:
        line = json.dumps(measure(options, clients))
        print(line)
        if options.out:
            with open(options.out, "a") as out:
                print(line, file=out)


if __name__ == "__main__":
    main()
