"""`herdgate inject` with a certificate of its own, and what an API server asks it."""

import contextlib
import http.client
import json
import pathlib
import socket
import ssl
import subprocess
import time

REVIEWS = pathlib.Path(__file__).resolve().parents[1] / "unit" / "inject" / "reviews"
HOST = "injector.test"
PATIENCE = 30  # seconds until what must happen has happened on a slow machine


class Injector:
    """Its files, its ports and its command line. Whoever makes it starts the process, and ends it."""

    def __init__(self, folder, port, telemetry, days=30):
        self.port, self.telemetry = port, telemetry
        self.cert, self.key, self.template = (pathlib.Path(folder) / name for name in ("tls.crt", "tls.key", "sidecar.yaml"))
        self.write_template("container: {name: herdgate}\n")
        self.write_certificate(days)

    def command(self, binary):
        return [binary, "inject", "--listen", f"127.0.0.1:{self.port}", "--telemetry", f"127.0.0.1:{self.telemetry}", "--tls-cert", str(self.cert),
                "--tls-key", str(self.key), "--template", str(self.template), "--image", "herdgate:0.1.0"]

    def write_certificate(self, days):
        """A new one that nobody else signed, and its key; whole files, each at once."""
        drafts = [path.with_suffix(path.suffix + ".new") for path in (self.cert, self.key)]
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={HOST}"]
        words += ["-addext", f"subjectAltName=DNS:{HOST}", "-days", str(days), "-out", str(drafts[0]), "-keyout", str(drafts[1])]
        subprocess.run(words, check=True, capture_output=True, timeout=PATIENCE)
        for draft, path in zip(drafts, (self.cert, self.key)):
            draft.rename(path)

    def write_template(self, text):
        draft = self.template.with_suffix(".new")
        draft.write_text(text, encoding="utf-8")
        draft.rename(self.template)

    def send(self, body):
        """Posts a body to /mutate; the status and the answer's text. OSError if nobody answers."""
        context = ssl.create_default_context(cafile=str(self.cert))
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as plain, context.wrap_socket(plain, server_hostname=HOST) as channel:
            connection = http.client.HTTPConnection(HOST)
            connection.sock = channel
            connection.request("POST", "/mutate", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def wait_until_ready(self, process):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and process.poll() is None:
            with contextlib.suppress(OSError):
                self.send("")
                return True
            time.sleep(0.02)
        return False


def review(name):
    """The AdmissionReview in tests/unit/inject/reviews, as JSON."""
    return (REVIEWS / f"{name}.json").read_text(encoding="utf-8")


def too_deep():
    """The review of a pod that nests deeper than an injector reads."""
    body = json.loads(review("job"))
    nested = []
    for _ in range(200):
        nested = [nested]
    body["request"]["object"]["spec"]["nested"] = nested
    return json.dumps(body)
