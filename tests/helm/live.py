#!/usr/bin/env python3
"""Runs what the charts render: the sidecar with the flags of its container, on folders that change as the kubelet changes them, and the script of `helm test`.

live.py --helm FILE --herdgate FILE --charts DIR    needs redis-server, redis-cli and wget. Ends with "N passed, N failed".
Only addresses and folders are other than in a cluster: free ports of this host, and a temporary folder in the place of each mount.
"""
import argparse
import base64
import contextlib
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import yaml

import charts

PATIENCE = 60  # seconds; only what is broken takes as long


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition):
    """Whether it comes to hold; what fails to answer does not hold yet."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            if condition():
                return True
        time.sleep(0.05)
    return False


def get(url, token=None):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def mount(folder, files):
    """Puts files into a folder as the kubelet does with a ConfigMap: a folder of their own, to which the link ..data is swapped."""
    folder.mkdir(exist_ok=True)
    version = pathlib.Path(tempfile.mkdtemp(prefix="..", dir=folder))
    version.chmod(0o755)
    for name, text in files.items():
        (version / name).write_text(text, encoding="utf-8")
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    (folder / "..data_tmp").symlink_to(version.name)
    (folder / "..data_tmp").rename(folder / "..data")


def files_of(rendered, name):
    """The texts of a ConfigMap or Secret."""
    found = next(document for document in rendered if document["kind"] in {"ConfigMap", "Secret"} and document["metadata"]["name"] == name)
    return {key: base64.b64decode(text).decode() if found["kind"] == "Secret" else text for key, text in found["data"].items()}


class Pod:
    """A container of a rendered pod, the sidecar if it isn't said which, as a process."""

    def __init__(self, program, spec, folder, rendered, container="herdgate"):
        self.folder, self.rendered = folder, rendered
        sidecar = next(one for one in charts.containers(spec) if one["name"] == container)
        self.ports = {name: free_port() for name in ("6380", "9638", "6381", "9443")}
        self.places = {}
        for volume in spec["volumes"]:
            path = next((one["mountPath"] for one in sidecar.get("volumeMounts", []) if one["name"] == volume["name"]), None)
            if path:
                self.places[path] = folder / volume["name"]
                self.fill(volume)
        self.log = (folder / "log").open("w", encoding="utf-8")
        arguments = [self.here(flag) for flag in sidecar["args"]]
        self.process = subprocess.Popen([program, *arguments], stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def fill(self, volume):
        place = self.folder / volume["name"]
        place.mkdir(exist_ok=True)
        name = volume.get("configMap", {}).get("name") or volume.get("secret", {}).get("secretName")
        if name:
            mount(place, files_of(self.rendered, name))

    def here(self, text):
        """A flag or URL of the pod, as it is here."""
        for path, place in self.places.items():
            text = text.replace(path, str(place))
        for port, own in self.ports.items():
            text = text.replace(f"0.0.0.0:{port}", f"127.0.0.1:{own}").replace(f"127.0.0.1:{port}", f"127.0.0.1:{own}")
        return text

    def telemetry(self, path):
        return get(f"http://127.0.0.1:{self.ports['9638']}{path}")

    def starts(self):
        return eventually(lambda: self.process.poll() is not None or self.telemetry("/startupz")) and self.process.poll() is None

    def end(self):
        """The exit code after SIGTERM; None if it had to be killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
        finally:
            self.log.close()


class Live:
    def __init__(self, helm, program, folder, redis):
        self.helm, self.program, self.folder, self.redis = helm, program, folder, redis
        self.passed = self.failed = self.skipped = 0

    def check(self, name, good, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}\n  {detail}")

    def render(self, chart, values, kubernetes=charts.KUBERNETES):
        path = self.folder / "values.yaml"
        path.write_text(yaml.safe_dump(values), encoding="utf-8")
        text, error = self.helm.render(chart, path, kubernetes=kubernetes)
        if error:
            sys.exit(error)
        return charts.documents(text)

    @contextlib.contextmanager
    def pod(self, spec, rendered, container="herdgate"):
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            pod = Pod(self.program, spec, pathlib.Path(folder), rendered, container)
            try:
                yield pod
            finally:
                if pod.process.poll() is None:
                    pod.process.kill()
                    pod.process.wait()


def run_test_script(pod, spec, script, **changed):
    test = next(container for container in spec["containers"] if container["name"] == "test")
    environment = {one["name"]: pod.here(one["value"]) for one in test["env"]} | changed
    path = pod.folder / "test.sh"
    path.write_text(script, encoding="utf-8")
    return subprocess.run(["sh", str(path)], env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, timeout=PATIENCE, check=False)


def helm_test(live, connection):
    """The pod of `helm test`, with its sidecar."""
    rendered = live.render("herdgate", {"test": {"upstream": live.redis}, "sidecar": {"connection": connection}})
    spec = dict(charts.pod_specs(rendered))["Pod/herdgate-test"]
    script = files_of(rendered, "herdgate-test")["test.sh"]
    with live.pod(spec, rendered) as pod:
        live.check(f"helm test, {connection}: the sidecar starts with its rendered flags", pod.starts(), (pod.folder / "log").read_text())
        done = run_test_script(pod, spec, script)
        good = done.returncode == 0 and done.stdout.count("ok: ") == 4
        live.check(f"helm test, {connection}: passes", good, done.stdout + done.stderr)
        done = run_test_script(pod, spec, script, REDIS_URL=f"redis://127.0.0.1:{free_port()}")
        live.check(f"helm test, {connection}: fails where nothing answers", done.returncode == 1, done.stdout + done.stderr)
        if connection == "port":  # it waits ten seconds for them
            done = run_test_script(pod, spec, script, KEY="other:key")
            live.check("helm test: fails where no hit is counted", "hits were not counted" in done.stderr, done.stdout + done.stderr)
        live.check(f"helm test, {connection}: SIGTERM ends the native form with 0", pod.end() == 0)


def policy(name):
    return {"name": name, "match": f"{name}:*"}


def has_policy(pod, name):
    return f'policy="{name}"' in pod.telemetry("/metrics")


def reload_of_policies(live):
    """A changed ConfigMap, a broken one, and one that is good again, without a restart."""
    def values(policies):
        return {"config": {"upstream": {"url": live.redis}}, "policySets": {"default": policies}}

    def changed(policies):
        return files_of(live.render("herdgate", values(policies)), "herdgate-default")

    rendered = live.render("herdgate", values([policy("first")]))
    spec = next(charts.pod_specs(live.render("example", {})))[1]
    with live.pod(spec, rendered) as pod:
        live.check("reload: the example's sidecar starts on the chart's ConfigMap", pod.starts(), (pod.folder / "log").read_text())
        live.check("reload: the first policy is in force", eventually(lambda: has_policy(pod, "first")))
        mount(pod.folder / "herdgate-config", changed([policy("first"), policy("second")]))
        live.check("reload: a policy of a swapped ConfigMap is in force", eventually(lambda: has_policy(pod, "second")))
        mount(pod.folder / "herdgate-config", {"herdgate.yaml": "policies: [{nonsense: 1}]\n"})
        refused = eventually(lambda: "\nherdgate_config_last_reload_success 0" in pod.telemetry("/metrics"))
        live.check("reload: a broken one is refused", refused and has_policy(pod, "second"))
        mount(pod.folder / "herdgate-config", changed([policy("third")]))
        live.check("reload: a good one after it is in force", eventually(lambda: has_policy(pod, "third")))
        live.check("reload: it is the same process", pod.process.poll() is None and pod.end() == 0)


def broken_at_start(live):
    """A sidecar whose configuration can't be used: it ends, and says why."""
    rendered = live.render("herdgate", {"check": {"enabled": False}, "policySets": {"default": [policy("a") | {"ttl": {"min": "2h", "max": "1h"}}]}})
    spec = next(charts.pod_specs(live.render("example", {})))[1]
    with live.pod(spec, rendered) as pod:
        ended = eventually(lambda: pod.process.poll() is not None)
        said = (pod.folder / "log").read_text()
        live.check("a broken configuration: a new sidecar ends with 2", ended and pod.process.returncode == 2, pod.process.returncode)
        live.check("a broken configuration: it names the policy, by line and column", re.search(r"herdgate\.yaml:\d+:\d+: .*policy 'a'", said), said)


def new_token(live, name):
    token, line = subprocess.run([live.program, "token", name, "read"], capture_output=True, text=True, timeout=60, check=True).stdout.split("\n")[:2]
    return token, line


def may_read(pod, token):
    try:
        return json.loads(get(f"http://127.0.0.1:{pod.ports['6381']}/api/v1/snapshot", token))["caller"]["name"] is not None
    except urllib.error.HTTPError:
        return False


def reload_of_tokens(live):
    """A Secret of tokens that changes."""
    (alice, alices), (bob, bobs) = new_token(live, "alice"), new_token(live, "bob")

    def rendered(entries):
        return live.render("herdgate", {"tokens": {"entries": entries}, "config": {"upstream": {"url": live.redis}}})

    spec = next(charts.pod_specs(live.render("example", {"herdgate": {"admin": {"tokensSecret": "herdgate-tokens"}}})))[1]
    with live.pod(spec, rendered([alices])) as pod:
        live.check("tokens: the sidecar starts", pod.starts(), (pod.folder / "log").read_text())
        live.check("tokens: the one of the Secret is let in", eventually(lambda: may_read(pod, alice)))
        live.check("tokens: another is not", not may_read(pod, bob))
        mount(pod.folder / "herdgate-tokens", files_of(rendered([bobs]), "herdgate-tokens"))
        live.check("tokens: one of a swapped Secret is let in", eventually(lambda: may_read(pod, bob)))
        live.check("tokens: one that was taken away is not", not may_read(pod, alice))


def plain_form_goes_on(live):
    spec = next(charts.pod_specs(live.render("example", {"herdgate": {"form": "plain", "shutdownDelaySeconds": 2}})))[1]
    rendered = live.render("herdgate", {"config": {"upstream": {"url": live.redis}}})
    with live.pod(spec, rendered) as pod:
        live.check("plain form: the sidecar starts", pod.starts(), (pod.folder / "log").read_text())
        begin = time.monotonic()
        pod.process.send_signal(signal.SIGTERM)
        # If this host took two seconds for the question, the answer would say nothing.
        served = subprocess.run(["redis-cli", "-p", str(pod.ports["6380"]), "PING"], capture_output=True, text=True, timeout=PATIENCE, check=False).stdout
        late = time.monotonic() - begin > 1.5
        live.check("plain form: it serves the app after SIGTERM", served == "PONG\n" or late, served)
        code = pod.process.wait(PATIENCE)
        live.check("plain form: and ends by itself when the app has had its time", code == 0 and time.monotonic() - begin >= 1.9, f"{code}")


def review(pod, name, namespace, spec, annotations):
    """What the injector answers of a new pod, asked as an API server asks: by the name of its Service, with the authority of its Secret."""
    body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "00000000-0000-0000-0000-000000000001", "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "resource": {"group": "", "version": "v1", "resource": "pods"}, "namespace": namespace, "operation": "CREATE",
        "object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "app", "annotations": annotations}, "spec": spec}}}
    context = ssl.create_default_context(cafile=pod.folder / "tls" / "ca.crt")
    with socket.create_connection(("127.0.0.1", pod.ports["9443"]), 10) as plain, context.wrap_socket(plain, server_hostname=name) as channel:
        connection = http.client.HTTPConnection(name)
        connection.sock = channel
        connection.request("POST", "/mutate", json.dumps(body), {"Content-Type": "application/json"})
        answer = json.loads(connection.getresponse().read())["response"]
    return answer["allowed"], json.loads(base64.b64decode(answer.get("patch", "W10=")))


def injector(live):
    """`herdgate inject` with its rendered flags, template and certificate."""
    if "inject" not in subprocess.run([live.program, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout:
        print("skipped: this program has no injector")
        live.skipped += 1
        return
    extra = {"extraEnv": [{"name": "TZ", "value": "UTC"}], "extraVolumes": [{"name": "zones", "emptyDir": {}}], "extraVolumeMounts": [{"name": "zones", "mountPath": "/zones"}]}
    rendered = live.render("herdgate", {"injector": {"enabled": True}, "configStore": {"namespaces": ["shop"]}, "sidecar": extra})
    webhook = next(one for one in rendered if one["kind"] == "MutatingWebhookConfiguration")["webhooks"][0]
    spec = dict(charts.pod_specs(rendered))["Deployment/herdgate-injector"]
    # The app of the example, as it is without its sidecar.
    wanted = next(charts.pod_specs(live.render("example", {})))[1]
    app = {"containers": [{key: value for key, value in wanted["containers"][0].items() if key != "env"}]}
    with live.pod(spec, rendered, "injector") as pod:
        live.check("injector: starts with its rendered flags", pod.starts(), (pod.folder / "log").read_text())
        live.check("injector: is ready", pod.telemetry("/readyz"))
        service = webhook["clientConfig"]["service"]
        name = f"{service['name']}.{service['namespace']}.svc"
        live.check("injector: is where the webhook says", service["path"] == "/mutate")
        allowed, patch = review(pod, name, "shop", app, {"herdgate.dev/inject": "true", "herdgate.dev/policies": "herdgate-orders"})
        text = json.dumps(patch)
        good = allowed and '"name": "herdgate"' in text and '"herdgate:0.1.0"' in text and '"herdgate-orders"' in text and "REDIS_URL" in text
        live.check("injector: a pod that asks gets the sidecar of the chart", good, text)
        live.check("injector: what the values add to the sidecar too", all(word in text for word in ('"TZ"', '"/zones"', '{"emptyDir": {}, "name": "zones"}')), text)
        for what, namespace, annotations in (("does not ask", "shop", {}), ("is in the injector's namespace", "cache", {"herdgate.dev/inject": "true"})):
            allowed, patch = review(pod, name, namespace, app, annotations)
            live.check(f"injector: a pod that {what} stays as it is", allowed and not patch, patch)
        live.check("injector: SIGTERM ends it with 0", pod.end() == 0)


@contextlib.contextmanager
def real_redis(folder):
    port = free_port()
    process = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)], stdout=subprocess.DEVNULL)
    try:
        eventually(lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True)
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for flag in ("--helm", "--herdgate", "--charts"):
        parser.add_argument(flag, type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, real_redis(folder) as redis:
        live = Live(charts.Helm(str(arguments.helm), arguments.charts), str(arguments.herdgate.resolve()), pathlib.Path(folder), redis)
        helm_test(live, "port")
        helm_test(live, "socket")
        reload_of_policies(live)
        broken_at_start(live)
        reload_of_tokens(live)
        plain_form_goes_on(live)
        injector(live)
    print(f"{live.passed} passed, {live.failed} failed" + (f", {live.skipped} skipped" if live.skipped else ""))
    return 1 if live.failed else 0


if __name__ == "__main__":
    sys.exit(main())
