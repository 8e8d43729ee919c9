// The built UI with a mock of the API, for development and the browser tests. NOT the sidecar: all its data is made up.
//   node dev/server.mjs [--port N] [--base /x/y/] [--no-tokens] [--upstream-down]
// Headers are as strict as the sidecar's; the tokens are "full", "reader" and "purger".
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createApi, Problem } from './mock/api.mjs';

const kDist = fileURLToPath(new URL('../dist/', import.meta.url));
const kTypes = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };
export const kHeaders = {
  'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** Listens on loopback; resolves to the server and its address, which ends with the base. */
export async function startServer({ port = 0, base = '/', ...options } = {}) {
  const api = createApi(options);
  const server = createServer((request, response) => void answer(request, response, api, base));
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}${base}` };
}

async function answer(request, response, api, base) {
  const url = new URL(request.url, 'http://localhost');
  const path = url.pathname.startsWith(base) ? url.pathname.slice(base.length) : undefined;
  try {
    if (path?.startsWith('api/v1/')) return reply(response, await callApi(request, url, path.slice('api/v1/'.length), api));
    const file = normalize(path || 'index.html');
    if (path === undefined || file.startsWith('..')) throw new Problem(404, 'No such page.');
    response.writeHead(200, { ...kHeaders, 'Content-Type': kTypes[extname(file)] ?? 'application/octet-stream' });
    response.end(readFileSync(join(kDist, file)));
  } catch (error) {
    const status = error.status ?? (error.code === 'ENOENT' ? 404 : 500);
    response.writeHead(status, { ...kHeaders, 'Content-Type': 'application/problem+json' });
    response.end(JSON.stringify({ type: 'about:blank', title: `HTTP ${status}`, status, detail: error.message, instance: 'r-1', ...error.more }));
  }
}

function reply(response, body) {
  const text = typeof body === 'string';
  response.writeHead(200, { ...kHeaders, 'Content-Type': text ? 'application/jsonl' : 'application/json' });
  response.end(text ? body : JSON.stringify(body));
}

async function callApi(request, url, path, api) {
  const caller = api.callerOf(request.headers.authorization);
  const [route, argument, verb] = find(api.routes, request.method, path.split('/'));
  const write = request.method !== 'GET';
  if (write && request.headers['x-herdgate-request'] !== '1') throw new Problem(403, 'X-Herdgate-Request is missing.');
  let text = '';
  for await (const chunk of request) text += chunk;
  return route({ argument, verb, query: url.searchParams, headers: request.headers, body: text ? JSON.parse(text) : {} }, caller);
}

function find(routes, method, parts) {
  const candidates = [parts.join('/'), [...parts.slice(0, -1), '*'].join('/'), [parts[0], '*', '*'].join('/')];
  const at = candidates.findIndex((path) => routes[`${method} ${path}`]);
  if (at < 0) throw new Problem(404, 'No such route.');
  const words = at === 1 ? [parts.at(-1)] : at === 2 ? parts.slice(1) : [];
  return [routes[`${method} ${candidates[at]}`], ...words.map(decodeURIComponent)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const flag = (name) => process.argv.includes(name);
  const value = (name, otherwise) => (flag(name) ? process.argv[process.argv.indexOf(name) + 1] : otherwise);
  const { url } = await startServer({ port: Number(value('--port', 6391)), base: value('--base', '/'), tokens: !flag('--no-tokens'), upstreamDown: flag('--upstream-down') });
  console.log(`made-up data at ${url}#token=full`);
}
