// The HTTP API under api/v1, relative to this page. The token stays in memory and, for reloads of this tab, in sessionStorage; never in a cookie.
import { createStore } from '../lib/store';
import type { Answers, Problem, Scope } from './schema';

const kTokenKey = 'herdgate.token';
const kTimeoutMs = 10_000;
// A token that was refused is not sent again for so long: ten wrong ones within seconds shut out everybody who comes from this address.
const kRefusedMs = 30_000;

export const token = createStore<string>('');
let refusal: { token: string; until: number; error: ApiError } | undefined;

/** An answer of the API that is an error, or none at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem>,
  ) {
    super(problem.detail || problem.title || (status ? `HTTP ${status}` : 'The sidecar does not answer'));
  }

  /** One line for people: what, and which of their inputs. */
  get text(): string {
    const errors = this.problem.errors?.map((error) => `${error.pointer}: ${error.detail}`) ?? [];
    return [this.message, ...errors].join('; ');
  }

  get neededScope(): Scope | undefined {
    return this.problem.needed_scope;
  }
}

/** Takes the token from `#token=...`, which then vanishes from the address and the history, or from this tab's storage. */
export function loadToken(): void {
  const match = /^#token=([^&]*)(?:&(.*))?$/.exec(location.hash);
  if (match) {
    setToken(decodeURIComponent(match[1] ?? ''));
    history.replaceState(null, '', `#/${match[2] ?? ''}`);
    return;
  }
  try {
    token.set(sessionStorage.getItem(kTokenKey) ?? '');
  } catch {
    // Storage is off: the token has to be given again after a reload.
  }
}

export function setToken(value: string): void {
  const trimmed = value.trim();
  refusal = undefined;
  token.set(trimmed);
  try {
    if (trimmed) sessionStorage.setItem(kTokenKey, trimmed);
    else sessionStorage.removeItem(kTokenKey);
  } catch {
    // As above.
  }
}

export function get<K extends keyof Answers>(_operation: K, path: string, signal?: AbortSignal): Promise<Answers[K]> {
  return json(path, {}, signal);
}

export function send<K extends keyof Answers>(
  _operation: K,
  method: 'POST' | 'PUT',
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answers[K]> {
  const init: RequestInit = { method, headers: { 'X-Herdgate-Request': '1', ...headers } };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...init.headers, 'Content-Type': 'application/json' };
  }
  return json(path, init);
}

/** The whole answer as a file for the user. */
export async function download(path: string, name: string): Promise<void> {
  const response = await ask(path, {});
  const url = URL.createObjectURL(await response.blob());
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

async function json<T>(path: string, init: RequestInit, signal?: AbortSignal): Promise<T> {
  return (await ask(path, init, signal)).json() as Promise<T>;
}

async function ask(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const given = token.get();
  if (refusal && refusal.token === given && Date.now() < refusal.until) throw refusal.error;
  const headers = new Headers(init.headers);
  if (given) headers.set('Authorization', `Bearer ${given}`);
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), kTimeoutMs);
  signal?.addEventListener('abort', () => timeout.abort());
  let response: Response;
  try {
    response = await fetch(`api/v1/${path}`, { ...init, headers, signal: timeout.signal, credentials: 'omit', cache: 'no-store', redirect: 'error' });
  } catch {
    throw new ApiError(0, {});
  } finally {
    clearTimeout(timer);
  }
  if (response.ok) return response;
  const error = new ApiError(response.status, await problemOf(response));
  if (error.status === 401 && given) refusal = { token: given, until: Date.now() + kRefusedMs, error };
  throw error;
}

async function problemOf(response: Response): Promise<Partial<Problem>> {
  try {
    return (await response.json()) as Problem;
  } catch {
    return {};
  }
}
