"""redis-cli as people use it: one-off commands, a terminal, stdin, --pipe, --scan, -3, --eval, --rdb; and inline
commands as a shell and nc send them."""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))

from checks import DB, HOST, OTHER_DB, PORT, binary, check, expect, key, main  # noqa: E402

COUNT = 10_000


def command(*arguments, db=DB):
    return ["redis-cli", "-h", HOST, "-p", str(PORT), "-n", str(db), *map(str, arguments)]


def cli(*arguments, stdin=b"", db=DB, ok=True):
    done = subprocess.run(command(*arguments, db=db), input=stdin, capture_output=True, timeout=40)
    if ok and done.returncode:
        raise AssertionError(f"redis-cli {arguments[:4]} exited {done.returncode}: {done.stderr[-300:]!r}")
    return done.stdout


@check
def one_command_a_call():
    expect(cli("PING"), b"PONG\n")
    expect(cli("SET", key("a"), "b c"), b"OK\n")
    expect(cli("GET", key("a")), b"b c\n")
    expect(cli("--no-raw", "GET", key("a")), b'"b c"\n')
    expect(cli("--no-raw", "GET", key("absent")), b"(nil)\n")
    expect(cli("-r", 5, "INCR", key("n")).split(), [b"1", b"2", b"3", b"4", b"5"])
    expect(cli("GET", key("a"), db=OTHER_DB), b"\n")
    expect(b"redis_version:" in cli("INFO", "server"), True)


@check
def errors():
    expect(cli("--no-raw", "LPUSH", key("a"), 1).startswith(b"(error) WRONGTYPE Operation"), True)
    expect(cli("--no-raw", "NOSUCH", "x"), b"(error) ERR unknown command 'NOSUCH', with args beginning with: 'x' \n")
    expect(subprocess.run(command("-e", "GET"), capture_output=True).returncode, 1)


@check
def last_argument_from_stdin():
    value = binary(10_000_000)
    expect(cli("-x", "SET", key("big"), stdin=value), b"OK\n")
    got = cli("GET", key("big"))
    assert got == value + b"\n", f"{len(got)} bytes came back, or others"
    expect(cli("STRLEN", key("big")), b"10000000\n")
    expect(cli("DEL", key("big")), b"1\n")


@check
def many_lines_on_stdin():
    lines = "".join(f"ECHO line-{i}\n" for i in range(2000))
    expect(cli(stdin=lines.encode()), "".join(f"line-{i}\n" for i in range(2000)).encode())


@check
def pipe_mode():
    def request(*words):
        return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)

    names = [key(f"pipe:{i}").encode() for i in range(COUNT)]
    output = cli("--pipe", stdin=b"".join(request(b"SET", name, b"v%d" % i) for i, name in enumerate(names)))
    expect(b"errors: 0, replies: %d" % COUNT in output, True, output.decode())
    expect(cli("GET", names[-1].decode()), b"v%d\n" % (COUNT - 1))
    output = cli("--pipe", stdin=request(b"LPUSH", names[0], b"x") + request(b"ECHO", b"y"), ok=False)
    expect(b"errors: 1, replies: 2" in output, True, output.decode())


@check
def scan_mode():
    wanted = {key(f"pipe:{i}").encode() for i in range(COUNT)}
    expect(set(cli("--scan", "--pattern", key("pipe:*")).split()), wanted)
    expect(len(cli("--scan", "--pattern", key("pipe:99?")).split()), 10)
    expect(b"Biggest string found" in cli("--bigkeys"), True)
    expect(b"Biggest string found" in cli("--memkeys"), True)


@check
def resp3():
    cli("HSET", key("h"), "f", 1)
    cli("ZADD", key("z"), 1.5, "m")
    expect(cli("-3", "--no-raw", "HGETALL", key("h")), b'1# "f" => "1"\n')
    expect(cli("-3", "--no-raw", "ZSCORE", key("z"), "m"), b"(double) 1.5\n")
    expect(cli("-2", "--no-raw", "HGETALL", key("h")), b'1) "f"\n2) "1"\n')
    expect(b'3# "proto" => (integer) 3\n' in cli("-3", "--no-raw", "HELLO"), True)
    expect(cli("-3", "--json", "HGETALL", key("h")), b'{"f":"1"}\n')


@check
def lua_file():
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write("redis.call('SET', KEYS[1], ARGV[1]) return {KEYS[1], redis.call('GET', KEYS[1])}")
        script.flush()
        expect(cli("--eval", script.name, key("lua"), ",", "value").split(), [key("lua").encode(), b"value"])


@check
def functions_and_backup_file():
    with tempfile.TemporaryDirectory() as folder:
        cli("--rdb", os.path.join(folder, "dump.rdb"))
        with open(os.path.join(folder, "dump.rdb"), "rb") as dump:
            content = dump.read()
    expect(content[:5], b"REDIS")
    expect(key("a").encode() in content, True)


class Terminal:
    """redis-cli on a pseudo terminal, as somebody types at it."""

    def __init__(self, *arguments):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="dumb", HOME="/nonexistent")
            os.execvp("redis-cli", command(*arguments))
        self.seen = ""

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def wait_for(self, pattern, seconds=15):
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.seen)):
            if time.monotonic() > deadline or not select.select([self.descriptor], [], [], seconds)[0]:
                raise AssertionError(f"the terminal never showed {pattern!r}, but {self.seen[-500:]!r}")
            self.seen += os.read(self.descriptor, 65536).decode(errors="replace")
        self.seen = self.seen[found.end():]
        return found

    def close(self):
        os.close(self.descriptor)
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)


def has_terminals():
    """Whether pseudo terminals can be opened: a chroot or a spare container may have /dev without devpts."""
    try:
        ends = os.openpty()
    except OSError:
        return False
    for end in ends:
        os.close(end)
    return True


def check_on_terminal(function):
    """A check that needs a terminal; said and left out where there is none."""
    if has_terminals():
        return check(function)
    print(f"  skip {function.__name__}: no pseudo terminals here (devpts is not mounted)", flush=True)
    return function


@check_on_terminal
def a_terminal():
    terminal = Terminal()
    prompt = rf"{re.escape(HOST)}:{PORT}\[{DB}\]> "
    terminal.wait_for(prompt)
    terminal.type(f'set {key("tty")} "typed text"\n')
    terminal.wait_for("OK")
    terminal.type(f"get {key('tty')}\n")
    terminal.wait_for('"typed text"')
    terminal.type("multi\n")
    terminal.wait_for(r"\(TX\)> ")
    terminal.type(f"get {key('tty')}\n")
    terminal.wait_for("QUEUED")
    terminal.type("exec\n")
    terminal.wait_for(r'1\) "typed text"')
    terminal.type(f"select {OTHER_DB}\n")
    terminal.wait_for(rf"\[{OTHER_DB}\]> ")
    terminal.type("quit\n")
    terminal.close()


@check_on_terminal
def a_terminal_on_subscribe_and_monitor():
    listener, watcher = Terminal(), Terminal()
    listener.wait_for("> ")
    listener.type(f"subscribe {key('ch')}\n")
    listener.wait_for(r"\(integer\) 1")
    watcher.wait_for("> ")
    watcher.type("monitor\n")
    watcher.wait_for("OK")
    expect(cli("PUBLISH", key("ch"), "news"), b"1\n")
    listener.wait_for('"news"')
    watcher.wait_for(f'"PUBLISH" "{key("ch")}" "news"')
    listener.close()
    watcher.close()


def talk(sent, half_close=True):
    """What nc shows: everything the server says after `sent`, until it closes."""
    with socket.create_connection((HOST, PORT), 15) as link:
        link.sendall(sent)
        if half_close:
            link.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := link.recv(65536):
            received += chunk
        return received


@check
def inline_commands():
    name = key("inline").encode()
    expect(talk(b"PING\r\n"), b"+PONG\r\n")
    expect(talk(b"ping\nECHO 'single quoted' \nQUIT\nPING\n", False), b"+PONG\r\n$13\r\nsingle quoted\r\n+OK\r\n")
    mixed = b"SELECT %d\r\nSET %s \"a\\x00\\n b\"\r\n*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n\r\nSTRLEN %s\r\nQUIT\r\n"
    expect(talk(mixed % (DB, name, len(name), name, name), False), b"+OK\r\n+OK\r\n$5\r\na\x00\n b\r\n:5\r\n+OK\r\n")
    texts = [b"text %d" % i for i in range(500)]
    answers = b"".join(b"$%d\r\n%s\r\n" % (len(text), text) for text in texts)
    expect(talk(b"".join(b"ECHO '%s'\r\n" % text for text in texts)), answers)


@check
def malformed_input_is_answered_and_closed():
    expect(talk(b"PING\r\nSET a \"b\r\n", False), b"+PONG\r\n-ERR Protocol error: unbalanced quotes in request\r\n")
    expect(talk(b"*1\r\n:1\r\n", False), b"-ERR Protocol error: expected '$', got ':'\r\n")
    expect(talk(b"*99999999999\r\n", False), b"-ERR Protocol error: invalid multibulk length\r\n")
    expect(talk(b"*1\r\n$-5\r\n", False), b"-ERR Protocol error: invalid bulk length\r\n")
    try:
        expect(talk(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", False), b"")
    except ConnectionResetError:
        pass  # closed with the rest of the request unread


main(before=lambda: cli("FLUSHDB"))
