"""Django's cache under stampedes: get_or_set, add after a miss, cached pages, and many keys at once.

Argument: `django` (Django's own backend) or `django-redis`. Django gives each thread a connection of its own, django-redis all of them one pool.
"""

import sys

import django
from django.conf import settings

from stampede import DB, HOST, PREFIX, TTL, compute, crowd, lookup, main

DJANGO_REDIS = sys.argv[1] == "django-redis"
BACKEND = "django_redis.cache.RedisCache" if DJANGO_REDIS else "django.core.cache.backends.redis.RedisCache"
KEYS = [f"many:{number}" for number in range(5)]


def connect(port):
    """Each process of a crowd has one sidecar, as settings have one location."""
    location = f"redis://{HOST}:{port}/{DB}"
    settings.configure(
        # django-redis takes a key apart again at its colons.
        CACHES={"default": {"BACKEND": BACKEND, "LOCATION": location, "KEY_PREFIX": PREFIX.replace(":", "")}},
        SECRET_KEY="not a secret: nothing is signed for anyone",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
    )
    django.setup()
    from django.core.cache import cache

    cache.get("what is imported only now")
    return cache


def one_get_or_set(cache, crowd_name, key):
    lookup(crowd_name, lambda: {key: cache.get_or_set(key, lambda: compute(crowd_name, key)[0], TTL)})


@crowd(threads=16)
def get_or_set(port):
    cache = connect(port)
    return lambda: one_get_or_set(cache, "get_or_set", "get_or_set:hot")


@crowd(processes=4, threads=5)
def processes(port):
    cache = connect(port)
    return lambda: one_get_or_set(cache, "processes", "processes:hot")


@crowd(threads=16)
def add(port):
    cache, key = connect(port), "add:hot"

    def read():
        value = cache.get(key)
        if value is None:
            [value] = compute("add", key)
            if not cache.add(key, value, TTL):
                value = cache.get(key, value)
        return {key: value}

    return lambda: lookup("add", read)


@crowd(threads=16)
def cache_page(port):
    connect(port)
    from django.test import Client

    def step():
        lookup("cache_page", lambda: {"page": Client().get("/page").content.decode()})

    # From the first page that anybody computes Herdgate learns that a page is two keys.
    step()
    return step


# Nothing may wait for many keys: they would have to wait for several callers, who may wait for them.
@crowd(processes=2, threads=8)
def many(port):
    cache = connect(port)

    def read():
        found = cache.get_many(KEYS)
        lacking = [key for key in KEYS if key not in found]
        if lacking:
            computed = dict(zip(lacking, compute("many", *lacking)))
            cache.set_many(computed, TTL)
            found.update(computed)
        return found

    return lambda: lookup("many", read)


def page(_request):
    from django.http import HttpResponse

    return HttpResponse(compute("cache_page", "page")[0])


def cached_page(request):
    from django.views.decorators.cache import cache_page as cached

    return cached(TTL, key_prefix="pages")(page)(request)


def __getattr__(name):
    """`urlpatterns`, made when Django asks for them: settings come first."""
    if name != "urlpatterns":
        raise AttributeError(name)
    from django.urls import path

    return [path("page", cached_page)]


if __name__ == "__main__":
    main()
