// Keys of all kinds: plain, binary, hostile, long.
import { seeded } from './random.mjs';

const text = (key) => ({ key: key.slice(0, 256), encoding: 'utf8', cut: key.length > 256 });
const binary = (bytes) => ({ key: Buffer.from(bytes).toString('base64'), encoding: 'base64', cut: false });

export const kHotKeys = [
  [text('user:1'), 'user'],
  [text('page:home:en'), 'page'],
  [text('user:42:profile'), 'user'],
  [text('page:article:2026-11-20:the-long-title-that-an-editor-thought-was-a-good-idea:rendered:desktop'), 'page'],
  [binary([0x75, 0x73, 0x65, 0x72, 0x3a, 0x00, 0xff, 0x9c, 0x0a, 0x41]), 'user'],
  [text('<img src=x onerror="document.title=1">'), null],
  [text('user:\u202etxt.exe'), 'user'],
  [text('sess:9f8e7d6c5b4a39281706f5e4d3c2b1a0'), 'session'],
  [text(`fragment:${'deep:'.repeat(80)}end`), 'page'],
  [text('user:名前:東京'), 'user'],
  ...Array.from({ length: 30 }, (_none, index) => [text(`user:${1000 + index * 37}`), 'user']),
];

export function hotKeys(rate) {
  const random = seeded(11);
  return kHotKeys.map(([key, policy], index) => {
    const perSecond = (rate * 0.11) / (index + 1) ** 0.9;
    const minutes = Array.from({ length: 15 }, (_none, minute) => Math.round(perSecond * 60 * (0.7 + 0.6 * random()) * (index === 3 && minute < 8 ? 0.05 : 1)));
    minutes[14] = Math.round(minutes[14] * 0.4);
    const count = minutes.slice(5).reduce((sum, value) => sum + value, 0);
    const error = index < 12 ? 0 : index * 9;
    const misses = Math.round((count - error) * (0.002 + index * 0.004));
    return { ...key, policy, count, error, hits: count - error - misses, misses, minutes, per_second: perSecond };
  });
}

export function sampleOf(pattern) {
  const random = seeded(3);
  const stem = pattern.replaceAll('*', '');
  const plain = Array.from({ length: 96 }, () => text(`${stem}${Math.floor(random() * 1e6)}`));
  return [...plain, text(`${stem}<script>alert(1)</script>`), binary([...Buffer.from(stem), 0, 255, 7])].map((key) => ({
    ...key,
    bytes: 80 + Math.floor(random() * 4000),
    policy: 'user',
    ttl_ms: random() < 0.1 ? null : Math.floor(random() * 3.6e6),
  }));
}
