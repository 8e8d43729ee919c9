"""A sidecar and a redis-server of one's own, a Redis client of a few lines, and what a scrape says."""
import contextlib
import gzip
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'lib'))
from admin_api import AdminApi, Refused, token_line  # noqa: E402, F401  (beside other scripts; Refused is for those who use this)
from injector import Injector  # noqa: E402

SAMPLE = re.compile(r'^([a-z0-9_]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
PATIENCE = 30  # seconds until what must happen has happened on a slow machine


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def eventually(holds, what):
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f'not within {PATIENCE} s: {what}')
        time.sleep(0.02)


class Client:
    """Speaks RESP2; replies are counted and not understood beyond their first line."""

    def __init__(self, port):
        self.socket = socket.create_connection(('127.0.0.1', port), timeout=PATIENCE)
        self.file = self.socket.makefile('rb')

    def send(self, *commands):
        out = []
        for command in commands:
            words = command.split()
            out.append(f'*{len(words)}\r\n' + ''.join(f'${len(word)}\r\n{word}\r\n' for word in words))
        self.socket.sendall(''.join(out).encode())
        return [self.reply() for _ in commands]

    def reply(self):
        line = self.file.readline()
        if line[:1] == b'$' and line != b'$-1\r\n':
            self.file.read(int(line[1:]) + 2)
        if line[:1] == b'*':
            for _ in range(int(line[1:])):
                self.reply()
        return line.decode().strip()

    def close(self):
        self.file.close()
        self.socket.close()


class Scrape:
    """What /metrics says: help and type by family, samples by family, each with its labels and value."""

    def __init__(self, text):
        self.text = text
        self.help, self.type, self.samples = {}, {}, {}
        for line in text.splitlines():
            if line.startswith('# '):
                _, kind, name, rest = line.split(' ', 3)
                (self.help if kind == 'HELP' else self.type)[name] = rest
                continue
            name, labels, value = SAMPLE.match(line).groups()
            family = name
            for suffix in ('_bucket', '_sum', '_count'):
                if name.endswith(suffix) and self.type.get(name[:-len(suffix)]) == 'histogram':
                    family = name[:-len(suffix)]
            sample = (name, dict(LABEL.findall(labels or '')), float(value))
            self.samples.setdefault(family, []).append(sample)

    def series(self):
        return sum(len(samples) for samples in self.samples.values())

    def labels(self, family):
        return sorted({label for _, labels, _ in self.samples[family] for label in labels} - {'le'})

    def sum(self, name, **labels):
        family = re.sub('_(count|sum)$', '', name)
        rows = self.samples.get(name, self.samples.get(family, []))
        return sum(value for of, has, value in rows if of == name and labels.items() <= has.items())

    def policies(self, family):
        return {labels['policy'] for _, labels, _ in self.samples.get(family, [])}

    def cost(self, family, label='policy'):
        """How many series it is: of all, or of the policy that has most of them."""
        by_value = {}
        for _, labels, _ in self.samples[family]:
            by_value[labels.get(label)] = by_value.get(labels.get(label), 0) + 1
        return max(by_value.values())


class Sidecar:
    """All of its listeners are on: clients, telemetry, and the HTTP API for one token."""

    TOKEN = 'hg_the-token-of-scrape-tests'

    def __init__(self, binary, config, loops=2):
        self.folder = tempfile.TemporaryDirectory()
        self.config, tokens = (os.path.join(self.folder.name, name) for name in ('herdgate.yaml', 'tokens'))
        self.write(config)
        with open(tokens, 'w', encoding='ascii') as file:
            file.write(token_line('ops', self.TOKEN))
        for _ in range(5):  # a port may be taken between the choice and the bind
            self.port, self.telemetry, admin = free_port(), free_port(), free_port()
            self.api = AdminApi(admin, self.TOKEN)
            command = [binary, 'serve', '--config', self.config, '--loops', str(loops), '--listen', f'tcp://127.0.0.1:{self.port}',
                       '--telemetry', f'127.0.0.1:{self.telemetry}', '--admin', f'127.0.0.1:{admin}', '--admin-tokens-file', tokens]
            with open(os.path.join(self.folder.name, 'log'), 'wb') as log:
                self.process = subprocess.Popen(command, stderr=log)
            if self.ready():
                return
            self.stop()
        raise AssertionError('the sidecar does not start: ' + self.log())

    def write(self, config):
        with open(self.config + '.new', 'w', encoding='ascii') as file:
            file.write(config)
        os.rename(self.config + '.new', self.config)

    def ready(self):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError), urllib.request.urlopen(f'http://127.0.0.1:{self.telemetry}/readyz?verbose') as answer:
                if b'[+]upstream ok' in answer.read():
                    return True
            time.sleep(0.02)
        return False

    def log(self):
        with open(os.path.join(self.folder.name, 'log'), encoding='utf-8', errors='replace') as file:
            return file.read()

    def get(self, encoding=None):
        request = urllib.request.Request(f'http://127.0.0.1:{self.telemetry}/metrics')
        if encoding:
            request.add_header('Accept-Encoding', encoding)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            body = answer.read()
            return answer.headers, gzip.decompress(body) if answer.headers['Content-Encoding'] == 'gzip' else body

    def scrape(self):
        return Scrape(self.get()[1].decode())

    def becomes(self, holds, what):
        """The first scrape of which it holds; scrapes are a second old at most."""
        seen = []
        eventually(lambda: seen.append(self.scrape()) or holds(seen[-1]), what)
        return seen[-1]

    def reload(self, config):
        before = self.scrape().sum('herdgate_config_reloads_total')
        self.write(config)
        self.process.send_signal(signal.SIGHUP)
        return self.becomes(lambda s: s.sum('herdgate_config_reloads_total') > before, 'reloaded')

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def scrape_of_injector(binary):
    """Of `herdgate inject`, which has metrics of its own."""
    with tempfile.TemporaryDirectory() as folder, open(os.path.join(folder, 'log'), 'w+b') as log:
        for _ in range(5):  # a port may be taken between the choice and the bind
            injector = Injector(folder, free_port(), free_port())
            with subprocess.Popen(injector.command(binary), stderr=log) as process:
                try:
                    if injector.wait_until_ready(process):
                        with urllib.request.urlopen(f'http://127.0.0.1:{injector.telemetry}/metrics', timeout=PATIENCE) as answer:
                            return Scrape(answer.read().decode())
                finally:
                    process.kill()
        log.seek(0)
        raise AssertionError('the injector does not start: ' + log.read().decode(errors='replace'))


@contextlib.contextmanager
def redis_server():
    port = free_port()
    process = subprocess.Popen(['redis-server', '--port', str(port), '--save', '', '--bind', '127.0.0.1'], stdout=subprocess.DEVNULL)

    def up():
        with contextlib.suppress(OSError):
            Client(port).close()
            return True
        return False

    try:
        eventually(up, 'redis-server')
        yield port
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def sidecar(binary, config, loops=2):
    running = Sidecar(binary, config, loops)
    try:
        yield running
    finally:
        running.stop()
        running.folder.cleanup()
