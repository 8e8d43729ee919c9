import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ApiError, get, loadToken, send, setToken, token } from './client';

const asked: { path: string; init: RequestInit }[] = [];
let answer: () => Response;
const stored = new Map<string, string>();
const place = { hash: '' };

beforeEach(() => {
  asked.length = 0;
  stored.clear();
  answer = () => new Response('{}');
  vi.stubGlobal('sessionStorage', { getItem: (name: string) => stored.get(name) ?? null, setItem: (name: string, value: string) => stored.set(name, value), removeItem: (name: string) => stored.delete(name) });
  vi.stubGlobal('location', place);
  vi.stubGlobal('history', { replaceState: (_state: unknown, _title: string, url: string) => (place.hash = url) });
  vi.stubGlobal('fetch', async (path: string, init: RequestInit) => (asked.push({ path, init }), answer()));
});

afterEach(() => {
  setToken('');
  vi.unstubAllGlobals();
});

const header = (name: string) => new Headers(asked[0]?.init.headers).get(name);

it('asks relative to the page, with the token and without cookies', async () => {
  setToken(' abc ');
  await get('GetSnapshot', 'snapshot');
  expect(asked[0]?.path).toBe('api/v1/snapshot');
  expect(header('Authorization')).toBe('Bearer abc');
  expect(asked[0]?.init.credentials).toBe('omit');
});

it('marks writes, and names a type only for a body', async () => {
  await send('CancelInvalidation', 'POST', 'invalidations/1/cancel');
  expect(header('X-Herdgate-Request')).toBe('1');
  expect(header('Content-Type')).toBeNull();
  asked.length = 0;
  await send('SetLogLevel', 'PUT', 'log-level', { level: 'info' }, { 'Idempotency-Key': 'k' });
  expect(header('Content-Type')).toBe('application/json');
  expect(header('Idempotency-Key')).toBe('k');
});

it('turns a problem into words that name the input', async () => {
  answer = () => new Response(JSON.stringify({ title: 'Unprocessable', detail: 'The body breaks its schema', errors: [{ pointer: '/pattern', detail: 'is empty' }], needed_scope: 'operate' }), { status: 422 });
  const error = await get('GetSnapshot', 'snapshot').catch((problem: ApiError) => problem);
  expect(error).toMatchObject({ status: 422, text: 'The body breaks its schema; /pattern: is empty', neededScope: 'operate' });
});

it('an answer that is no problem+json, and none at all, are errors too', async () => {
  answer = () => new Response('<html>', { status: 502 });
  await expect(get('GetSnapshot', 'snapshot')).rejects.toMatchObject({ status: 502, text: 'HTTP 502' });
  answer = () => {
    throw new TypeError('network');
  };
  await expect(get('GetSnapshot', 'snapshot')).rejects.toMatchObject({ status: 0, text: 'The sidecar does not answer' });
});

it('takes the token from the fragment, which then is gone', () => {
  place.hash = '#token=a%2Bb&policies/user';
  loadToken();
  expect(token.get()).toBe('a+b');
  expect(place.hash).toBe('#/policies/user');
  expect(stored.get('herdgate.token')).toBe('a+b');
});

it('remembers it for reloads of the tab and forgets it when told', () => {
  stored.set('herdgate.token', 'kept');
  place.hash = '#/hot';
  loadToken();
  expect(token.get()).toBe('kept');
  setToken('');
  expect(stored.has('herdgate.token')).toBe(false);
});

it('does not send a refused token again for a while, but sends another at once', async () => {
  vi.useFakeTimers();
  answer = () => new Response('{}', { status: 401 });
  setToken('wrong');
  for (let turn = 0; turn < 5; ++turn) await expect(get('GetSnapshot', 'snapshot')).rejects.toMatchObject({ status: 401 });
  expect(asked.length).toBe(1);
  setToken('other');
  await expect(get('GetSnapshot', 'snapshot')).rejects.toMatchObject({ status: 401 });
  expect(asked.length).toBe(2);
  vi.advanceTimersByTime(31_000);
  answer = () => new Response('{}');
  await get('GetSnapshot', 'snapshot');
  vi.useRealTimers();
});

it('asks on without a token', async () => {
  answer = () => new Response('{}', { status: 401 });
  for (let turn = 0; turn < 3; ++turn) await expect(get('GetSnapshot', 'snapshot')).rejects.toMatchObject({ status: 401 });
  expect(asked.length).toBe(3);
});
