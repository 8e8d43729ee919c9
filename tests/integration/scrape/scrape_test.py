"""What Prometheus gets: the table of metrics, the format, the ceiling, and counters through a reload.

    scrape_test.py BINARY            the tests
    scrape_test.py BINARY --write    writes the table of sidecar/metrics/README.md anew
    scrape_test.py BINARY --measure  prints how many series there are, and how long a scrape takes, by number of policies
"""
import os
import shutil
import subprocess
import sys
import time
import unittest

import table
from sidecar import AdminApi, Client, Refused, Scrape, sidecar

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
README = os.path.join(ROOT, 'sidecar', 'metrics', 'README.md')
CEILING = 1500
BINARY = None


def config_of(names):
    """Policies as an app has them: an expiry, a near cache, coalesced misses; every fifth is versioned and refreshed."""
    text = 'upstream: {url: "memory://"}\npolicies:\n'
    for i, name in enumerate(names):
        text += (f'  - name: {name}\n    match: ["{name}:*"]\n    ttl: {{missing: apply, default: 1h, max: 24h}}\n'
                 '    near: {enabled: true}\n')
        if i % 5 == 0:
            text += '    version: {schema: 3}\n    refresh: {mode: synthetic}\n'
    return text


def names(count):
    return [f'p{i}' for i in range(count)]


class ScrapeTest(unittest.TestCase):
    def test_the_table_in_the_readme_is_what_a_scrape_shows(self):
        shown = table.rows_of(list(table.scrapes(BINARY)))
        listed = table.read(README)
        self.assertEqual([row.name for row in listed], sorted({row.name for row in listed}), 'sorted, each once')
        self.assertEqual(sorted(shown), [row.name for row in listed], f'{README} lists what is shown, and nothing else')
        for row in listed:
            self.assertEqual(row.text(), shown[row.name].text())

    @unittest.skipUnless(shutil.which('promtool'), 'promtool is not on PATH')
    def test_promtool_finds_nothing_to_say(self):
        for scrape in table.scrapes(BINARY):
            said = subprocess.run(['promtool', 'check', 'metrics'], input=scrape.text.encode(), capture_output=True, check=False)
            self.assertEqual((said.returncode, said.stdout, said.stderr), (0, b'', b''))

    def test_the_format_is_that_of_prometheus_and_gzip_for_who_asks(self):
        with sidecar(BINARY, config_of(names(5))) as gate:
            headers, plain = gate.get()
            self.assertEqual(headers['Content-Type'], 'text/plain; version=0.0.4; charset=utf-8')
            self.assertIsNone(headers['Content-Encoding'])
            headers, text = gate.get('gzip')
            self.assertEqual(headers['Content-Encoding'], 'gzip')
            self.assertEqual(Scrape(text.decode()).samples.keys(), Scrape(plain.decode()).samples.keys())

    def test_the_bounds_of_durations_can_be_chosen(self):
        with sidecar(BINARY, 'upstream: {url: "memory://"}\ntelemetry: {command_buckets: [150us, 3ms, 1.5s]}\n') as gate:
            client = Client(gate.port)
            client.send('GET a')
            client.close()
            seen = gate.becomes(lambda s: s.sum('herdgate_commands_total') == 1, 'the command')
            for family in ('herdgate_command_duration_seconds', 'herdgate_upstream_duration_seconds'):
                bounds = [labels['le'] for _, labels, _ in seen.samples[family] if labels['class'] == 'read' and 'le' in labels]
                self.assertEqual(bounds, ['0.00015', '0.003', '1.5', '+Inf'])

    def test_a_hundred_policies_stay_below_the_ceiling_and_sums_agree(self):
        count = 100
        with sidecar(BINARY, config_of(names(count))) as gate:
            client = Client(gate.port)
            lookups = 0
            replies = client.send('INCR p1:n')  # is given its expiry by a command more, which is none of the client's
            for i, name in enumerate(names(count)):
                replies += client.send(f'SET {name}:k v', *[f'GET {name}:k'] * (i + 1))
                lookups += i + 1
            # A client that tries all commands costs no more than one that uses a few.
            replies += client.send(*[f'OBJECT ENCODING p{i}:k' for i in range(3)], 'NOSUCH', 'PING', 'ECHO a', 'TIME')
            client.close()
            seen = gate.becomes(lambda s: s.sum('herdgate_lookups_total') == lookups, 'all look-ups counted')
            self.assertEqual(seen.sum('herdgate_commands_total'), len(replies))
            self.assertEqual(seen.sum('herdgate_policy_writes_total'), count + 1)
            self.assertLessEqual(seen.series(), CEILING)
            self.assertEqual(seen.sum('herdgate_metrics_dropped_series_total'), 0)
            folded = seen.sum('herdgate_metrics_folded_policies')
            shown = seen.policies('herdgate_lookups_total')
            self.assertEqual(shown, set(names(int(count - folded))) | {'overflow'})
            self.assertEqual(seen.sum('herdgate_policy_info'), count)
            kept = len(shown) - 1
            self.assertEqual(seen.sum('herdgate_lookups_total', policy='overflow'), sum(range(kept + 1, count + 1)))
            self.assertIn('metrics.policies_folded', gate.log())

    def test_nothing_that_a_caller_of_the_http_api_sends_is_in_a_label(self):
        with sidecar(BINARY, config_of(names(1))) as gate:
            stranger = AdminApi(gate.api.port, 'hg_not-in-the-file')

            def invalidate(target):
                before = gate.scrape().sum('herdgate_invalidations_total')
                gate.api.ended(gate.api.invalidate(target))
                return gate.becomes(lambda s: s.sum('herdgate_invalidations_total') == before + 1, 'the invalidation')

            def series(scrape):
                return {line.rpartition(' ')[0] for line in scrape.text.splitlines() if not line.startswith('#')}

            before = invalidate({'kind': 'key', 'keys': [{'key': 'p0:first'}], 'mode': 'hard'})
            invalidate({'kind': 'prefix', 'prefix': 'p0:second', 'mode': 'hard'})
            for number in range(20):
                for api, path, headers in ((gate.api, f'/nothing-{number}', {}), (gate.api, '/snapshot', {'Host': f'host-{number}'})):
                    with self.assertRaises(Refused):
                        api.ask(path, **headers)
            for _ in range(20):  # an address that gave so many wrong tokens is not looked at any more
                with self.assertRaises(Refused):
                    stranger.ask('/snapshot')
            after = gate.becomes(lambda s: s.sum('herdgate_admin_refused_total') == 40, 'the refusals')
            self.assertEqual(series(after), series(before))

    def test_a_reload_resets_nothing_that_stays_and_ends_what_goes(self):
        with sidecar(BINARY, config_of(['stays', 'goes'])) as gate:
            client = Client(gate.port)
            client.send('SET stays:k v', 'GET stays:k', 'GET goes:k')
            before = gate.becomes(lambda s: s.sum('herdgate_lookups_total') == 2, 'both look-ups counted')
            self.assertEqual(before.policies('herdgate_lookups_total'), {'stays', 'goes'})
            gate.reload(config_of(['new', 'stays']))
            client.send('GET stays:k')
            client.close()
            after = gate.becomes(lambda s: s.sum('herdgate_lookups_total', policy='stays') == 2 and
                                 s.policies('herdgate_lookups_total') == {'new', 'stays'}, 'the new policies')
            self.assertEqual(after.sum('herdgate_policy_writes_total', policy='stays'), 1)
            self.assertEqual(after.sum('herdgate_lookups_total', policy='new'), 0)
            for family, samples in after.samples.items():
                self.assertNotIn('goes', {labels.get('policy') for _, labels, _ in samples}, family)
            for family in ('herdgate_commands_total', 'herdgate_client_received_bytes_total', 'herdgate_pipeline_depth_count'):
                self.assertGreaterEqual(after.sum(family), before.sum(family), family)


def measure():
    print('policies  series  folded  bytes  scrape ms (median of 9)  in gzip  collecting ms')
    for count in (0, 1, 5, 25, 100):
        with sidecar(BINARY, config_of(names(count)) if count else 'upstream: {url: "memory://"}\n') as gate:
            client = Client(gate.port)
            client.send('PING', *[command for name in names(count) for command in (f'SET {name}:k v', f'GET {name}:k')])
            client.close()
            times = {None: [], 'gzip': []}
            for encoding, taken in times.items():
                for _ in range(9):
                    time.sleep(1.05)
                    start = time.perf_counter()
                    body = gate.get(encoding)[1]
                    taken.append(1000 * (time.perf_counter() - start))
            seen = gate.scrape()
            print(f'{count:8}  {seen.series():6}  {int(seen.sum("herdgate_metrics_folded_policies")):6}  {len(body):5}  '
                  f'{sorted(times[None])[4]:8.2f} {sorted(times["gzip"])[4]:8.2f} '
                  f'{1000 * seen.sum("herdgate_scrape_collect_duration_seconds"):8.2f}')


if __name__ == '__main__':
    BINARY = os.path.abspath(sys.argv.pop(1))
    if sys.argv[1:] == ['--write']:
        table.write(README, table.rows_of(list(table.scrapes(BINARY))))
    elif sys.argv[1:] == ['--measure']:
        measure()
    else:
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(ScrapeTest)
        result = unittest.TextTestRunner(verbosity=2).run(suite)
        bad, skipped = len(result.failures) + len(result.errors), len(result.skipped)
        print(f'{result.testsRun - bad - skipped} passed, {bad} failed, {skipped} skipped')
        sys.exit(1 if bad else 0)
