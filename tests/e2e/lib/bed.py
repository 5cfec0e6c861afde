"""A deployment, its host and its twins, as real processes on loopback."""
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
BUILD = os.environ.get("MLC_BUILD_DIR", os.path.join(ROOT, "build"))
MLC = os.path.join(BUILD, "host", "mlc")
TWIN = os.path.join(BUILD, "tools", "twin", "twin")
SPECS = os.environ.get("MLC_SPECS", os.path.join(os.path.dirname(ROOT), "shared", "specs"))

_alive = []    # processes we started
_folders = []  # temporary ones
_REPORT = re.compile(r"runtime error:|ERROR: \w+Sanitizer")


def clear_up(keep=False):
    """Ends all; raises what a sanitizer said of a host, once everything is gone."""
    wrong = []
    while _alive:
        try:
            _alive.pop().end()
        except AssertionError as error:
            wrong.append(str(error))
    while _folders:
        folder = _folders.pop()
        if keep:
            print(f"# kept {folder}", flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if wrong:
        raise AssertionError("\n".join(wrong))


def folder():
    path = tempfile.mkdtemp(prefix="mlc-test-")
    _folders.append(path)
    return path


def exchange(url, method="GET", body=None, headers=None, timeout=30):
    """One HTTP exchange with a plain-http address of ours: (status, headers, bytes)."""
    scheme, rest = url.split("://", 1)
    where, _, path = rest.partition("/")
    assert scheme == "http", url
    connection = http.client.HTTPConnection(where, timeout=timeout)
    try:
        connection.request(method, "/" + path, body=body, headers=headers or {})
        reply = connection.getresponse()
        return reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()
    finally:
        connection.close()


class Twin:
    """A simulated system (tools/twin; name: a connector, or its folder): .url is what the host calls, control() what a test asks of it."""

    def __init__(self, name, settings=None, tls=False, state=None, folder_=None, clock=None, pace=None, frozen=False):
        self.folder = folder_ or folder()
        place = name if "/" in name else f"plugins/{name}"
        name = os.path.basename(place)
        argv = [TWIN, os.path.join(ROOT, place, "twin.lua"), "--with-parent", "--seed", "7"]
        if tls:
            argv += ["--tls-self", self.folder]
        if state:
            argv += ["--state", state]
        if clock:
            argv += ["--clock", clock]
        if pace is not None:
            argv += ["--pace", str(pace)]
        if frozen:
            argv += ["--frozen"]
        for key, value in (settings or {}).items():
            argv += ["--set", f"{key}={value}"]
        self.log = open(os.path.join(self.folder, f"{name}.log"), "ab")
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=self.log, cwd=ROOT)
        _alive.append(self)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the twin of {name} did not start: {open(self.log.name).read()[-2000:]}")
        self.ready = json.loads(line)
        self.url, self.control_url, self.ca = self.ready["url"], self.ready["control"], self.ready.get("ca")

    def control(self, method, path, value=None, timeout=60):
        body = None if value is None else json.dumps(value).encode()
        status, _, reply = exchange(self.control_url + path, method, body, {"Content-Type": "application/json"}, timeout)
        if status >= 300:
            raise RuntimeError(f"{method} {path}: {status} {reply[:1000].decode(errors='replace')}")
        return json.loads(reply) if reply else None

    def get(self, path):
        return self.control("GET", path)

    def post(self, path, value=None, timeout=60):
        return self.control("POST", path, {} if value is None else value, timeout)

    def fault(self, **fault):
        return self.post("/faults", fault)["id"]

    def errors(self):
        return self.get("/errors")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
        self.process.stdout.close()
        self.log.close()


class Deployment:
    """A folder as `mlc init` makes it, with the plugins of this build and the mappings as shipped."""

    def __init__(self, connectors=("woocommerce", "quickbooks_desktop"), integrations=("woocommerce-quickbooks_desktop",),
                 mlc=None, path=None):
        self.path = path or os.path.join(folder(), "deployment")
        code, _, said = self.run("init", self.path, raw=True)
        assert code == 0, said
        for name in connectors:
            place = name if "/" in name else f"plugins/{name}"
            shutil.copy(os.path.join(BUILD, place, f"{os.path.basename(place)}.so"), self.file("plugins"))
        for name in integrations:
            target = self.file("mappings", name)
            if os.path.isdir(target):
                shutil.rmtree(target)
            shutil.copytree(os.path.join(ROOT, "mappings", name), target)
        shutil.rmtree(self.file("tenants"), ignore_errors=True)
        os.makedirs(self.file("tenants"))
        self.write("mlc.lua", mlc or """return {
  public = { address = "127.0.0.1", port = 0 },
  admin = { address = "127.0.0.1", port = 0 },
  outbound = { allow_private = { "127.0.0.0/8", "::1/128" } },
  workers = 1,
}
""")
        self.host = None

    def file(self, *parts):
        return os.path.join(self.path, *parts)

    def write(self, name, text):
        path = self.file(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def tenant(self, name, text):
        self.write(f"tenants/{name}/tenant.lua", text)

    def run(self, *argv, stdin=None, raw=False, timeout=120):
        """(exit status, what --json printed or None, all output)."""
        command = [MLC, *argv] if raw else [MLC, argv[0], "--dir", self.path, "--json", *argv[1:]]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=timeout)
        value = None
        if not raw and done.stdout.strip():
            try:
                value = json.loads(done.stdout)
            except ValueError:
                value = None
        return done.returncode, value, done.stdout + done.stderr

    def mlc(self, *argv, **more):
        """A command that must end well; gives what it printed as JSON.  A status that asks for a person (1) is one, too."""
        code, value, said = self.run(*argv, **more)
        if code and not (argv[0] == "status" and code == 1 and value and "things" in value):
            raise AssertionError(f"mlc {' '.join(argv)}: exit status {code}: {said[-3000:]}")
        return value

    def say(self, *argv):
        """What a person reads."""
        done = subprocess.run([MLC, argv[0], "--dir", self.path, *argv[1:]], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def secret(self, connection, name, value):
        self.mlc("secret", "set", connection, name, stdin=value)

    def start(self, *options, wrapper=(), env=None):
        self.host = Host(self, options, wrapper, env)
        return self.host

    def list(self, what, **filter_):
        argv = ["list", what]
        for key, value in filter_.items():
            argv += [f"--{key}", str(value)]
        return self.mlc(*argv)["deliveries"]

    def flow_counts(self):
        return {f["flow"]: f for f in self.mlc("status")["flows"]}


class Host:
    """`mlc run`, for real; kill() is kill -9."""

    def __init__(self, deployment, options=(), wrapper=(), env=None):
        self.deployment = deployment
        ports = deployment.file("state", "ports.json")
        if os.path.exists(ports):
            os.remove(ports)
        self.log_path = deployment.file("state", "host.log")
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen([*wrapper, MLC, "run", "--dir", deployment.path, "--test-clock", *options],
                                        stdout=self.log, stderr=self.log, env={**os.environ, **(env or {})})
        _alive.append(self)
        end = time.monotonic() + 60
        while not os.path.exists(ports):
            if self.process.poll() is not None:
                raise RuntimeError(f"mlc run ended with {self.process.returncode}: {self.said()[-3000:]}")
            if time.monotonic() > end:
                raise RuntimeError(f"mlc run does not become ready: {self.said()[-3000:]}")
            time.sleep(0.01)
        with open(ports) as f:
            self.ports = json.load(f)
        self.url = f"http://127.0.0.1:{self.ports['public']}"

    def said(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        return self.process.wait(30)

    def hup(self):
        self.process.send_signal(signal.SIGHUP)

    def alive(self):
        return self.process.poll() is None

    def advance(self, ms):
        self.api("advance", {"ms": ms})

    def api(self, command, value=None):
        """The admin socket itself, as the commands use it."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(60)
        connection.sock.connect(self.deployment.file("state", "admin.sock"))
        try:
            connection.request("POST", f"/api/v1/{command}", json.dumps(value or {}), {"Content-Type": "application/json"})
            reply = connection.getresponse()
            body = json.loads(reply.read() or b"{}")
            if reply.status >= 300:
                raise RuntimeError(f"{command}: {reply.status} {body}")
            return body
        finally:
            connection.close()

    def end(self):
        if self.alive():
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.kill()
        self.log.close()
        said = self.said() if os.path.exists(self.log_path) else ""
        report = _REPORT.search(said)
        if report:
            at = said.rfind("\n", 0, report.start()) + 1
            raise AssertionError(f"a sanitizer reports of mlc run:\n{said[at:at + 4000]}")
