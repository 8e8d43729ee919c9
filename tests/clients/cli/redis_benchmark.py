"""redis-benchmark with all its tests: it stops at the first error reply, and each run must have done every command."""

import csv
import io
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "python"))

from checks import DB, HOST, PORT, check, expect, key, main  # noqa: E402

# The names that 7.0 prints; a newer one may have more.
TESTS = (
    "PING_INLINE PING_MBULK SET GET INCR LPUSH RPUSH LPOP RPOP SADD HSET SPOP ZADD ZPOPMIN LPUSH LRANGE_100 LRANGE_300 "
    "LRANGE_500 LRANGE_600 MSET"
).split()


def benchmark(*arguments, requests=2000, db=DB):
    words = ["redis-benchmark", "-h", HOST, "-p", PORT, "--dbnum", db, "-n", requests, "--csv", *arguments]
    done = subprocess.run(list(map(str, words)), capture_output=True, timeout=40, text=True)
    if done.returncode or "Error" in done.stderr + done.stdout:
        raise AssertionError(f"{arguments} exited {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    return [row["test"].split()[0] for row in csv.DictReader(io.StringIO(done.stdout))]


def cli(*arguments):
    words = ["redis-cli", "-h", HOST, "-p", str(PORT), "-n", str(DB), *map(str, arguments)]
    return subprocess.run(words, capture_output=True, timeout=40, check=True, text=True).stdout.strip()


def expect_all_tests(*arguments, requests=2000):
    cli("FLUSHDB")
    names = benchmark(*arguments, requests=requests)
    expect([name for name in TESTS if name not in names], [], "not run:")


@check
def all_tests():
    expect_all_tests()
    expect(cli("GET", "counter:__rand_int__"), "2000")


@check
def all_tests_in_pipelines():
    expect_all_tests("-P", 16, "-r", 1000, requests=4000)


@check
def all_tests_in_resp3():
    expect_all_tests("-3", "-P", 4)


@check
def all_tests_with_two_threads():
    expect_all_tests("--threads", 2, "-c", 20)


@check
def one_connection_a_request():
    expect(benchmark("-k", 0, "-t", "set,get,incr,lpush", requests=500), ["SET", "GET", "INCR", "LPUSH"])


@check
def large_values():
    expect(benchmark("-d", 65536, "-t", "set,get", requests=1000), ["SET", "GET"])
    expect(cli("STRLEN", "key:__rand_int__"), "65536")


@check
def client_tracking():
    expect(benchmark("-3", "--enable-tracking", "-r", 100, "-t", "set,get"), ["SET", "GET"])


@check
def every_increment_counts():
    benchmark("-P", 50, "-c", 50, "INCR", key("counter"), requests=20_000)
    expect(cli("GET", key("counter")), "20000")
    benchmark("EVAL", "return redis.call('INCR', KEYS[1])", 1, key("counter"), requests=2000)
    expect(cli("GET", key("counter")), "22000")


main(before=lambda: cli("FLUSHDB"))
