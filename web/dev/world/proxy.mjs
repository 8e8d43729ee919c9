// A reverse proxy that serves what is at `target` below `base`, which it strips, and passes the Host on, as nginx with `proxy_set_header Host $http_host`.
import { createServer, request } from 'node:http';

export async function startProxy(target, base) {
  const { hostname, port } = new URL(target);
  const server = createServer((inward, outward) => {
    if (!inward.url.startsWith(base)) return outward.writeHead(404).end();
    const onward = request({ hostname, port, method: inward.method, path: `/${inward.url.slice(base.length)}`, headers: inward.headers }, (answer) => {
      outward.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outward);
    });
    onward.on('error', () => outward.writeHead(502).end());
    inward.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}${base}`, stop: () => server.close() };
}

/** Another site: answers everything with one page. */
export async function startStranger(html) {
  const server = createServer((_, answer) => answer.writeHead(200, { 'Content-Type': 'text/html' }).end(html));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}
