"""redis-py: commands and their replies, pipelines, databases, errors."""

import redis

from checks import DB, MEMORY, OTHER_DB, PREFIX, binary, check, expect, expect_raises, key, wait_until
from redis_py_client import NEW, PROTOCOL, client, in_thread, r, single

DEEP = 10_000


@check(memory=True)
def connect():
    expect(r.ping(), True)
    expect(r.echo(b"a\r\n\x00b"), b"a\r\n\x00b")
    expect(r.set(key("hello"), "world"), True)
    expect(r.get(key("hello")), b"world")
    expect(r.get(key("nothing")), None)
    expect(client(decode_responses=True).get(key("hello")), "world")
    expect(r.delete(key("hello"), key("nothing")), 1)


@check(memory=True)
def names_and_ids():
    one, two = single(client_name=PREFIX + "one"), single(client_name=PREFIX + "two")
    first, second = one.client_id(), two.client_id()
    assert 0 < first < second, (first, second)
    expect(one.client_getname() in (PREFIX + "one", (PREFIX + "one").encode()), True)
    one.client_setname(PREFIX + "renamed")
    mine = [row for row in two.client_list() if row["name"] == PREFIX + "renamed"]
    expect([row["id"] for row in mine], [str(first)])
    ip, port = one.connection._sock.getsockname()
    expect(mine[0]["addr"], f"{ip}:{port}")
    expect(mine[0]["db"], str(DB))
    expect(int(one.client_info()["id"]), first)
    expect_raises(redis.ResponseError, "Client names cannot contain spaces", one.client_setname, "a b")


@check
def resp3_types():
    r.delete(key("h"), key("s"), key("z"))
    r.hset(key("h"), mapping={"f": "1"})
    r.sadd(key("s"), "a", "b")
    r.zadd(key("z"), {"a": 1.5})
    expect(r.hgetall(key("h")), {b"f": b"1"})
    expect(set(r.smembers(key("s"))), {b"a", b"b"})
    expect(r.zscore(key("z"), "a"), 1.5)
    hello = r.execute_command("HELLO")
    pairs = hello if isinstance(hello, dict) else dict(zip(hello[::2], hello[1::2]))
    expect(pairs.get(b"proto", pairs.get("proto")), PROTOCOL)
    expect(pairs.get(b"mode", pairs.get("mode")) in (b"standalone", "standalone"), True)


@check(memory=True)
def deep_pipeline_keeps_order():
    pipe = r.pipeline(transaction=False)
    for i in range(DEEP):
        (pipe.set(key(f"p{i}"), f"value {i}") if i % 2 == 0 else pipe.echo(f"echo {i}"))
    expect(pipe.execute(), [True if i % 2 == 0 else f"echo {i}".encode() for i in range(DEEP)])
    for i in range(DEEP):
        (pipe.get(key(f"p{i}")) if i % 2 == 0 else pipe.exists(key(f"p{i - 1}"), key(f"p{i}")))
    expect(pipe.execute(), [f"value {i}".encode() if i % 2 == 0 else 1 for i in range(DEEP)])
    pipe.delete(*(key(f"p{i}") for i in range(DEEP)))
    expect(pipe.execute(), [DEEP // 2])


@check
def error_inside_a_pipeline_keeps_its_place():
    r.set(key("text"), "x")
    pipe = r.pipeline(transaction=False)
    for i in range(300):
        (pipe.lpush(key("text"), 1) if i % 3 == 1 else pipe.echo(str(i)))
    for i, reply in enumerate(pipe.execute(raise_on_error=False)):
        if i % 3 == 1:
            assert isinstance(reply, redis.ResponseError) and "WRONGTYPE" in str(reply), (i, reply)
        else:
            expect(reply, str(i).encode())


@check(memory=True)
def binary_and_empty():
    every_byte, name = bytes(range(256)), PREFIX.encode() + b"\r\n\x00\xff$3\r\n*1" + bytes(range(256))
    expect(r.set(name, every_byte), True)
    expect(r.get(name), every_byte)
    expect(r.mget(name, key("absent"), name), [every_byte, None, every_byte])
    expect(r.set(key("empty"), b""), True)
    expect(r.get(key("empty")), b"")
    expect(r.strlen(key("empty")), 0)
    expect(r.set(b"", b"the empty key"), True)
    expect(r.get(b""), b"the empty key")
    expect(r.delete(b"", name), 2)


@check(memory=True)
def ten_megabyte_value():
    value = binary(10_000_000)
    expect(r.set(key("big"), value), True)
    expect(r.strlen(key("big")), len(value))
    assert r.get(key("big")) == value, "the value came back changed"
    pipe = r.pipeline(transaction=False)
    pipe.echo("before").get(key("big")).echo("after")
    before, big, after = pipe.execute()
    expect((before, after), (b"before", b"after"))
    assert big == value, "the value came back changed in a pipeline"
    expect(r.delete(key("big")), 1)


@check(memory=True)
def expiry():
    expect(r.set(key("ttl"), 1, px=60_000), True)
    assert 55_000 < r.pttl(key("ttl")) <= 60_000
    expect(r.persist(key("ttl")), True)
    expect(r.ttl(key("ttl")), -1)
    expect(r.ttl(key("absent")), -2)
    expect(r.expire(key("ttl"), 100), True)
    assert 95 < r.ttl(key("ttl")) <= 100
    expect(r.set(key("ttl"), 2, nx=True), None)
    expect(r.set(key("short"), 1, px=30), True)
    wait_until(lambda: r.get(key("short")) is None, "a key with PX 30 expires")


@check
def data_types():
    names = [key(name) for name in ("list", "hash", "zset", "hll", "geo", "bits", "stream")]
    r.delete(*names)
    expect(r.rpush(names[0], *range(100)), 100)
    expect(r.lrange(names[0], 0, -1), [str(i).encode() for i in range(100)])
    expect(r.hset(names[1], mapping={f"f{i}": i for i in range(100)}), 100)
    expect(r.hmget(names[1], "f1", "none", "f99"), [b"1", None, b"99"])
    r.zadd(names[2], {f"m{i}": i / 2 for i in range(100)})
    lowest = r.zrange(names[2], 0, 2, withscores=True)
    expect([(member, float(score)) for member, score in lowest], [(b"m0", 0.0), (b"m1", 0.5), (b"m2", 1.0)])
    expect(r.zincrby(names[2], 1.25, "m0"), 1.25)
    expect(r.pfadd(names[3], "a", "b"), 1)
    expect(r.pfcount(names[3]), 2)
    expect(r.geoadd(names[4], (13.361389, 38.115556, "Palermo")), 1)
    expect(r.geopos(names[4], "nowhere"), [None])
    expect(r.setbit(names[5], 7, 1), 0)
    expect(r.bitcount(names[5]), 1)
    entry = r.xadd(names[6], {"f": "v"})
    expect(r.xrange(names[6]), [(entry, {b"f": b"v"})])


@check(memory=True)
def scan():
    wanted = {key(f"scan:{i}").encode() for i in range(2000)}
    r.mset({name: 1 for name in wanted})
    expect(set(r.scan_iter(match=key("scan:*"), count=100)), wanted)
    expect(set(r.keys(key("scan:1?"))), {key(f"scan:1{i}").encode() for i in range(10)})
    r.delete(*wanted)
    expect(list(r.scan_iter(match=key("scan:*"))), [])


@check
def scan_of_collections():
    r.delete(key("hs"), key("ss"), key("zs"))
    r.hset(key("hs"), mapping={f"f{i}": i for i in range(1000)})
    r.sadd(key("ss"), *range(1000))
    r.zadd(key("zs"), {str(i): i for i in range(1000)})
    expect(len(dict(r.hscan_iter(key("hs")))), 1000)
    expect(len(set(r.sscan_iter(key("ss")))), 1000)
    expect(len(dict(r.zscan_iter(key("zs")))), 1000)


@check(memory=True)
def databases_are_separate():
    other, step = client(OTHER_DB), single()
    other.flushdb()
    r.set(key("where"), "here")
    expect(other.get(key("where")), None)
    other.set(key("where"), "there")
    expect((r.get(key("where")), other.get(key("where"))), (b"here", b"there"))
    step.execute_command("SELECT", OTHER_DB)
    expect(step.get(key("where")), b"there")
    step.execute_command("SELECT", DB)
    expect(step.get(key("where")), b"here")
    pipe = step.pipeline(transaction=False)
    for i in range(100):
        pipe.execute_command("SELECT", OTHER_DB if i % 2 else DB)
        pipe.get(key("where"))
    expect(pipe.execute()[1::2], [b"here", b"there"] * 50)
    other.flushdb()
    expect(r.get(key("where")), b"here")
    expect_raises(redis.ResponseError, "DB index is out of range", step.execute_command, "SELECT", 99_999)
    expect_raises(redis.ResponseError, "value is not an integer", step.execute_command, "SELECT", "one")


@check
def errors():
    r.set(key("text"), "x")
    expect_raises(redis.ResponseError, "WRONGTYPE Operation against a key", r.lpush, key("text"), 1)
    expect_raises(redis.exceptions.NoScriptError, "", r.evalsha, "0" * 40, 0)
    expect_raises(redis.ResponseError, "not an integer or out of range", r.incr, key("text"))
    expect_raises(redis.ResponseError, "syntax error", r.execute_command, "SET", key("text"), 1, "EX", 1, "PX", 1)
    expect_raises(redis.ResponseError, "unknown subcommand", r.execute_command, "CLIENT", "NOSUCH")
    password_error = redis.AuthenticationError if NEW else redis.ResponseError
    expect_raises(password_error, "without any password configured", r.execute_command, "AUTH", "x")
    expect(r.get(key("text")), b"x")


@check(memory=True)
def command_errors():
    text = "the embedded store has no 'NOSUCH'; use a Redis upstream" if MEMORY else "unknown command 'NOSUCH'"
    expect_raises(redis.ResponseError, text, r.execute_command, "NOSUCH", "a")
    expect_raises(redis.ResponseError, "wrong number of arguments for 'get' command", r.execute_command, "GET")
    expect(r.ping(), True)


@check(memory=True)
def threads_share_a_client():
    def work(number):
        for i in range(300):
            name = key(f"thread{number}:{i}")
            expect(r.set(name, f"{number}/{i}", px=60_000), True)
            expect(r.get(name), f"{number}/{i}".encode())
        return number

    waiting = [in_thread(lambda n=n: work(n)) for n in range(8)]
    expect([done() for done in waiting], list(range(8)))
