"""A Kubernetes API server with its etcd, as processes of this host: no nodes, no controllers, nothing but the API. For the tests of helm/."""
import base64
import contextlib
import json
import pathlib
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

PATIENCE = 180  # seconds; only what is broken takes as long
TOKEN = "test"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, patience=PATIENCE):
    end = time.monotonic() + patience
    while time.monotonic() < end:
        with contextlib.suppress(OSError, LookupError):
            if condition():
                return True
        time.sleep(0.1)
    return False


class Kube:
    """REQUIRES: `programs` holds etcd and kube-apiserver. Everything they write is in `folder`."""

    def __init__(self, programs, folder):
        self.folder, self.port, self.processes = folder, free_port(), []
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        (folder / "tokens").write_text(f'{TOKEN},admin,1,"system:masters"\n', encoding="utf-8")
        subprocess.run(["openssl", "genrsa", "-out", str(folder / "accounts.key"), "2048"], check=True, capture_output=True)
        store, peer = free_port(), free_port()
        self.start("etcd", programs / "etcd", f"--data-dir={folder}/etcd", f"--listen-client-urls=http://127.0.0.1:{store}",
                   f"--advertise-client-urls=http://127.0.0.1:{store}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
                   f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}", f"--initial-cluster=default=http://127.0.0.1:{peer}", "--unsafe-no-fsync")
        # Endpoints and not cluster IPs are what webhooks are called at, because nothing here makes a cluster IP work.
        self.start("apiserver", programs / "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{store}", "--bind-address=127.0.0.1", f"--secure-port={self.port}",
                   f"--cert-dir={folder}/certificates", f"--token-auth-file={folder}/tokens", "--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24",
                   "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={folder}/accounts.key",
                   f"--service-account-signing-key-file={folder}/accounts.key", "--enable-aggregator-routing=true", "--endpoint-reconciler-type=none",
                   "--advertise-address=192.0.2.1")
        self.config = folder / "config"
        self.config.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "test", "users": [{"name": "admin", "user": {"token": TOKEN}}],
            "clusters": [{"name": "test", "cluster": {"server": f"https://127.0.0.1:{self.port}", "insecure-skip-tls-verify": True}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}]}), encoding="utf-8")

    def start(self, name, *command):
        with (self.folder / f"{name}.log").open("w", encoding="utf-8") as log:
            self.processes.append(subprocess.Popen([str(word) for word in command], stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder))

    def log(self, name):
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")[-2000:]

    def stop(self):
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    def call(self, method, path, body=None, content="application/json"):
        """(status, answer)."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"https://127.0.0.1:{self.port}{path}", data, {"Authorization": f"Bearer {TOKEN}", "Content-Type": content}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60, context=self.context) as answer:
                text, status = answer.read().decode(), answer.status
        except urllib.error.HTTPError as refusal:
            text, status = refusal.read().decode(), refusal.code
        try:
            return status, json.loads(text)
        except json.JSONDecodeError:
            return status, {"message": text}

    def get(self, path):
        return self.call("GET", path)[1]

    def is_up(self):
        return eventually(lambda: self.call("GET", "/readyz")[0] == 200 and self.call("GET", "/api/v1/namespaces/default")[0] == 200)

    def namespace(self, name, **labels):
        """A namespace with the account that a controller would make."""
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": labels}})
        self.call("POST", f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})

    def create_pod(self, namespace, name, spec, annotations=None, dry_run=False):
        """(status, the pod as it is stored, or the refusal)."""
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations or {}}, "spec": spec}
        return self.call("POST", f"/api/v1/namespaces/{namespace}/pods{'?dryRun=All' if dry_run else ''}", pod)


class JobRunner(threading.Thread):
    """Runs the Jobs that check configurations, as a node would: the real program on the files of the Job's volume."""

    def __init__(self, kube, program):
        super().__init__(daemon=True)
        self.kube, self.program, self.over = kube, program, threading.Event()
        self.said, self.problems = [], []

    def run(self):
        while not self.over.wait(0.2):
            with contextlib.suppress(OSError):
                for job in self.kube.get("/apis/batch/v1/jobs").get("items", []):
                    labels = job["spec"]["template"]["metadata"].get("labels", {})
                    if labels.get("app.kubernetes.io/component") == "check" and not job.get("status", {}).get("conditions"):
                        self.finish(job)

    def finish(self, job):
        space, spec = job["metadata"]["namespace"], job["spec"]["template"]["spec"]
        volume = spec["volumes"][0]
        kind, name = ("configmaps", volume["configMap"]["name"]) if "configMap" in volume else ("secrets", volume["secret"]["secretName"])
        data = self.kube.get(f"/api/v1/namespaces/{space}/{kind}/{name}")["data"]
        good = True
        for container in spec["containers"]:
            command, path = container["args"]
            text = data[path.rsplit("/", 1)[-1]]
            file = self.kube.folder / f"{space}-{container['name']}.yaml"
            file.write_text(base64.b64decode(text).decode() if kind == "secrets" else text, encoding="utf-8")
            done = subprocess.run([self.program, command, str(file)], capture_output=True, text=True, timeout=60, check=False)
            self.said.append(done.stdout + done.stderr)
            good = good and done.returncode == 0
        self.tell(job, good)

    def tell(self, job, good):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        kinds = ("SuccessCriteriaMet", "Complete") if good else ("FailureTarget", "Failed")
        status = {"startTime": now, "succeeded" if good else "failed": 1, "uncountedTerminatedPods": {}, "conditions": [
            {"type": kind, "status": "True", "reason": "Checked", "lastProbeTime": now, "lastTransitionTime": now} for kind in kinds]}
        if good:
            status["completionTime"] = now
        path = f"/apis/batch/v1/namespaces/{job['metadata']['namespace']}/jobs/{job['metadata']['name']}/status"
        code, answer = self.kube.call("PATCH", path, {"status": status}, "application/merge-patch+json")
        if code != 200:
            self.problems.append(answer.get("message"))


def address_of_host():
    """An address of this host that an endpoint may have: no loopback; nothing where there is none."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.200", 9))
        address = probe.getsockname()[0]
        return None if address.startswith("127.") else address
    return None


def crds(folder):
    return sorted(pathlib.Path(folder).glob("*.yaml"))
