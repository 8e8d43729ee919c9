"""The HTTP API of a sidecar, as a script of an operator uses it: a token, a preview, an invalidation."""

import hashlib
import json
import time
import urllib.error
import urllib.request
import uuid

PATIENCE = 30  # seconds until what must happen has happened on a slow machine
SCOPES = "read,inspect,invalidate,purge_all,operate"


def token_line(name, token, scopes=SCOPES):
    """The line of `admin.tokens_file` that lets the token in."""
    return f"{name} {scopes} {hashlib.sha256(token.encode()).hexdigest()}\n"


class Refused(Exception):
    """An answer of 400 or more. `status` is its code, the text its body."""

    def __init__(self, status, body):
        super().__init__(f"{status}: {body}")
        self.status = status


class AdminApi:
    def __init__(self, port, token):
        self.port, self._root, self._token = port, f"http://127.0.0.1:{port}/api/v1", token

    def ask(self, path, body=None, **headers):
        """What the API answers; with a body it is a POST. Raises Refused, or OSError if nobody answers."""
        request = urllib.request.Request(self._root + path, data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {self._token}")
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.add_header("X-Herdgate-Request", "1")
        for name, value in headers.items():
            request.add_header(name.replace("_", "-"), value)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode(errors="replace")) from None

    def invalidate(self, target, **more):
        """Previews the target, begins what was previewed, and returns the job. `more`: rate, soft_seconds and the like."""
        preview = self._until(self.ask("/invalidations/preview", target), "state", "running", "/invalidations/preview/{token}")
        return self.ask("/invalidations", {"preview_token": preview["token"], **more}, Idempotency_Key=uuid.uuid4().hex)

    def ended(self, job):
        """The job when it has ended."""
        return self._until(job, "finished", None, "/invalidations/{id}")

    def _until(self, shown, member, unlike, path):
        """Asks again until the member is something else."""
        end = time.monotonic() + PATIENCE
        where = path.format(**shown)
        while shown[member] == unlike:
            if time.monotonic() > end:
                raise AssertionError(f"not within {PATIENCE} s: {where} has another {member} than {unlike}")
            time.sleep(0.02)
            shown = self.ask(where)
        return shown
