"""A receiver of webhooks for the end-to-end tests: receiver.py FOLDER [SECRET_FILE] [CERT KEY].

FOLDER/port gets its port. Each request becomes a line of JSON in FOLDER/log: method, path, headers (names in lower case), body, and whether each
signature that it bears is right. What it answers is the first line of FOLDER/answers, which is taken off, else 200; a line is
STATUS [NAME: VALUE] [then BODY], or "hang" (no answer), "kill PID" (that process, and no answer), "long" (an answer without an end).
"""
import base64
import fcntl
import hashlib
import hmac
import http.server
import json
import os
import signal
import ssl
import sys

folder = sys.argv[1]
secret = open(sys.argv[2], "rb").read().rstrip(b"\r\n") if len(sys.argv) > 2 and sys.argv[2] else b""


def signatures(headers, body):
    def mac(algorithm, data):
        return hmac.new(secret, data, algorithm)

    told = {
        "x-hub-signature-256": "sha256=" + mac(hashlib.sha256, body).hexdigest(),
        "x-hub-signature": "sha1=" + mac(hashlib.sha1, body).hexdigest(),
        "x-signature": "sha256=" + mac(hashlib.sha256, body).hexdigest(),
        "x-gitea-signature": mac(hashlib.sha256, body).hexdigest(),
        "x-gogs-signature": mac(hashlib.sha256, body).hexdigest(),
        "x-gitlab-token": secret.decode(),
    }
    if "webhook-signature" in headers:
        text = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
        told["webhook-signature"] = "v1," + base64.b64encode(mac(hashlib.sha256, text).digest()).decode()
    return {name: hmac.compare_digest(headers[name], want) for name, want in told.items() if name in headers}


def next_answer():
    with open(os.path.join(folder, "answers"), "a+", encoding="utf-8") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        f.seek(0)
        lines = f.read().splitlines()
        f.truncate(0)
        f.write("".join(line + "\n" for line in lines[1:]))
    return lines[0] if lines else "200 then ok"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one write: two would wait for each other's acknowledgement

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        with open(os.path.join(folder, "log"), "a", encoding="utf-8") as f:
            f.write(json.dumps({"method": self.command, "path": self.path, "headers": headers, "body": body.decode(),
                                "signed": signatures(headers, body)}) + "\n")
        self.answer(next_answer())

    do_GET = do_POST = do_PUT = do_HEAD = handle_any

    def answer(self, line):
        word, _, rest = line.partition(" ")
        if word == "kill":
            os.kill(int(rest), signal.SIGKILL)
        if word in ("kill", "hang"):
            self.rfile.read(1)
            self.close_connection = True
            return
        if word == "long":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(b"x" * 65536)
            except OSError:
                self.close_connection = True
            return
        header, _, text = rest.partition("then ")
        self.send_response(int(word))
        if header.strip():
            name, _, value = header.partition(": ")
            self.send_header(name, value.strip())
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
with open(os.path.join(folder, "port.new"), "w", encoding="utf-8") as f:
    f.write(str(server.server_port))
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
server.serve_forever()
