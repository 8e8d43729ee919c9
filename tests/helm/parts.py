"""What single parts of the charts must be, beyond what the golden files of the scenarios show. Called by checks.py."""
import yaml

import charts


def injection(tally, helm):
    """What the injector puts into a pod is what herdgate-lib would."""
    rendered = charts.documents(helm.render_values("herdgate", {"injector": {"enabled": True}, "configStore": {"namespaces": ["shop"]}})[0])
    injection = next(yaml.safe_load(document["data"]["sidecar.yaml"]) for document in rendered if "sidecar.yaml" in (document.get("data") or {}))
    for form, kubernetes in (("native", charts.KUBERNETES), ("plain", "1.28.0")):
        spec = next(charts.pod_specs(charts.documents(helm.render("example", kubernetes=kubernetes)[0])))[1]
        wanted = next(container for container in charts.containers(spec) if container["name"] == "herdgate")
        got = injection["container"] | (injection["plain"] if form == "plain" else {"restartPolicy": "Always"}) | {"image": wanted["image"]}
        # The injector can't know that the app has no token.
        got["volumeMounts"] = [mount for mount in got["volumeMounts"] if mount["name"] != "herdgate-no-token"]
        tally.same(f"the injector's sidecar is the library's, {form}", got, wanted)


def notes(tally, helm):
    """What is printed after an install names only what works."""
    injector = {"injector": {"enabled": True}, "configStore": {"namespaces": ["cache", "shop"]}}
    secret = {"injector": {"enabled": True}, "configStore": {"kind": "Secret", "namespaces": ["shop"]}}
    for name, values, says, says_not in (
        ("without an injector no annotation is told", {}, "herdgate.config.configMap: herdgate-default", "herdgate.dev/"),
        ("the injector's namespaces are those that it looks at", injector, 'its pods, in shop:\n    herdgate.dev/inject: "true"\n    herdgate.dev/policies: herdgate-default\n', "in cache"),
        ("a Secret is not chosen by annotation", secret, 'its pods, in shop:\n    herdgate.dev/inject: "true"\n  or\n', "herdgate.dev/policies"),
    ):
        told = helm.notes("herdgate", values)
        wrong = says not in told or says_not in told.split("Give an app its sidecar")[-1]
        tally.check(f"notes: {name}", told if wrong else None)


def authority(tally, helm):
    """Without an issuer of the user's, the certificate's authority outlives it, and is the one that the API server is given."""
    values = {"injector": {"enabled": True, "certificate": {"source": "certManager"}}, "configStore": {"namespaces": ["shop"]}}
    found = {(document["kind"], document["metadata"]["name"]): document for document in charts.documents(helm.render_values("herdgate", values)[0])}
    leaf = found["Certificate", "herdgate-injector-tls"]["spec"]
    authority = found["Certificate", found["Issuer", leaf["issuerRef"]["name"]]["spec"]["ca"]["secretName"]]["spec"]
    tally.same("the certificate is signed by an authority that lasts", (authority["isCA"], authority["duration"], leaf.get("isCA")), (True, "87600h", None))
    tally.same("which keeps its key", authority["privateKey"], {"rotationPolicy": "Never"})
    tally.same("and signs itself", found["Issuer", authority["issuerRef"]["name"]]["spec"], {"selfSigned": {}})
    hook = found["MutatingWebhookConfiguration", "herdgate-injector-cache"]["metadata"]["annotations"]
    tally.same("the API server is given it", hook, {"cert-manager.io/inject-ca-from": "cache/herdgate-injector-tls"})


def helpers(tally, helm):
    """Pods of the chart's own that a mesh's proxy would harm, and those that it need not."""
    values = {"deployment": {"enabled": True}, "injector": {"enabled": True, "podLabels": {"a": "b", "app.kubernetes.io/component": "c"}}, "configStore": {"namespaces": ["shop"]}}
    rendered = charts.documents(helm.render_values("herdgate", values)[0])
    metas = {document["metadata"]["name"]: (document if document["kind"] == "Pod" else document["spec"]["template"])["metadata"]
             for document in rendered if document["kind"] in {"Pod", "Job", "Deployment"}}
    out = {name for name, meta in metas.items()
           if meta["labels"].get("sidecar.istio.io/inject") == "false" and meta.get("annotations", {}).get("linkerd.io/inject") == "disabled"}
    wanted = {"herdgate-check", "herdgate-injector", "herdgate-test", "herdgate-test-service"}
    tally.same("only pods that talk to no app are kept out of meshes", (out, set(metas)), (wanted, wanted | {"herdgate"}))
    labels = metas["herdgate-injector"]["labels"]
    tally.same("labels of the user never change a selector", (labels["a"], labels["app.kubernetes.io/component"]), ("b", "injector"))


def limits_problem(spec):
    return [container["name"] for container in charts.containers(spec) if "cpu" not in container["resources"]["limits"]]


def quota(tally, helm):
    """A quota that asks for CPU limits: every container can have one."""
    limited = {"resources": {"limits": {"cpu": "1"}}}
    values = {"sidecar": limited, "check": limited, "test": limited, "deployment": {"enabled": True}, "injector": {"enabled": True, **limited}, "configStore": {"namespaces": ["shop"]}}
    specs = list(charts.pod_specs(charts.documents(helm.render_values("herdgate", values)[0])))
    tally.same("every container can have a CPU limit", (len(specs), [where for where, spec in specs if limits_problem(spec)]), (5, []))


def kept(tally, helm):
    """What pods mount outlives the release, unless the user says otherwise; nothing else does."""
    values = {"policySets": {"default": [], "orders": []}, "tokens": {"entries": [f"alice read {'0' * 64}"]}, "injector": {"enabled": True}, "deployment": {"enabled": True}}
    for kind in ("ConfigMap", "Secret"):
        for keep in (True, False):
            more = {"configStore": {"kind": kind, "namespaces": ["shop"], "keep": keep}}
            rendered = charts.documents(helm.render_values("herdgate", values | more)[0])
            kept = {document["metadata"]["name"] for document in rendered if document["metadata"].get("annotations", {}).get("helm.sh/resource-policy") == "keep"}
            wanted = {"herdgate-default", "herdgate-orders", "herdgate-tokens"} if keep else set()
            tally.same(f"what pods mount stays: {kind}, keep: {keep}", kept, wanted)


def own_resources(tally, helm):
    """A Deployment has resources of its own, and what they leave out is the sidecar's."""
    values = {"sidecar": {"resources": {"limits": {"memory": "1Gi"}}}, "deployment": {"enabled": True, "resources": {"requests": {"memory": "512Mi"}}}}
    spec = dict(charts.pod_specs(charts.documents(helm.render_values("herdgate", values)[0])))["Deployment/herdgate"]
    tally.same("resources of the Deployment", spec["containers"][0]["resources"], {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}})


def pods(tally, helm):
    """What of a user's pod is no mistake."""
    volume = {"name": "herdgate-config", "configMap": {"name": "herdgate-default", "defaultMode": 0o444, "optional": True}}
    free = {"initContainers": [{"name": "prepare", "image": "app:1", "ports": [{"containerPort": 6380}]}], "containers": [{"name": "app", "image": "app:1", "ports": [{"containerPort": 6381}]}]}
    for name, values, wanted in (
        ("its own volume of the sidecar's content stays", {"spec": {"volumes": [volume]}, "herdgate": {"config": {"configMap": "herdgate-default"}}}, ["herdgate-config", "herdgate-no-token"]),
        ("ports that the sidecar does not use are free", {"spec": free, "herdgate": {"admin": {"enabled": False}}}, ["herdgate-no-token"]),
        ("and with a socket the port for the app is", {"spec": {"containers": [{"name": "app", "image": "app:1", "ports": [{"containerPort": 6380}]}]}, "herdgate": {"connection": "socket"}},
         ["herdgate-socket", "herdgate-no-token"]),
        ("an init container may be chosen", {"spec": free, "herdgate": {"admin": {"enabled": False}, "appEnv": {"containers": ["prepare"]}}}, ["herdgate-no-token"]),
    ):
        text, error = helm.render_values("pod", values)
        volumes = [one["name"] for document in charts.documents(text) for one in document["spec"]["volumes"]]
        tally.same(f"a pod: {name}", error or volumes, wanted)


def conditions(tally, helm):
    """Where the API server can't ask about annotated pods alone, it is not told to, and a selector is enough for `Fail`."""
    for kubernetes, asks in (("1.27.0", False), ("1.28.0", True)):
        values = {"configStore": {"namespaces": ["shop"]}, "injector": {"enabled": True, "failurePolicy": "Fail", "namespaceSelector": {"matchLabels": {"team": "shop"}}}}
        text, error = helm.render_values("herdgate", values, kubernetes=kubernetes)
        tally.check(f"a webhook of Kubernetes {kubernetes}", error or (None if ("matchConditions:" in text) == asks else text))


def pull_secrets(tally, helm):
    """One value for all pods of the chart."""
    values = {"imagePullSecrets": [{"name": "pull"}], "deployment": {"enabled": True}, "injector": {"enabled": True}, "configStore": {"namespaces": ["shop"]}}
    specs = dict(charts.pod_specs(charts.documents(helm.render_values("herdgate", values)[0])))
    wrong = [where for where, spec in specs.items() if spec.get("imagePullSecrets") != [{"name": "pull"}]]
    tally.same("every pod fetches its image with imagePullSecrets", (len(specs), wrong), (5, []))


def own_configuration(tally, helm):
    """An injector whose pods use an object of the user needs no namespaces of the chart."""
    for name, values in (("by injector.policies", {"injector": {"policies": "shop-policies"}}), ("by sidecar.config", {"sidecar": {"config": {"secret": "shop"}}})):
        text, error = helm.render_values("herdgate", {**values, "injector": {"enabled": True, **values.get("injector", {})}})
        named = "name: shop-policies" in text or "secretName: shop" in text
        tally.check(f"a configuration of the user, {name}", error or (None if named else text))


def egress(tally, helm):
    """Redis' port is found in every form of a URL."""
    for url, override, ports in (
        ("redis://redis", "", [6379]), ("redis://redis:7000/2", "", [7000]), ("redis://[fd00::1]:6400", "", [6400]), ("redis://app@redis.data:6390", "", [6390]),
        ("redis://redis:7000", "redis://near:7001/1", [7001]), ("redis://redis:7000", "unix:///run/redis.sock", []),
    ):
        values = {"networkPolicy": {"sidecars": True}, "config": {"upstream": {"url": url}}, "sidecar": {"upstream": override}, "configStore": {"namespaces": ["shop", "payment"]}}
        policies = [document for document in charts.documents(helm.render_values("herdgate", values)[0]) if document["kind"] == "NetworkPolicy"]
        let = [[one["port"] for rule in policy["spec"]["egress"] for one in rule["ports"]] for policy in policies]
        tally.same(f"the NetworkPolicy lets {override or url} through", let, [[53, 53, *ports]] * 2)
        spaces = [policy["metadata"]["namespace"] for policy in policies]
        tally.same(f"it is where the sidecars of {override or url} are", spaces, ["shop", "payment"])


PARTS = (
    injection, notes, authority, helpers, quota, kept, own_resources, pods, conditions, pull_secrets, own_configuration, egress,
)
