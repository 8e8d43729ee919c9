#!/usr/bin/env python3
"""The pod, acted out: a sidecar from the image and real apps go through what a kubelet does to a pod, under load.

acts.py [--root FOLDER] [--keep FOLDER] [ACT...]   acts: native, plain, job. Needs root and an image's unpacked root file system.

Each fact that must hold is a line and counts; what is merely so is told. Ends with "N passed, N failed".
"""

import argparse
import contextlib
import hashlib
import json
import pathlib
import secrets
import shutil
import signal
import sys
import tempfile
import time

import container
import network
import pod as pods
import tally

CONFIG = """upstream: {url: redis://redis.example:6379, timeout: 2s}
policies:
  - name: page
    match: ["page:*"]
    near: {enabled: true, max_ttl: 5s}
    offline: {reads: miss}
"""
TTL = "    ttl: {missing: apply, default: 1h}\n"
RUN_SECONDS = 1.0
# The port and the socket, so that one pod shows both; a chart gives an app one of them.
LISTEN = ["--listen=tcp://127.0.0.1:6380", "--listen=unix:///run/herdgate/redis.sock"]
ADMIN = ["--admin=127.0.0.1:6381", "--admin-tokens-file=/etc/herdgate/tokens/tokens"]
# As the charts render them, while there are none beside this.
FLAGS = ["serve", "--config=/etc/herdgate/config/herdgate.yaml", *LISTEN, *ADMIN, "--telemetry=0.0.0.0:9638", "--near-max-bytes=48MiB", "--drain=1500ms"]
GOLDEN = pods.HERE.parent / "helm/golden/example"


def flags(form, count):
    """Those of the chart's rendered pod, with both ways to connect."""
    golden = GOLDEN / f"{form}.yaml"
    if not golden.exists():
        count.note(f"tests/helm/golden/example/{form}.yaml is not there: flags of this script's own")
        return FLAGS + (["--shutdown-delay=3s"] if form == "plain" else [])
    return [flag for flag in pods.rendered_flags(golden) if not flag.startswith("--listen")] + LISTEN


def token(name):
    """(the token, its line of the file)."""
    text = "hg_" + secrets.token_urlsafe(32)[:43]
    return text, f"{name} read {hashlib.sha256(text.encode()).hexdigest()}\n"


@contextlib.contextmanager
def unharmed(count, apps, fact, kinds=()):
    """What is done inside, and a second more of load, makes no request of the apps fail."""
    before = [(app.done(), app.failed(*kinds)) for app in apps]
    yield
    time.sleep(RUN_SECONDS)
    done = sum(app.done() - was for app, (was, _) in zip(apps, before))
    failed = sum(app.failed(*kinds) - was for app, (_, was) in zip(apps, before))
    count.check(failed == 0 and done > 100, fact, f"{done} requests, {failed} failed")


def both(pod, name=""):
    """An app on the loopback port and one on the socket, with users of their own."""
    return [pod.start_app(f"{name}tcp-app", "port", 1000), pod.start_app(f"{name}socket-app", "socket", 2000)]


def start(pod, count, with_flags):
    pod.config.put(**{"herdgate.yaml": CONFIG})
    pod.tokens.put(tokens=token("nobody")[1])
    count.check(pod.probe("/startupz") == 0, "before the sidecar runs nothing answers its startup probe")
    took = pod.start_sidecar(with_flags)
    count.check(took < 5, "the startup probe passes, and only then the apps start", f"{took * 1e3:.0f} ms")
    apps = both(pod)
    count.check(network.wait_for(lambda: all(app.done() > 200 for app in apps), 20), "apps are served on the port and on the socket",
                [app.now()["errors"] for app in apps if app.done() <= 200] or "")
    count.check(network.wait_for(lambda: pod.probe("/readyz") == 200, 5), "the readiness probe passes from outside the pod")
    count.check(all(app.failed() == 0 for app in apps), "no request failed since the first")
    return apps


def change_config(pod, count, apps):
    with unharmed(count, apps, "a policy is changed by the mount's symlink swap and no request fails"):
        pod.config.put(**{"herdgate.yaml": CONFIG + TTL})
        begun = time.monotonic()

        def ruled():
            pod.net.run(lambda: network.ask(("127.0.0.1", 6380), [("SET page:fixed v", b"+OK\r\n")]))
            return int(pod.redis.ask("TTL page:fixed")[1:]) > 3000

        count.check(network.wait_for(ruled, 15), "the new policy gives an expiry to what had none", f"{(time.monotonic() - begun) * 1e3:.0f} ms after the swap")
    with unharmed(count, apps, "a broken file harms no request"):
        pod.config.put(**{"herdgate.yaml": "policies: [{nmae: page}]\n"})
        refused = network.wait_for(lambda: pod.metric("herdgate_config_last_reload_success") == 0, 15)
        count.check(refused, "a broken file is refused, and a metric says so")
        count.check(int(pod.redis.ask("TTL page:fixed")[1:]) > 3000, "what was in force stays")
    pod.config.put(**{"herdgate.yaml": CONFIG + TTL})
    count.check(network.wait_for(lambda: pod.metric("herdgate_config_last_reload_success") == 1, 15), "the mended file is taken again")


def change_tokens(pod, count, apps):
    def status(text):
        return pod.get(pods.ADMIN, "/api/v1/snapshot", {"Authorization": f"Bearer {text}"})[0]

    (old, old_line), (new, new_line) = token("old"), token("new")
    pod.tokens.put(tokens=old_line)
    count.check(network.wait_for(lambda: status(old) == 200, 15, 1), "a token of the mounted Secret opens the API")
    with unharmed(count, apps, "the Secret is swapped and no request fails"):
        pod.tokens.put(tokens=new_line)
        count.check(network.wait_for(lambda: status(new) == 200, 15, 1), "the new token is taken without a restart")
        count.check(status(old) == 401, "the old one is refused from then on")


def restart_redis(pod, count, apps):
    with unharmed(count, apps, "Redis is killed, and after a second started again: no read of a cache policy fails", ("read",)):
        pod.redis.kill()
        time.sleep(1)
        count.check(pod.probe("/readyz") == 200, "meanwhile the pod stays ready")
        pod.redis.start()
        back = time.monotonic()
        before = [app.now()["done"].get("own", 0) for app in apps]
        recovered = network.wait_for(lambda: all(app.now()["done"].get("own", 0) > was for app, was in zip(apps, before)), 10)
        count.check(recovered, "writes work again", f"{(time.monotonic() - back) * 1e3:.0f} ms after Redis answered")
    count.note(f"writes and reads of no policy meanwhile: {sum(app.failed() for app in apps)} failed with Redis away")
    with unharmed(count, apps, "afterwards nothing fails"):
        pass


def kill_sidecar(pod, count, apps, with_flags):
    before, since = [app.failed() for app in apps], [len(app.reports()) for app in apps]
    pod.sidecar.signal(signal.SIGKILL)
    count.check(pod.sidecar.wait(5) and pod.sidecar.code == -signal.SIGKILL, "kill -9 ends the sidecar", pod.sidecar.code)
    took = pod.start_sidecar(with_flags)
    done = [app.done() for app in apps]
    count.check(network.wait_for(lambda: all(app.done() > was + 100 for app, was in zip(apps, done)), 10),
                "started again, it takes over its port and the old socket's path; the apps go on without a restart", f"up in {took * 1e3:.0f} ms")
    failed = sum(app.failed() - was for app, was in zip(apps, before))
    gap = max(app.longest_gap(start) for app, start in zip(apps, since))
    count.note(f"the apps saw {failed} failed requests; the longest time without a success was {gap * 1e3:.0f} ms")
    with unharmed(count, apps, "afterwards nothing fails"):
        pass


def end_native(pod, count, apps):
    """The kubelet's order for a native sidecar: the apps first, and when the last has ended, the sidecar."""
    failed = [app.failed() for app in apps]
    for app in apps:
        app.terminate()
    ended = [app.wait(15) for app in apps]
    count.check(all(ended) and [app.code for app in apps] == [0, 0], "at SIGTERM the apps finish their work and end with 0", [app.code for app in apps])
    count.check([app.failed() for app in apps] == failed, "none of their last requests failed")
    count.check(all(app.now()["wrong"] == 0 for app in apps), "no app ever read of its own something else than it had written")
    took = pod.stop_sidecar()
    count.check(pod.sidecar.code == 0 and took < 2, "then SIGTERM ends the sidecar with 0 within the two seconds that a kubelet leaves it", f"{took * 1e3:.0f} ms")
    count.check("panic" not in pod.sidecar.words(), "it drained", json.loads(pod.sidecar.words().strip().rsplit("\n", 1)[-1])["event"])


def native(pod, count):
    with_flags = flags("socket", count)
    apps = start(pod, count, with_flags)
    change_config(pod, count, apps)
    change_tokens(pod, count, apps)
    restart_redis(pod, count, apps)
    kill_sidecar(pod, count, apps, with_flags)
    end_native(pod, count, apps)


def end_plain(pod, name, with_flags):
    """Both get SIGTERM at once, as plain containers do. Returns (failed requests of the apps, their exit codes, sidecar's seconds)."""
    pod.config.put(**{"herdgate.yaml": CONFIG})
    pod.start_sidecar(with_flags)
    apps = both(pod, name)
    if not network.wait_for(lambda: all(app.done() > 200 for app in apps), 20):
        raise RuntimeError("the apps did not start")
    for app in apps:
        app.terminate()
    took = pod.stop_sidecar(30)
    for app in apps:
        app.wait(15)
    return sum(app.failed() for app in apps), [app.code for app in apps], took


def plain(pod, count):
    pod.tokens.put(tokens=token("nobody")[1])
    with_flags = flags("plain", count)
    delay = next(float(flag.split("=")[1].removesuffix("s")) for flag in with_flags if flag.startswith("--shutdown-delay="))
    failed, codes, took = end_plain(pod, "at-once-", [flag for flag in with_flags if not flag.startswith("--shutdown-delay")])
    count.note(f"plain form, SIGTERM to both at once, apps that work on for 1 s, no delay: {failed} requests failed, the sidecar ended after {took:.2f} s")
    failed, codes, took = end_plain(pod, "delayed-", with_flags)
    count.check(failed == 0 and codes == [0, 0], f"with shutdown.delay, {delay:g} s: none of their last requests fails", f"{failed} failed, apps ended with {codes}")
    count.check(pod.sidecar.code == 0 and delay <= took < delay + 4, "and the sidecar ends with 0 after the delay", f"{took:.2f} s")


def job(pod, count):
    pod.config.put(**{"herdgate.yaml": CONFIG})
    pod.tokens.put(tokens=token("nobody")[1])
    pod.start_sidecar(flags("job", count))
    one = pod.start_app("job", "port", 1000, "--requests", "2000")
    count.check(one.wait(60) and one.code == 0 and one.failed() == 0, "a job does its work through the sidecar and ends with 0", f"{one.done()} requests")
    time.sleep(1)
    count.check(pod.sidecar.running, "the sidecar does not end by itself: as a plain container it would hold the Job")
    took = pod.stop_sidecar()
    count.check(pod.sidecar.code == 0 and took < 1, "as a native one it is told to, and the Job is complete", f"{took * 1e3:.0f} ms after the app")


ACTS = {"native": native, "plain": plain, "job": job}


def act(name, root, folder, count):
    count.note(f"--- {name}")
    pod = pods.Pod(root, folder / name)
    try:
        ACTS[name](pod, count)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        count.check(False, f"{name} goes through", error)
        if pod.sidecar:
            count.note(pod.sidecar.words())
    finally:
        pod.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", type=pathlib.Path, default=pods.HERE.parents[1] / "build/image/unpacked")
    parser.add_argument("--keep", type=pathlib.Path, help="leave logs and reports there")
    parser.add_argument("acts", nargs="*", metavar="ACT", help=" ".join(ACTS))
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # The volumes' mounts are this process's own.
    container.unshare(container.CLONE_NEWNS)
    container.mount(None, "/", None, container.MS_REC | container.MS_PRIVATE)
    folder = pathlib.Path(arguments.keep or tempfile.mkdtemp(prefix="herdgate-pod-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    count = tally.Tally()
    for name in arguments.acts or ACTS:
        act(name, arguments.root, folder, count)
    if not arguments.keep and not count.failed:
        shutil.rmtree(folder)
    elif count.failed:
        count.note(f"logs: {folder}")
    return count.close()


if __name__ == "__main__":
    sys.exit(main())
