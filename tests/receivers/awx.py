"""A receiver with the rules of AWX's webhook views (ansible/awx: awx/api/views/webhooks.py), which come in no package that runs alone: awx.py FOLDER SECRET.

GitHub: X-Hub-Signature is sha1=HEX over the body, the job's id is X-GitHub-Delivery, its ref `after`. GitLab: X-Gitlab-Token is the key, the id is the SHA-1 of the
body, the ref `checkout_sha`. A ref of zeros is none. An id that has been seen starts no job. FOLDER/port gets the port; GET /jobs tells the jobs.
"""
import hashlib
import hmac
import http.server
import json
import os
import sys

folder, key = sys.argv[1], sys.argv[2].encode()
jobs = []


def github(headers, body):
    algorithm, _, signature = headers.get("X-Hub-Signature", "").partition("=")
    if algorithm != "sha1" or not hmac.compare_digest(hmac.new(key, body, hashlib.sha1).hexdigest(), signature):
        return None
    refs = {"push": "after"}
    event = headers.get("X-GitHub-Event")
    return event, headers.get("X-GitHub-Delivery"), json.loads(body).get(refs.get(event, ""))


def gitlab(headers, body):
    if not hmac.compare_digest(key, headers.get("X-Gitlab-Token", "").encode()):
        return None
    refs = {"Push Hook": "checkout_sha", "Tag Push Hook": "checkout_sha"}
    event = headers.get("X-Gitlab-Event")
    return event, hashlib.sha1(body).hexdigest(), json.loads(body).get(refs.get(event, ""))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        told = {"/github": github, "/gitlab": gitlab}[self.path](self.headers, body)
        if told is None:
            self.reply(403, {"detail": "You do not have permission to perform this action."})
            return
        event, guid, ref = told
        if any(job["guid"] == guid for job in jobs):
            self.reply(202, {"message": "Webhook previously received, aborting."})
            return
        jobs.append({"service": self.path[1:], "event": event, "guid": guid, "ref": None if ref == "0" * 40 else ref})
        self.reply(202, {"message": "Job queued."})

    def do_GET(self):
        self.reply(200, jobs)

    def reply(self, status, value):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open(os.path.join(folder, "port.new"), "w", encoding="utf-8") as f:
    f.write(str(server.server_port))
os.rename(os.path.join(folder, "port.new"), os.path.join(folder, "port"))
server.serve_forever()
