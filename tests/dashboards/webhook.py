"""An injector beside the sidecars, and what it meets: pods of all outcomes, a certificate that ends soon, files with mistakes."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests" / "lib"), str(ROOT / "tests" / "clients")]
import injector  # noqa: E402  (it is beside other scripts)
import servers  # noqa: E402

# Of the reviews in tests/unit/inject: a pod that gets a sidecar, one that doesn't ask, one that has one, one that can't have one, one that never gets one.
REVIEWS = ("deployment", "job", "not_asked", "already_injected", "host_network", "kube_system")
# Each is within the time of another alert.
DAYS, FEWER_DAYS = 10, 1


class Webhook:
    def __init__(self, started: servers.Servers, herdgate: str, folder: pathlib.Path):
        files = folder / "injector"
        files.mkdir()
        self.injector = injector.Injector(files, servers.free_port(), servers.free_port(), DAYS)
        if not self.injector.wait_until_ready(started.start("injector", self.injector.command(herdgate))):
            raise SystemExit("herdgate inject did not answer")

    def ask(self) -> None:
        """For pods of all outcomes, and for what is no pod, as somebody does who is not the API server."""
        for body in (*map(injector.review, REVIEWS), injector.too_deep()):
            if self.injector.send(body)[0] != 200:
                raise SystemExit("the injector refuses a review")
        for _ in range(20):
            if self.injector.send("{}")[0] != 400:
                raise SystemExit("the injector takes what is no review")

    def renew_badly(self) -> None:
        """A certificate that ends sooner than the one before."""
        self.injector.write_certificate(FEWER_DAYS)

    def err(self) -> None:
        self.injector.cert.write_text("nonsense\n", encoding="ascii")
        self.injector.write_template("container: {}\n")
