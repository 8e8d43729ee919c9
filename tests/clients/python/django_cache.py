"""Django's cache on Redis, with the cache API and what sits on it: sessions, cached pages, locks.

Argument: `django` (Django's own backend) or `django-redis`.
Every check with memory=True is what the embedded store promises to a Django app.
"""

import pickle
import sys
import threading

import django
from django.conf import settings

from checks import DB, HOST, POLICIES, PORT, PREFIX, binary, check, expect, expect_raises, main, wait_until

DJANGO_REDIS = sys.argv[1] == "django-redis"
# django-redis takes a key apart again at its colons.
KEY_PREFIX = PREFIX.replace(":", "")
LOCATION = f"redis://{HOST}:{PORT}/{DB}"


def backend(**options):
    name = "django_redis.cache.RedisCache" if DJANGO_REDIS else "django.core.cache.backends.redis.RedisCache"
    return {"BACKEND": name, "LOCATION": LOCATION, "KEY_PREFIX": KEY_PREFIX, **options}


def caches():
    table = {"default": backend(), "short": backend(TIMEOUT=1, VERSION=5)}
    if DJANGO_REDIS:
        zlib = {"COMPRESSOR": "django_redis.compressors.zlib.ZlibCompressor"}
        json = {"SERIALIZER": "django_redis.serializers.json.JSONSerializer"}
        table["zlib"] = backend(VERSION=7, OPTIONS=zlib)
        table["json"] = backend(VERSION=8, OPTIONS=json)
    return table


settings.configure(
    CACHES=caches(),
    SECRET_KEY="not a secret: nothing is signed for anyone",
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    INSTALLED_APPS=["django.contrib.sessions"],
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
)
django.setup()

from django.core.cache import cache, caches as all_caches  # noqa: E402 (needs the settings)
from django.http import HttpResponse  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.cache import cache_page  # noqa: E402

page_renders = []


@cache_page(60)
def page(_request):
    page_renders.append(1)
    return HttpResponse(f"rendered {len(page_renders)} times")


def plain_page(request):
    page_renders.append(1)
    return HttpResponse(f"{request.GET.get('q', '')} rendered {len(page_renders)} times")


urlpatterns = [path("page", page), path("plain", plain_page)]


@check(memory=True)
def values():
    rows = {"text": "gr\u00fc\u00df", "none": None, "dict": {"a": [1, 2.5, b"\x00"]}, "empty": "", "int": 7}
    for name, value in rows.items():
        cache.set(name, value)
        expect(cache.get(name, "default"), value)
    expect(cache.get("absent"), None)
    expect(cache.get("absent", "default"), "default")
    expect("text" in cache, True)
    expect(cache.has_key("absent"), False)
    expect(cache.delete("text"), True)
    expect(cache.delete("text"), False)


@check(memory=True)
def big_value():
    value = binary(10_000_000)
    cache.set("big", value, 60)
    assert cache.get("big") == value, "the value came back changed"
    cache.delete("big")


@check(memory=True)
def many():
    rows = {f"many{i}": {"row": i} for i in range(500)}
    cache.set_many(rows, timeout=60)
    expect(cache.get_many([*rows, "absent"]), rows)
    cache.delete_many(list(rows)[:250])
    expect(len(cache.get_many(rows)), 250)
    cache.set_many(rows)
    expect(cache.get_many(rows), rows)


@check(memory=True)
def add_and_get_or_set():
    cache.delete("add")
    expect(cache.add("add", 1), True)
    expect(cache.add("add", 2), False)
    expect(cache.get("add"), 1)
    calls = []
    for _ in range(3):
        expect(cache.get_or_set("computed", lambda: calls.append(1) or "value", 60), "value")
    expect(len(calls), 1)


@check(memory=True)
def counters():
    cache.set("n", 10)
    expect(cache.incr("n"), 11)
    expect(cache.incr("n", 20), 31)
    expect(cache.decr("n", 30), 1)
    expect(cache.get("n"), 1)


# django-redis counts by EVAL. Where there is none it falls back to GET and SET, but then fails on an absent key.
@check(memory=not DJANGO_REDIS)
def counting_what_is_absent():
    expect_raises(ValueError, "not found", cache.incr, "nowhere")


@check(memory=True)
def timeouts():
    cache.set("gone", 1, timeout=0)
    expect(cache.get("gone"), None)
    cache.set("forever", 1, timeout=None)
    expect(cache.touch("forever", 60), True)
    expect(cache.touch("absent", 60), False)
    all_caches["short"].set("second", 1)
    expect(all_caches["short"].get("second"), 1)
    wait_until(lambda: all_caches["short"].get("second") is None, "TIMEOUT 1 ends")
    expect(cache.get("forever"), 1)


@check(memory=True)
def versions():
    cache.set("v", "one", version=1)
    cache.set("v", "two", version=2)
    expect((cache.get("v"), cache.get("v", version=2)), ("one", "two"))
    expect(cache.incr_version("v", version=2), 3)
    expect(cache.decr_version("v", version=3), 2)
    expect(cache.incr_version("v", version=2), 3)
    expect((cache.get("v", version=3), cache.get("v", version=2)), ("two", None))


@check(memory=True)
def session_and_cached_page():
    from importlib import import_module

    store = import_module(settings.SESSION_ENGINE).SessionStore
    session = store()
    session["cart"] = [1, 2, 3]
    session.save()
    expect(store(session.session_key)["cart"], [1, 2, 3])
    session.delete()
    expect(store(session.session_key).get("cart"), None)
    browser = Client()
    bodies = {browser.get("/page").content for _ in range(5)}
    expect(bodies, {b"rendered 1 times"})


@check(memory=True)
def whole_site_cached_by_middleware():
    names = ("UpdateCacheMiddleware", "FetchFromCacheMiddleware")
    with override_settings(MIDDLEWARE=[f"django.middleware.cache.{name}" for name in names], CACHE_MIDDLEWARE_SECONDS=60):
        browser = Client()
        bodies = {question: {browser.get("/plain", {"q": question}).content for _ in range(4)} for question in ("a", "b")}
        expect({question: len(seen) for question, seen in bodies.items()}, {"a": 1, "b": 1})
        expect(bodies["a"] == bodies["b"], False)
        expect(browser.get("/plain", {"q": "a"}).headers["Cache-Control"], "max-age=60")
        cache.clear()
        expect(browser.get("/plain", {"q": "a"}).content in bodies["a"], False)


@check(memory=True)
def threads():
    errors = []

    def work(number):
        try:
            for i in range(150):
                cache.set(f"thread{number}:{i}", (number, i), 60)
                expect(cache.get(f"thread{number}:{i}"), (number, i))
        except Exception as error:  # reported by the main thread
            errors.append(error)

    workers = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    expect(errors, [])


def redis_ttl():
    expect(cache.set("ttl", 1, timeout=50), True)
    # A policy's jitter may take a tenth of it.
    assert 44 <= cache.ttl("ttl") <= 50
    assert 44_000 <= cache.pttl("ttl") <= 50_000
    expect(cache.persist("ttl"), True)
    # The one thing that an app can see of a policy: no key is without a TTL.
    if POLICIES:
        wait_until(lambda: 50 < (cache.ttl("ttl") or 0) <= 3600, "the policy's TTL")
    else:
        expect(cache.ttl("ttl"), None)
    expect(cache.expire("ttl", timeout=90), True)
    expect(cache.ttl("absent"), 0)
    expect(cache.set("ttl", 2, nx=True), False)


def redis_patterns():
    cache.set_many({f"pattern:{i}": i for i in range(300)})
    expect(set(cache.keys("pattern:1?")), {f"pattern:1{i}" for i in range(10)})
    expect(len(list(cache.iter_keys("pattern:*"))), 300)
    expect(cache.delete_pattern("pattern:1*", itersize=50), 111)
    expect(len(cache.keys("pattern:*")), 189)


def redis_serializers():
    text = "the same words " * 5000
    all_caches["zlib"].set("text", text)
    expect(all_caches["zlib"].get("text"), text)
    all_caches["json"].set("row", {"a": [1, None, "x"]})
    expect(all_caches["json"].get("row"), {"a": [1, None, "x"]})


def redis_lock_and_raw_client():
    with cache.lock("lock", timeout=10, blocking_timeout=5):
        expect(cache.lock("lock", timeout=10).acquire(blocking=False), False)
    from django_redis import get_redis_connection

    raw = get_redis_connection("default")
    expect(raw.hset(PREFIX + "raw", "f", pickle.dumps(1)), 1)
    expect(raw.hgetall(PREFIX + "raw"), {b"f": pickle.dumps(1)})


if DJANGO_REDIS:
    for extra in (redis_ttl, redis_patterns, redis_serializers):
        check(extra, memory=True)
    check(redis_lock_and_raw_client)


@check(memory=True)
def clear():
    cache.set("left", 1)
    cache.clear()
    expect(cache.get("left"), None)


main(before=cache.clear)
