"""Counts what held and what did not, a line each."""


class Tally:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, holds, fact, detail=""):
        """`fact` says what is true if it holds; `detail` what was seen. Returns whether it held."""
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print(f"{'ok    ' if holds else 'FAILED'} {fact}" + (f" ({detail})" if detail != "" else ""), flush=True)
        return bool(holds)

    def note(self, text):
        """What is told and not judged."""
        print(f"       {text}", flush=True)

    def close(self):
        """The closing line that .ci/run reads; returns the exit code."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        return 1 if self.failed or not self.passed else 0
