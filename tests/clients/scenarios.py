"""The scenarios: which client, what it needs installed, how it is started. The slowest come first."""

import dataclasses
import os
import shutil
import subprocess

from stampede_judge import Crowd


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    client: str  # for people
    runtime: str  # a name in RUNTIMES
    program: str  # relative to tests/clients
    arguments: tuple = ()
    memory: bool = False  # the embedded store promises (a part of) it
    # Runs with --policies too: "all" if its keys then have a version and a TTL, "none" if none may have a version.
    policies: str = ""
    unmatched_key: str = ""  # with "all": the one key that no policy matches
    crowds: tuple = ()  # of a stampede: what each of its crowds must show
    direct: bool = False  # of a stampede: on plain Redis, which must show it

    def lacks(self, build):
        """What is missing on this machine, in words; empty if nothing is."""
        return RUNTIMES[self.runtime].lacks(build)

    def command(self, here, build):
        runtime = RUNTIMES[self.runtime]
        # Node looks for packages from a program's own folder upwards, so its programs are run where those are.
        program = os.path.join(build if runtime.copied else here, self.program)
        return [runtime.program(build), program, *self.arguments]


@dataclasses.dataclass(frozen=True)
class Runtime:
    executable: str  # with a slash: below the build directory
    probe: tuple = ()  # a command of the executable that exits 0 if its client is there
    tools: tuple = ()  # other programs that must be on the PATH
    copied: bool = False  # the programs are run from the build directory

    def program(self, build):
        return os.path.join(build, self.executable) if self.executable.startswith("venv/") else self.executable

    def lacks(self, build):
        for tool in (self.program(build), *self.tools):
            if not shutil.which(tool):
                return tool
        where = os.path.join(build, "node") if self.copied else None
        if where and not os.path.isdir(where):
            return where
        if self.probe:
            words = [self.program(build), *self.probe]
            done = subprocess.run(words, cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if done.returncode:
                return f"what {' '.join(self.probe)!r} needs"
        return ""


def copy_programs(here, build):
    """Puts the Node programs beside their packages. Call it once, before any scenario runs."""
    source, target = os.path.join(here, "node"), os.path.join(build, "node")
    if os.path.isdir(target):
        for name in os.listdir(source):
            if name.endswith(".mjs"):
                shutil.copyfile(os.path.join(source, name), os.path.join(target, name))


def node_probe(*packages):
    return ("--input-type=module", "-e", "".join(f"await import('{package}');" for package in packages))


RUNTIMES = {
    "redis-tools": Runtime("/usr/bin/python3", tools=("redis-cli", "redis-benchmark")),
    "debian-python": Runtime("/usr/bin/python3", ("-c", "import redis")),
    "python": Runtime("venv/bin/python", ("-c", "import redis, celery, django_redis")),
    "node": Runtime("node", node_probe("ioredis5", "ioredis6", "redis4", "redis5", "redis6", "bullmq"), copied=True),
    "php": Runtime("php", ("-r", "exit(extension_loaded('redis') && extension_loaded('pcntl') ? 0 : 1);")),
    "ruby": Runtime("ruby", ("-e", "require 'redis'; require 'active_support'"), tools=("sidekiq",)),
}

SCENARIOS = (
    Scenario("sidekiq", "Sidekiq with a worker process", "ruby", "ruby/sidekiq_worker.rb", policies="none"),
    Scenario("celery", "Celery with a worker process", "python", "python/celery_worker.py", policies="none"),
    Scenario("redis-benchmark", "redis-benchmark, all its tests", "redis-tools", "cli/redis_benchmark.py"),
    Scenario("redis-py-resp2", "redis-py, RESP2", "python", "python/redis_py.py", ("2",), memory=True),
    Scenario("redis-py-resp3", "redis-py, RESP3", "python", "python/redis_py.py", ("3",), memory=True),
    Scenario("redis-py-debian", "redis-py of Debian", "debian-python", "python/redis_py.py", ("2",), memory=True),
    Scenario("phpredis", "phpredis", "php", "php/phpredis.php"),
    Scenario("redis-rb", "Ruby's redis", "ruby", "ruby/redis_rb.rb", memory=True),
    Scenario("rails-cache", "Rails' RedisCacheStore", "ruby", "ruby/rails_cache.rb", memory=True, policies="all", unmatched_key="left"),
    Scenario("django", "Django's own cache backend", "python", "python/django_cache.py", ("django",), memory=True, policies="all"),
    Scenario("django-redis", "django-redis", "python", "python/django_cache.py", ("django-redis",), memory=True, policies="all"),
    Scenario("bullmq-ioredis5", "BullMQ on ioredis 5", "node", "node/bullmq.mjs", ("5",), policies="none"),
    Scenario("bullmq-ioredis6", "BullMQ on ioredis 6", "node", "node/bullmq.mjs", ("6",)),
    Scenario("ioredis5", "ioredis 5", "node", "node/ioredis.mjs", ("5",), memory=True),
    Scenario("ioredis6", "ioredis 6", "node", "node/ioredis.mjs", ("6",), memory=True),
    Scenario("node-redis4", "node-redis 4", "node", "node/node_redis.mjs", ("4", "2"), memory=True),
    Scenario("node-redis5-resp2", "node-redis 5, RESP2", "node", "node/node_redis.mjs", ("5", "2"), memory=True),
    Scenario("node-redis5-resp3", "node-redis 5, RESP3", "node", "node/node_redis.mjs", ("5", "3"), memory=True),
    Scenario("node-redis6-resp2", "node-redis 6, RESP2", "node", "node/node_redis.mjs", ("6", "2"), memory=True),
    Scenario("node-redis6-resp3", "node-redis 6, RESP3", "node", "node/node_redis.mjs", ("6", "3"), memory=True),
    Scenario("redis-cli", "redis-cli and inline commands", "redis-tools", "cli/redis_cli.py"),
)

DJANGO_CROWDS = (
    Crowd("get_or_set"), Crowd("processes"), Crowd("add"),
    # A page is two keys. Who computes writes first the one that tells by which headers pages differ, then the page. A machine that is busy with other
    # things may take longer between the two than Herdgate is patient.
    Crowd("cache_page", most=1.7, expiring="cache_page.pages.GET"),
    # MGET never waits, so each caller computes; but none may be kept waiting either.
    Crowd("many", most=0, longest=1.5),
)

RAILS_CROWDS = (
    Crowd("fetch"), Crowd("processes"), Crowd("workers"),
    # The key outlives its value, so only Rails knows that it has ended, and lets nearly one caller compute. Only the first values are missing.
    Crowd("race_condition_ttl", most=0, oldest=4, apart=0.5, least_direct=0.9),
    # Threads take turns on one connection. Who waits on it keeps who computes from sending the SET: for max_wait, once, not once for each thread. Then
    # all threads of the process that leads compute.
    Crowd("one_connection", most=0),
)

# All callers of a process have one connection, on which a GET can't wait while others send: most of them compute.
NODE_REDIS_CROWDS = (Crowd("one_connection", most=0), Crowd("busy", most=0), Crowd("pool"))
IOREDIS_CROWDS = (*NODE_REDIS_CROWDS, Crowd("auto_pipelining", most=0))

# Many callers of keys that expire each second. `most=0`: how often the database is asked can't be promised, only told.
STAMPEDES = (
    Scenario("stampede-redis-py", "redis-py, pools and threads", "python", "python/redis_py_stampede.py",
             crowds=(Crowd("threads"), Crowd("blocking_pool"), Crowd("hot_keys"), Crowd("processes"))),
    Scenario("stampede-django", "Django's own cache backend", "python", "python/django_stampede.py", ("django",), crowds=DJANGO_CROWDS),
    Scenario("stampede-django-redis", "django-redis", "python", "python/django_stampede.py", ("django-redis",), crowds=DJANGO_CROWDS),
    Scenario("stampede-rails", "Rails' RedisCacheStore", "ruby", "ruby/rails_stampede.rb", crowds=RAILS_CROWDS),
    Scenario("stampede-ioredis5", "ioredis 5", "node", "node/ioredis_stampede.mjs", ("5",), crowds=IOREDIS_CROWDS),
    Scenario("stampede-ioredis6", "ioredis 6", "node", "node/ioredis_stampede.mjs", ("6",), crowds=IOREDIS_CROWDS),
    Scenario("stampede-node-redis4", "node-redis 4", "node", "node/node_redis_stampede.mjs", ("4", "2"), crowds=NODE_REDIS_CROWDS),
    Scenario("stampede-node-redis6", "node-redis 6, RESP3", "node", "node/node_redis_stampede.mjs", ("6", "3"), crowds=NODE_REDIS_CROWDS),
    Scenario("stampede-phpredis", "phpredis, one process a request", "php", "php/phpredis_stampede.php", crowds=(Crowd("connect"), Crowd("pconnect"))),
)
