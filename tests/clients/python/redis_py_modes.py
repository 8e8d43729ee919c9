"""redis-py: everything that gives a connection a state: transactions, pub/sub, blocking, Lua, MONITOR, reconnects."""

import asyncio
import time

import redis
import redis.asyncio as aredis

from checks import DB, OTHER_DB, PREFIX, check, expect, expect_raises, key, wait_until
from redis_py_client import NEW, client, in_thread, options, r, single


@check(memory=True)
def transaction():
    r.delete(key("t"))
    pipe = r.pipeline(transaction=True)
    for _ in range(1000):
        pipe.incr(key("t"))
    expect(pipe.execute(), list(range(1, 1001)))
    step = single()
    for command, reply in ((("MULTI",), b"OK"), (("INCR", key("t")), b"QUEUED"), (("DISCARD",), b"OK")):
        answer = step.execute_command(*command)
        expect(answer in (reply, reply.decode(), True), True, f"{command} answered {answer!r};")
    expect(r.get(key("t")), b"1000")


@check(memory=True)
def watch_conflict():
    r.set(key("w"), 1)
    with r.pipeline() as pipe:
        pipe.watch(key("w"))
        expect(pipe.get(key("w")), b"1")
        r.set(key("w"), "changed by another connection")
        pipe.multi()
        pipe.set(key("w"), "lost")
        expect_raises(redis.WatchError, "", pipe.execute)
    expect(r.get(key("w")), b"changed by another connection")
    with r.pipeline() as pipe:
        pipe.watch(key("w"))
        pipe.multi()
        pipe.set(key("w"), 10)
        expect(pipe.execute(), [True])
    rounds = []

    def add_one(pipe):
        rounds.append(int(pipe.get(key("w"))))
        if len(rounds) == 1:
            r.set(key("w"), 20)
        pipe.multi()
        pipe.set(key("w"), rounds[-1] + 1)

    r.transaction(add_one, key("w"))
    expect((rounds, r.get(key("w"))), ([10, 20], b"21"))


@check(memory=True)
def aborted_transaction():
    step = single()
    step.execute_command("MULTI")
    expect_raises(redis.ResponseError, "wrong number of arguments", step.execute_command, "GET")
    expect_raises(redis.ResponseError, "previous errors", step.execute_command, "EXEC")
    expect_raises(redis.ResponseError, "EXEC without MULTI", step.execute_command, "EXEC")
    expect(step.ping(), True)


@check
def select_inside_multi():
    other, step = client(OTHER_DB), single()
    other.flushdb()
    for command in (["MULTI"], ["SELECT", OTHER_DB], ["SET", key("inner"), 1], ["EXEC"]):
        step.execute_command(*command)
    expect((other.get(key("inner")), r.get(key("inner"))), (b"1", None))
    expect(step.get(key("inner")), b"1")


def drain(pubsub, count):
    messages = []
    deadline = time.monotonic() + 15
    while len(messages) < count and time.monotonic() < deadline:
        message = pubsub.get_message(timeout=1)
        if message:
            messages.append(message)
    return messages


@check(memory=True)
def publish_subscribe():
    pubsub = r.pubsub()
    one, two, pattern = key("ch1"), key("ch2"), key("pat*")
    pubsub.subscribe(one, two)
    pubsub.psubscribe(pattern)
    expect([m["type"] for m in drain(pubsub, 3)], ["subscribe", "subscribe", "psubscribe"])
    for i in range(200):
        expect(r.publish((one, two, key("pattern"))[i % 3], i), 1)
    messages = drain(pubsub, 200)
    expect([int(m["data"]) for m in messages], list(range(200)))
    expect({m["type"] for m in messages}, {"message", "pmessage"})
    expect(dict(r.pubsub_numsub(one)), {one.encode(): 1})
    expect(set(r.pubsub_channels(key("ch*"))), {one.encode(), two.encode()})
    pubsub.unsubscribe()
    pubsub.punsubscribe()
    expect([m["type"] for m in drain(pubsub, 3)], ["unsubscribe", "unsubscribe", "punsubscribe"])
    expect(r.publish(one, "late"), 0)
    # The same connection goes back to ordinary commands.
    r.set(key("after"), "plain")
    pubsub.connection.send_command("GET", key("after"))
    expect(pubsub.connection.read_response(), b"plain")
    pubsub.subscribe(two)
    expect([m["type"] for m in drain(pubsub, 1)], ["subscribe"])
    r.publish(two, "again")
    expect([m["type"] for m in drain(pubsub, 1)], ["message"])
    pubsub.close()


@check
def blocking_pop():
    r.delete(key("q"), key("q2"))
    started = time.monotonic()
    expect(r.blpop([key("q"), key("q2")], timeout=0.3), None)
    assert 0.25 < time.monotonic() - started < 5, time.monotonic() - started
    waiting = in_thread(lambda: r.blpop([key("q"), key("q2")], timeout=15))
    # The other connections of this client go on while one blocks.
    for i in range(200):
        expect(r.set(key("other"), i), True)
        expect(r.get(key("other")), str(i).encode())
    r.rpush(key("q2"), "job")
    expect(list(waiting()), [key("q2").encode(), b"job"])
    first, second = in_thread(lambda: r.brpop(key("q"), 15)), in_thread(lambda: r.brpop(key("q"), 15))
    r.rpush(key("q"), "x", "y")
    expect(sorted(pair[1] for pair in (first(), second())), [b"x", b"y"])
    moved = in_thread(lambda: r.blmove(key("q"), key("q2"), 15, "LEFT", "RIGHT"))
    r.rpush(key("q"), "m")
    expect(moved(), b"m")
    lowest = in_thread(lambda: r.bzpopmin(key("bz"), 15))
    r.zadd(key("bz"), {"member": 2.5})
    expect(list(lowest())[1:], [b"member", 2.5])


def blocked(name):
    """The row of CLIENT LIST of this connection, once a blocking command holds it."""

    def found():
        return [row for row in r.client_list() if row["name"] == PREFIX + name and "b" in row["flags"]]

    return wait_until(found, f"{name} is blocked")[0]


@check
def commands_behind_a_blocking_one_wait():
    r.delete(key("behind"))
    r.set(key("flag"), "before")
    pipe = client(client_name=PREFIX + "behind").pipeline(transaction=False)
    waiting = in_thread(lambda: pipe.blpop(key("behind"), 15).get(key("flag")).echo("last").execute())
    blocked("behind")
    r.set(key("flag"), "after")
    r.rpush(key("behind"), "go")
    popped, flag, last = waiting()
    expect((list(popped), flag, last), ([key("behind").encode(), b"go"], b"after", b"last"))


@check
def client_list_shows_the_command_that_blocks():
    r.delete(key("shown"))
    pipe = client(client_name=PREFIX + "shown").pipeline(transaction=False)
    waiting = in_thread(lambda: pipe.brpop(key("shown"), 15).echo("last").execute())
    row = blocked("shown")
    r.rpush(key("shown"), "go")
    waiting()
    expect((row["cmd"], row["db"]), ("brpop", str(DB)))


@check
def streams():
    r.delete(key("st"))
    r.xgroup_create(key("st"), "group", mkstream=True)

    def rows(reply):
        return list(reply.values())[0][0] if isinstance(reply, dict) else reply[0][1]

    waiting = in_thread(lambda: r.xreadgroup("group", "worker", {key("st"): ">"}, count=10, block=15_000))
    entry = r.xadd(key("st"), {"f": "v"})
    expect(rows(waiting()), [(entry, {b"f": b"v"})])
    expect(r.xack(key("st"), "group", entry), 1)
    plain = in_thread(lambda: r.xread({key("st"): entry}, block=15_000))
    later = r.xadd(key("st"), {"f": "w"})
    expect(rows(plain()), [(later, {b"f": b"w"})])
    assert not r.xread({key("st"): later}, block=50)


@check
def lua():
    unique = f"-- {PREFIX}{time.time_ns()}\n"
    script = r.register_script(unique + "redis.call('SET', KEYS[1], ARGV[1]); return {KEYS[1], ARGV[1], 7, false}")
    expect_raises(redis.exceptions.NoScriptError, "No matching script", r.evalsha, script.sha, 1, key("lua"), "v")
    expect(script(keys=[key("lua")], args=[b"\x00v"]), [key("lua").encode(), b"\x00v", 7, None])
    expect(r.evalsha(script.sha, 1, key("lua"), "w")[1], b"w")
    expect(r.script_exists(script.sha, "0" * 40), [True, False])
    expect(r.eval("return redis.status_reply('FINE')", 0) in (b"FINE", "FINE"), True)
    expect_raises(redis.ResponseError, "user words", r.eval, "return redis.error_reply('ERR user words')", 0)
    with r.lock(key("lock"), timeout=10, blocking_timeout=5) as lock:
        lock.extend(5)
        expect(r.lock(key("lock"), timeout=10).acquire(blocking=False), False)
    expect(r.exists(key("lock")), 0)


@check
def reconnect_after_kill():
    lonely = client(max_connections=1)
    before = lonely.client_id()
    expect(r.client_kill_filter(_id=before), 1)
    expect(r.client_kill_filter(_id=before), 0)
    expect_raises(redis.ResponseError, "No such client", r.client_kill, "127.0.0.1:1")

    def answered():
        try:
            return lonely.ping()
        except redis.ConnectionError:
            return False

    wait_until(answered, "a command after the kill")
    assert lonely.client_id() > before
    # A connection that kills itself is answered first.
    step = client().connection_pool.get_connection(*(() if NEW else ("CLIENT",)))
    step.send_command("CLIENT", "ID")
    step.send_command("CLIENT", "KILL", "ID", step.read_response(), "SKIPME", "no")
    expect(step.read_response(), 1)
    expect_raises(redis.ConnectionError, "", step.read_response)


@check
def monitor():
    with client().monitor() as watching:
        r.set(key("seen"), "by monitor")
        for _ in range(100_000):
            command = watching.next_command()["command"]
            if key("seen") in command:
                break
        expect(command, f"SET {key('seen')} by monitor")


@check(memory=True)
def asyncio_client():
    async def body():
        a = aredis.Redis(**options(max_connections=300))
        await a.set(key("async"), "v")
        replies = await asyncio.gather(*(a.echo(str(i)) for i in range(200)))
        expect(replies, [str(i).encode() for i in range(200)])
        async with a.pipeline(transaction=True) as pipe:
            expect(await pipe.set(key("async"), 1).incr(key("async")).execute(), [True, 2])
        pubsub = a.pubsub()
        await pubsub.subscribe(key("async-ch"))
        # subscribe() only sends. What is published before the confirmation may be lost.
        while not await pubsub.get_message(timeout=5):
            pass
        for i in range(20):
            await a.publish(key("async-ch"), i)
        got = []
        while len(got) < 20:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
            if message:
                got.append(int(message["data"]))
        expect(got, list(range(20)))
        await pubsub.unsubscribe()
        await (pubsub.aclose() if NEW else pubsub.close())
        await a.connection_pool.disconnect()

    asyncio.run(body())


@check
def abandoned_blocking_pop_takes_nothing():
    """A client that gives up on BLPOP closes its connection: the next element must not vanish with it."""

    def blocked():
        return [row for row in r.client_list() if row["name"] == PREFIX + "quitter"]

    async def body():
        a = aredis.Redis(**options(client_name=PREFIX + "quitter"))
        try:
            await asyncio.wait_for(a.blpop(key("abandoned"), 0), 0.3)
        except asyncio.TimeoutError:
            pass
        await a.connection_pool.disconnect()

    r.delete(key("abandoned"))
    asyncio.run(body())
    wait_until(lambda: not blocked(), "the abandoned connection is gone")
    time.sleep(0.2)  # lets the close travel on; the check only gets more lenient by it
    r.rpush(key("abandoned"), "kept")
    expect(r.lrange(key("abandoned"), 0, -1), [b"kept"])
