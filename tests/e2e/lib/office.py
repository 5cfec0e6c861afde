"""A remote that wants OAuth 2 (tests/connectors/office), as strict as its rotation says."""
import base64
import hashlib
import http.server
import json
import os
import threading
import urllib.parse


class Office:
    """rotate: "never" (one refresh token for ever), "lenient" (the one before counts until the new one was used),
    "strict" (it is dead as soon as a new one is told)."""

    def __init__(self, rotate="never", life=3600):
        self.rotate, self.life = rotate, life
        self.serial = 0
        self.codes, self.access, self.refresh, self.before = {}, set(), set(), {}
        self.dead = set()
        self.denies = False       # the person says no
        self.fail = []            # what /token answers next: (status, body)
        self.asked = []           # forms that came to /token, with what they got
        self.calls = []           # (path, token)
        self.on_token = None      # called with the reply before it is sent
        self.identity = "77"
        office = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, value, headers=()):
                body = json.dumps(value).encode() if not isinstance(value, bytes) else value
                self.send_response(status)
                for name, text in headers:
                    self.send_header(name, text)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                path, _, query = self.path.partition("?")
                if path == "/authorize":
                    self.send_response(302)
                    self.send_header("Location", office.consent(dict(urllib.parse.parse_qsl(query))))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                elif office.knows(self):
                    if path.startswith("/me/"):
                        self.answer(200, {"identity": office.identity})
                    else:
                        self.answer(200, {"things": []})

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                if self.path == "/token":
                    status, value = office.token(self.headers, dict(urllib.parse.parse_qsl(body)))
                    if office.on_token:
                        office.on_token(value)
                    self.answer(status, value)
                elif office.knows(self):
                    self.answer(201, {"id": "1"})

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a host that was killed

        self.lock = threading.Lock()
        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def consent(self, asked):
        """Where the browser is sent back to."""
        assert asked["response_type"] == "code" and asked["redirect_uri"].endswith("/oauth/callback"), asked
        back = {"state": asked["state"]}
        if self.denies:
            back["error"] = "access_denied"
        else:
            code = f"code-{os.urandom(6).hex()}"
            self.codes[code] = asked
            back.update(code=code, realmId=self.identity)
        return asked["redirect_uri"] + "?" + urllib.parse.urlencode(back)

    def knows(self, handler):
        token = (handler.headers["Authorization"] or "").rpartition(" ")[2]
        self.calls.append((handler.path, token))
        if token in self.access:
            self.before.pop(token, None)  # the new pair is in use: now the old refresh token is dead
            return True
        handler.answer(401, {"error": "invalid_token"})
        return False

    def token(self, headers, form):
        with self.lock:
            status, value = self.grant(headers, form)
        self.asked.append((form, value))
        return status, value

    def grant(self, headers, form):
        given = base64.b64decode((headers["Authorization"] or "Basic ").split(" ")[1]).decode()
        if self.fail:
            return self.fail.pop(0)
        if given != "me:s3cret" and (form.get("client_id"), form.get("client_secret")) != ("me", "s3cret"):
            return 401, {"error": "invalid_client"}
        if form["grant_type"] == "authorization_code":
            asked = self.codes.pop(form["code"], None)
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            if not asked or asked["redirect_uri"] != form["redirect_uri"] or \
                    base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
                return 400, {"error": "invalid_grant", "error_description": "the code does not count"}
            return self.pair(None)
        if form["grant_type"] == "refresh_token":
            old = form["refresh_token"]
            if old not in self.refresh and old not in self.before.values():
                return 400, {"error": "invalid_grant", "error_description": "Token invalid"}
            return self.pair(old)
        return self.pair("client")

    def pair(self, old):
        self.serial += 1
        access = f"access-{self.serial}-{os.urandom(9).hex()}"
        value = {"access_token": access, "token_type": "bearer", "expires_in": self.life}
        if old is None or (old != "client" and self.rotate != "never"):
            fresh = f"refresh-{self.serial}-{os.urandom(9).hex()}"
            value.update(refresh_token=fresh, refresh_token_expires_in=100 * 86400)
            self.refresh = {fresh}
            if old and self.rotate == "lenient":
                self.before = {access: old}
            elif self.rotate == "strict":
                self.access = set()
        self.access.add(access)
        return 200, value

    def revoke(self):
        self.access, self.refresh, self.before = set(), set(), {}

    def expire(self):
        """All access tokens, before their time."""
        self.access = set()

    def secrets(self):
        return [value[name] for _, value in self.asked if isinstance(value, dict)
                for name in ("access_token", "refresh_token") if name in value] + ["s3cret"]
