"""The table of metrics in sidecar/metrics/README.md, and the scrapes of programs that use everything there is."""
import re

from sidecar import Client, redis_server, scrape_of_injector, sidecar

HEAD = '| metric | type | labels | meaning | cost |'
RULE = '| --- | --- | --- | --- | --- |'
ROW = re.compile(r'^\| `([a-z0-9_]+)` \| (\w+) \| ([a-z_, ]*?) ?\| (.*) \| (.*) \|$')

# Rules that rule out as few rows as rules can. What an app computes together, a counter and a lock are for learning.
ALL_ON = '''
policies:
  - name: page
    match: ["page:*"]
    ttl: {missing: apply, default: 1h, min: 1s, max: 24h, jitter: 10%}
    version: {schema: 7, generation: true, require: "page:.*"}
    tags: [{match: "page:(.*)", tag: "p:{1}"}]
    near: {enabled: true}
    stampede: {coalesce: "on"}
    refresh: {mode: synthetic}
    offline: {reads: miss, fallback: memory}
  - name: strict
    match: ["strict:*"]
    ttl: {missing: reject, min: 1s, max: 24h, jitter: 10%}
    version: {schema: 7, require: "strict:.*"}
    stampede: {coalesce: "on"}
  - name: learning
    match: ["learning:*"]
    stampede: {coalesce: auto}
'''


class Row:
    def __init__(self, name, kind, labels, meaning, cost):
        self.name, self.kind, self.labels, self.meaning, self.cost = name, kind, labels, meaning, cost

    def text(self):
        labels = f' {self.labels} |' if self.labels else '  |'
        return f'| `{self.name}` | {self.kind} |{labels} {self.meaning} | {self.cost} |'


def cost_of(scrape, family):
    if family == 'herdgate_commands_total':
        return '2 a command, of 48 and `other`'
    if 'class' in scrape.labels(family):
        return f'{scrape.cost(family, "class")} a class; others than read and write once they are used'
    if family == 'herdgate_loop_cpu_seconds_total':
        return '1 a loop'
    policy = 'policy' in scrape.labels(family)
    return f'{scrape.cost(family)} a policy' if policy else str(scrape.cost(family))


def rows_of(scrapes):
    """A row for each family in any of the scrapes, from that with most series."""
    rows = {}
    for scrape in scrapes:
        for family in scrape.type:
            row = Row(family, scrape.type[family], ', '.join(scrape.labels(family)), scrape.help[family], cost_of(scrape, family))
            if family not in rows or scrape.cost(family) > rows[family][0]:
                rows[family] = (scrape.cost(family), row)
    return {name: row for name, (_, row) in sorted(rows.items())}


def read(path):
    with open(path, encoding='utf-8') as file:
        matches = [ROW.match(line.rstrip('\n')) for line in file]
    rows = [Row(*match.groups()) for match in matches if match]
    return rows


def write(path, rows):
    with open(path, encoding='utf-8') as file:
        lines = file.read().split('\n')
    start = next(i for i, line in enumerate(lines) if line.startswith('| metric | type |'))
    end = start
    while end < len(lines) and lines[end].startswith('|'):
        end += 1
    lines[start:end] = [HEAD, RULE] + [row.text() for row in rows.values()]
    with open(path, 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines))


def scrapes(binary):
    """Of a sidecar in front of a Redis with rules of all kinds, of one on the embedded store, and of an injector."""
    with redis_server() as redis, sidecar(binary, f'upstream: {{url: redis://127.0.0.1:{redis}}}\n' + ALL_ON) as gate:
        client = Client(gate.port)
        client.send('SET page:a 1 EX 60', 'GET page:a', 'GET page:b', 'INCR learning:n', 'GET learning:m')
        client.close()
        gate.api.ended(gate.api.invalidate({'kind': 'prefix', 'prefix': 'page:', 'mode': 'hard'}))
        yield gate.becomes(lambda s: s.sum('herdgate_policy_generation_known') == 1 and s.sum('herdgate_commands_total') == 5 and
                           s.sum('herdgate_learning_evidence_total') > 0 and s.sum('herdgate_invalidations_total', outcome='done') == 1,
                           'the first commands and the invalidation in a scrape')
    with sidecar(binary, 'upstream: {url: "memory://"}\n') as gate:
        yield gate.scrape()
    yield scrape_of_injector(binary)
