"""What operators do by the HTTP API of the sidecars under load, well and badly, so that its figures are there."""

import pathlib
import shutil
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))
import admin_api  # noqa: E402  (it is beside other scripts)

TOKEN, STRANGE_TOKEN = "hg_the-token-of-the-live-check", "hg_of-another-place"
# Keys of a policy that a reload takes away, so that its invalidation fails.
DOOMED = 400


class Operators:
    def __init__(self, folder: pathlib.Path):
        self.tokens, self.audit = folder / "tokens", folder / "audit"
        self.audit.mkdir()
        self.write_tokens(admin_api.token_line("ops", TOKEN))
        self.ports: list[int] = []

    def flags(self, port: int) -> list[str]:
        """Those of a sidecar whose API they use at the port."""
        self.ports.append(port)
        return [
            "--admin",
            f"127.0.0.1:{port}",
            "--admin-tokens-file",
            str(self.tokens),
            "--admin-audit-file",
            str(self.audit / f"{port}.jsonl"),
        ]

    def api(self, sidecar: int, token: str = TOKEN) -> admin_api.AdminApi:
        return admin_api.AdminApi(self.ports[sidecar], token)

    def write_tokens(self, text: str) -> None:
        draft = self.tokens.with_suffix(".new")
        draft.write_text(text, encoding="ascii")
        draft.rename(self.tokens)

    def forget_users(self) -> None:
        """Slowly, so that it is seen under way, and harder than is needed, so that it is seen in the hit ratio."""
        self.api(0).invalidate({"kind": "prefix", "prefix": "user:", "mode": "hard"}, rate=150)

    def forget_what_is_doomed(self) -> None:
        """More than can be done until the policy is gone."""
        self.api(1).invalidate({"kind": "policy", "policy": "doomed", "mode": "hard"}, rate=20)

    def forget_softly(self) -> None:
        """While the audit's folder is not there."""
        shutil.rmtree(self.audit)
        for target in ({"kind": "pattern", "pattern": "rank:*"}, {"kind": "key", "keys": [{"key": "feed:0"}]}):
            self.api(0).ended(self.api(0).invalidate(target))
        self.audit.mkdir()

    def err(self) -> None:
        """A file of tokens with a mistake, which is noticed when somebody asks; and somebody who tries tokens."""
        self.write_tokens("nonsense\n")
        time.sleep(1.5)
        self.api(0).ask("/snapshot")
        self.api(1).ask("/snapshot")
        for _ in range(40):
            try:
                self.api(1, STRANGE_TOKEN).ask("/snapshot")
            except admin_api.Refused:
                continue
            raise SystemExit("the HTTP API takes any token")
