#!/usr/bin/env python3
"""Installs the charts into a real Kubernetes API server: everything is stored, restricted namespaces take the pods, a bad configuration stops an install, and
the webhook is called by that API server.

api.py --helm FILE --herdgate FILE --charts DIR --programs DIR --crds DIR    Ends with "N passed, N failed".
There is no node: Jobs are ended by kube.JobRunner with the real program, and no pod runs.
"""
import argparse
import base64
import contextlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse

import yaml

import charts
import kube

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "latest"}
INJECTED = {"herdgate.dev/inject": "true"}


# What of a release stays for the pods that mount it; the README of the chart deletes by it.
KEPT = "app.kubernetes.io/instance={},app.kubernetes.io/component=configuration"


class Run:
    def __init__(self, server, helm, program, folder):
        self.server, self.helm, self.program, self.folder = server, helm, program, folder
        self.passed = self.failed = self.skipped = 0
        os.environ["KUBECONFIG"] = str(server.config)

    def check(self, name, good, detail=""):
        if good:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {name}\n  {str(detail).strip()[-1500:]}")

    def values(self, values):
        path = self.folder / "values.yaml"
        path.write_text(yaml.safe_dump(values), encoding="utf-8")
        return path

    def install(self, chart, namespace, values, command="install"):
        done = self.helm.run(command, "herdgate", str(self.helm.charts / chart), "--namespace", namespace, "--values", str(values), "--timeout", "2m")
        return done.returncode == 0, done.stdout + done.stderr

    def uninstall(self, namespace):
        done = self.helm.run("uninstall", "herdgate", "--namespace", namespace, "--no-hooks", "--wait=false")
        return done.returncode == 0, done.stdout + done.stderr

    def tidy(self, release="herdgate"):
        """What the README tells to delete after an uninstall; the names of what was there."""
        gone = []
        for kind in ("configmaps", "secrets"):
            for item in self.server.get(f"/api/v1/{kind}?labelSelector={urllib.parse.quote(KEPT.format(release))}")["items"]:
                name, namespace = item["metadata"]["name"], item["metadata"]["namespace"]
                gone.append(f"{namespace}/{name}")
                self.server.call("DELETE", f"/api/v1/namespaces/{namespace}/{kind}/{name}")
        return sorted(gone)

    def left_over(self, namespace):
        """What of the release is still there; hooks that were kept to be read don't count."""
        left = []
        for kind in ("configmaps", "secrets", "services"):
            items = self.server.get(f"/api/v1/namespaces/{namespace}/{kind}?labelSelector=app.kubernetes.io/instance%3Dherdgate")["items"]
            left += [item["metadata"]["name"] for item in items if "helm.sh/hook" not in item["metadata"].get("annotations", {})]
        return left


def custom_resources(run, folder):
    for path in kube.crds(folder):
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            # Some are published as templates of a chart; their labels are.
            document["metadata"].pop("labels", None)
            status, answer = run.server.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", document)
            run.check(f"the server takes {path.name}", status == 201, answer)
    for place in ("monitoring.coreos.com/v1/podmonitors", "cert-manager.io/v1/certificates"):
        run.check(f"it knows {place}", kube.eventually(lambda: run.server.call("GET", f"/apis/{place}")[0] == 200))


# What of the README needs nodes: kubectl looks at pods, and so does `helm test`, whose script live.py runs.
PRELUDE = """set -euo pipefail
kubectl() { echo "not here: kubectl $*"; }
helm() { if [ "$1" = test ]; then echo "not here: helm $*"; else "$HELM" "$@"; fi; }
"""


def run_blocks(run, name, text):
    """The blocks of shell in a part of a README, as they are written, in a tree with the charts."""
    blocks = re.findall(r"(?ms)^```sh\n(.*?)^```$", text)
    run.check(f"{name} has blocks", blocks)
    with tempfile.TemporaryDirectory() as folder:
        for chart in ("herdgate-lib", "herdgate", "example"):
            shutil.copytree(charts.CHARTS / chart, pathlib.Path(folder) / "helm" / chart, ignore=shutil.ignore_patterns("charts", "Chart.lock"))
        for number, block in enumerate(blocks, 1):
            done = subprocess.run(["bash", "-c", PRELUDE + block], cwd=folder, env=os.environ | {"HELM": run.helm.program, "IMAGE": "somewhere/herdgate"},
                                  capture_output=True, text=True, timeout=300, check=False, stdin=subprocess.DEVNULL)
            run.check(f"{name}, block {number} of {len(blocks)}", done.returncode == 0, done.stdout + done.stderr)


def readme(run):
    """The five minutes of helm/README.md, and the injector of the chart's."""
    text = (charts.CHARTS / "README.md").read_text(encoding="utf-8")
    first_page = (charts.CHARTS.parent / "README.md").read_text(encoding="utf-8").split("## Beside every pod")[1].split("```")[1]
    foreign = [line for line in first_page.splitlines()[1:] if line not in text.splitlines()]
    run.check("README: the first page has the same commands", not foreign, foreign)
    run_blocks(run, "README", text)
    policies = run.server.get("/api/v1/namespaces/shop/configmaps/herdgate-default").get("data", {}).get("herdgate.yaml", "")
    run.check("README: the policy is there", "name: example\n" in policies and "redis://redis:6379" in policies, policies)
    app = run.server.get("/apis/apps/v1/namespaces/shop/deployments/app")
    sidecar = app.get("spec", {}).get("template", {}).get("spec", {}).get("initContainers", [{}])[0]
    run.check("README: the app has its sidecar", sidecar.get("image") == "somewhere/herdgate:0.1.0", app)
    section = (charts.CHARTS / "herdgate" / "README.md").read_text(encoding="utf-8").split("\n## The injector\n")[1].split("\n## ")[0]
    run_blocks(run, "README of the injector", "```sh\nhelm dependency build helm/herdgate\n```\n" + section)
    policies = run.server.call("GET", "/api/v1/namespaces/shop/configmaps/herdgate-system-default")
    run.check("README of the injector: the configuration is where the app is", policies[0] == 200, policies[1])
    for release, namespace in (("herdgate", "shop"), ("app", "shop"), ("herdgate-system", "herdgate-system")):
        run.helm.run("uninstall", release, "--namespace", namespace, "--no-hooks", "--wait=false")
        run.tidy(release)


def scenarios(run):
    """Each is installed, and its pods are what a restricted namespace takes."""
    for namespace in ("shop", "payment"):
        run.server.namespace(namespace, **{"herdgate.dev/injection": "enabled"})
    for name, chart, path, version in charts.scenarios():
        namespace = name.replace("/", "-")
        run.server.namespace(namespace, **RESTRICTED)
        good, said = run.install(chart, namespace, path)
        run.check(f"{name}: is installed", good, said)
        if chart == "herdgate":
            run.check(f"{name}: the notes say what an app names", f"herdgate.config.{'secret' if 'restricted' in name else 'configMap'}: " in said, said)
        for where, spec in charts.pod_specs(charts.documents(run.helm.render(chart, path, kubernetes=version)[0])):
            status, answer = run.server.create_pod(namespace, "pod", spec, dry_run=True)
            run.check(f"{name}: a restricted namespace takes the pod of {where}", status == 201, answer.get("message"))
        good, said = run.uninstall(namespace)
        run.tidy()
        run.check(f"{name}: is uninstalled, and nothing is left", good and not run.left_over(namespace), f"{said} {run.left_over(namespace)}")
    status, _ = run.server.create_pod("herdgate-default", "root", {"containers": [{"name": "app", "image": "app:1"}]}, dry_run=True)
    run.check("a restricted namespace refuses another pod", status == 403)


def bad_configuration(run, jobs):
    run.server.namespace("bad")
    good, said = run.install("herdgate", "bad", run.values({"policySets": {"default": [{"name": "a", "match": "a:*", "ttl": {"min": "2h", "max": "1h"}}]}}))
    run.check("a configuration that herdgate check refuses stops the install", not good and "herdgate-check" in said, said)
    run.check("and the Job's log names the policy", any("policy 'a'" in text for text in jobs.said), jobs.said)
    there = run.server.call("GET", "/api/v1/namespaces/bad/configmaps/herdgate-default")[0]
    run.check("and nothing of it is in force", there == 404, there)


def kept(run):
    """What pods mount stays when its policy set or the release goes, and a new install takes it up."""
    run.server.namespace("kept")
    sets = {"default": [], "orders": []}
    values = {"check": {"enabled": False}, "tokens": {"entries": [f"alice read {'0' * 64}"]}}
    good, said = run.install("herdgate", "kept", run.values(values | {"policySets": sets}))
    run.check("a release with two policy sets is installed", good, said)
    good, said = run.install("herdgate", "kept", run.values(values | {"policySets": {"default": []}}), "upgrade")
    there = run.server.call("GET", "/api/v1/namespaces/kept/configmaps/herdgate-orders")[0]
    run.check("a policy set that is taken out stays for pods that name it", good and there == 200, said)
    good, said = run.uninstall("kept")
    run.check("so does all that pods mount when the release goes", good and run.left_over("kept") == ["herdgate-default", "herdgate-orders", "herdgate-tokens"], run.left_over("kept"))
    good, said = run.install("herdgate", "kept", run.values(values | {"policySets": {"default": [{"name": "new", "match": "n:*"}]}}))
    text = run.server.get("/api/v1/namespaces/kept/configmaps/herdgate-default").get("data", {}).get("herdgate.yaml", "")
    run.check("a new install takes it up", good and "name: new" in text, said)
    run.uninstall("kept")
    gone = run.tidy()
    run.check("and the README says how it goes", KEPT.format("herdgate") in (charts.CHARTS / "herdgate" / "README.md").read_text(encoding="utf-8") and gone == ["kept/herdgate-default", "kept/herdgate-orders", "kept/herdgate-tokens"] and not run.left_over("kept"), gone)


def token(run):
    """The app has its token, the sidecar none."""
    run.server.namespace("token")
    text, error = run.helm.render("example", run.values({"automountServiceAccountToken": True}))
    status, pod = run.server.create_pod("token", "app", next(charts.pod_specs(charts.documents(text)))[1])
    run.check("a pod with a token is stored", status == 201, error or pod)
    mounts = {container["name"]: {mount["name"] for mount in container.get("volumeMounts", [])} for container in charts.containers(pod["spec"])}
    run.check("its app has the token", any(name.startswith("kube-api-access") for name in mounts["app"]), mounts)
    run.check("its sidecar has not", not any(name.startswith("kube-api-access") for name in mounts["herdgate"]), mounts)


def write_data(folder, stored):
    folder.mkdir()
    for key, value in stored["data"].items():
        (folder / key).write_text(base64.b64decode(value).decode() if stored["kind"] == "Secret" else value, encoding="utf-8")


@contextlib.contextmanager
def injector(run, namespace, address):
    """The injector as the Deployment that is stored would run it, at an endpoint of the Service that is stored."""
    deployment = run.server.get(f"/apis/apps/v1/namespaces/{namespace}/deployments/herdgate-injector")
    port, telemetry = kube.free_port(), kube.free_port()
    with tempfile.TemporaryDirectory(dir=run.folder) as folder:
        folder = pathlib.Path(folder)
        write_data(folder / "tls", run.server.get(f"/api/v1/namespaces/{namespace}/secrets/herdgate-injector-tls"))
        write_data(folder / "inject", run.server.get(f"/api/v1/namespaces/{namespace}/configmaps/herdgate-injector"))
        flags = [flag.replace("/etc/herdgate", str(folder)).replace(":9443", f":{port}").replace(":9638", f":{telemetry}")
                 for flag in deployment["spec"]["template"]["spec"]["containers"][0]["args"]]
        with (folder / "log").open("w", encoding="utf-8") as log:
            process = subprocess.Popen([run.program, *flags], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        endpoints = {"metadata": {"name": "herdgate-injector", "labels": {"kubernetes.io/service-name": "herdgate-injector"}}, "addressType": "IPv4",
                     "endpoints": [{"addresses": [address], "conditions": {"ready": True}}], "ports": [{"name": "webhook", "port": port, "protocol": "TCP"}]}
        status, answer = run.server.call("POST", f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices", endpoints)
        run.check("the Service has an endpoint", status == 201, answer)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def has_sidecar(pod):
    return any(container["name"] == "herdgate" and container.get("restartPolicy") == "Always" for container in pod["spec"].get("initContainers", []))


def injected(run, address):
    """The API server calls the webhook; what it stores has the sidecar, unless it must not, or nobody answers."""
    run.server.namespace("cache")
    values = run.values({"injector": {"enabled": True}, "configStore": {"namespaces": ["shop"]}})
    good, said = run.install("herdgate", "cache", values)
    run.check("the injector is installed", good, said)
    wanted = next(charts.pod_specs(charts.documents(run.helm.render("example")[0])))[1]
    app = {key: value for key, value in wanted.items() if key not in {"initContainers", "volumes"}}
    app["containers"] = [{key: value for key, value in container.items() if key != "env"} for container in wanted["containers"]]
    numbers = iter(range(100))

    def create(namespace, annotations=None):
        return run.server.create_pod(namespace, f"pod-{next(numbers)}", app, annotations)[1]

    with injector(run, "cache", address) as process:
        run.check("a stored pod has its sidecar", kube.eventually(lambda: has_sidecar(create("shop", INJECTED)), 60), create("shop", INJECTED))
        pod = create("shop", INJECTED)
        sidecar = pod["spec"]["initContainers"][0] if has_sidecar(pod) else {}
        library = wanted["initContainers"][0]
        run.check("it is the sidecar of the library chart", {key: sidecar.get(key) for key in ("image", "args", "securityContext", "resources")} ==
                  {key: library[key] for key in ("image", "args", "securityContext", "resources")}, sidecar)
        run.check("its app is told the URL", {"name": "REDIS_URL", "value": "redis://127.0.0.1:6380"} in pod["spec"]["containers"][0].get("env", []), pod)
        run.check("a pod that does not ask has none", not has_sidecar(create("shop")))
        for namespace in ("kube-system", "cache"):
            run.server.namespace(namespace)
            run.check(f"a pod of {namespace} has none", not has_sidecar(create(namespace, INJECTED)))
        for annotation, value in (("herdgate.dev/memory-limit", "much"), ("herdgate.dev/inject", "yes")):
            status, answer = run.server.create_pod("shop", f"pod-{next(numbers)}", app, {**INJECTED, annotation: value})
            run.check(f"a wrong {annotation} is denied by its name", status == 403 and annotation in answer.get("message", ""), answer)
        process.send_signal(signal.SIGTERM)
        process.wait()
        pod = create("shop", INJECTED)
        run.check("without the injector a pod that asks is stored all the same", pod["kind"] == "Pod" and not has_sidecar(pod), pod)


def upgraded(run):
    def certificate():
        return run.server.get("/api/v1/namespaces/cache/secrets/herdgate-injector-tls")["data"]["tls.crt"]

    before = certificate()
    good, said = run.install("herdgate", "cache", run.values({"injector": {"enabled": True}, "configStore": {"namespaces": ["shop"]}, "policySets": {
        "default": [{"name": "a", "match": "a:*"}]}}), "upgrade")
    run.check("the release is upgraded", good, said)
    run.check("its certificate is the same", certificate() == before)
    text = run.server.get("/api/v1/namespaces/shop/configmaps/herdgate-default")["data"]["herdgate.yaml"]
    run.check("its configuration is the new one", "name: a\n" in text, text)
    webhook = run.server.get("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/herdgate-injector-cache")["webhooks"][0]
    run.check("the API server took the condition", webhook.get("matchConditions"), webhook)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for flag in ("--helm", "--herdgate", "--charts", "--programs", "--crds"):
        parser.add_argument(flag, type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    program = str(arguments.herdgate.resolve())
    with tempfile.TemporaryDirectory() as folder:
        server = kube.Kube(arguments.programs, pathlib.Path(folder))
        try:
            run = Run(server, charts.Helm(str(arguments.helm), arguments.charts), program, pathlib.Path(folder))
            run.check("the API server is up", server.is_up(), server.log("apiserver"))
            if run.failed == 0:
                jobs = kube.JobRunner(server, program)
                jobs.start()
                custom_resources(run, arguments.crds)
                readme(run)
                scenarios(run)
                bad_configuration(run, jobs)
                kept(run)
                token(run)
                address = kube.address_of_host()
                if address and "inject" in subprocess.run([program, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout:
                    injected(run, address)
                    upgraded(run)
                else:
                    print("skipped: the webhook; " + ("this program has no injector" if address else "this host has no address but loopback"))
                    run.skipped += 1
                jobs.over.set()
                run.check("the server took what became of each Job", not jobs.problems, jobs.problems)
        finally:
            server.stop()
    print(f"{run.passed} passed, {run.failed} failed" + (f", {run.skipped} skipped" if run.skipped else ""))
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
