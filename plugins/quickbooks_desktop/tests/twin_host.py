"""A stand-in for the host: a SOAP service that answers as a test tells it, and keeps what it was sent."""
import html
import http.server
import re
import threading
import xml.etree.ElementTree as ET

NS = "http://developer.intuit.com/"


def qbxml(inner, **attributes):
    extra = "".join(f' {k}="{v}"' for k, v in attributes.items())
    on = "" if "onError" in attributes else ' onError="stopOnError"'
    return ('<?xml version="1.0" encoding="utf-8"?><?qbxml version="13.0"?>'
            f"<QBXML><QBXMLMsgsRq{on}{extra}>{inner}</QBXMLMsgsRq></QBXML>")


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # a caller that hangs up is what some tests are about


class Service:
    """give: qbXML texts handed out in turn; what it says can be replaced method by method in .say."""

    def __init__(self, give=(), user="mlc", password="secret"):
        self.give, self.user, self.password = list(give), user, password
        self.calls, self.headers, self.bodies, self.connections, self.taken = [], [], [], set(), 0
        self.results = []  # what receiveResponseXML brought: (response, hresult, message)
        self.say = {}
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.headers.append(dict(self.headers))
                service.connections.add(self.client_address)
                status, kind, reply = service.answer(body.decode())
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/serve/acme/books"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, text):
        body = ET.fromstring(text).find("{http://schemas.xmlsoap.org/soap/envelope/}Body")
        self.bodies.append(ET.tostring(body[0]))
        method = body[0].tag.replace("{" + NS + "}", "")
        sent = {e.tag.split("}")[-1]: e.text or "" for e in body[0]}
        self.calls.append((method, sent))
        value = self.say[method] if method in self.say else getattr(self, method)(sent)
        value = value(sent) if callable(value) else value
        if isinstance(value, tuple):
            return value
        if isinstance(value, list):
            inner = "".join(f"<string>{html.escape(v)}</string>" for v in value)
        else:
            inner = html.escape(str(value), quote=False)
        reply = ('<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
                 f'<{method}Response xmlns="{NS}"><{method}Result>{inner}</{method}Result></{method}Response></soap:Body></soap:Envelope>')
        return 200, "text/xml; charset=utf-8", reply.encode()

    def serverVersion(self, _):
        return "1.0"

    def clientVersion(self, _):
        return ""

    def authenticate(self, sent):
        good = sent["strUserName"] == self.user and sent["strPassword"] == self.password
        return ["ticket-1", "" if good and self.give else "none" if good else "nvu"]

    def sendRequestXML(self, _):
        self.taken += 1
        return self.give[self.taken - 1] if self.taken <= len(self.give) else ""

    def receiveResponseXML(self, sent):
        self.results.append((sent["response"], sent["hresult"], sent["message"]))
        return 100 if self.taken >= len(self.give) else 100 * self.taken // len(self.give)

    def getLastError(self, _):
        return "something went wrong"

    def connectionError(self, _):
        return "done"

    def closeConnection(self, _):
        return "OK"

    def methods(self):
        return [method for method, _ in self.calls]

    def statuses(self):
        return [re.findall(r'<(\w+)Rs [^>]*statusCode="(\d+)"', response) for response, _, _ in self.results]
