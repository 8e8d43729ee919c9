"""redis-py, sync, with a connection pool and threads: GET, compute, SET EX.

A pool hands out last what was returned first, so the connection of who computes soon carries another thread's commands.
"""

import random

import redis

from stampede import DB, HOST, PREFIX, TTL, compute, crowd, lookup, main


def connect(port, **options):
    return redis.Redis(host=HOST, port=port, db=DB, decode_responses=True, socket_timeout=10, **options)


def cache_aside(client, crowd_name, key):
    def read():
        value = client.get(PREFIX + key)
        if value is None:
            [value] = compute(crowd_name, key)
            client.set(PREFIX + key, value, ex=TTL)
        return {key: value}

    lookup(crowd_name, read)


@crowd(threads=24)
def threads(port):
    client = connect(port, protocol=2)
    return lambda: cache_aside(client, "threads", "threads:hot")


@crowd(threads=20)
def blocking_pool(port):
    pool = redis.BlockingConnectionPool(host=HOST, port=port, db=DB, decode_responses=True, protocol=3, max_connections=20)
    client = redis.Redis(connection_pool=pool)
    return lambda: cache_aside(client, "blocking_pool", "blocking_pool:hot")


@crowd(threads=30)
def hot_keys(port):
    client = connect(port, protocol=3)
    return lambda: cache_aside(client, "hot_keys", f"hot_keys:{random.randrange(5)}")


@crowd(processes=4, threads=6)
def processes(port):
    client = connect(port)
    return lambda: cache_aside(client, "processes", "processes:hot")


main()
