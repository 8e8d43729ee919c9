// The mock answers as the API's OpenAPI file says, so that what works against it has a chance against the sidecar.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startServer } from '../dev/server.mjs';

const file = process.env['HERDGATE_OPENAPI'] ?? fileURLToPath(new URL('../../sidecar/admin/openapi.json', import.meta.url));
const kPaths = ['/snapshot', '/policies', '/policies/{name}', '/hot-keys', '/flights', '/stampedes', '/upstreams', '/sessions', '/config', '/log-level', '/bypass', '/invalidations', '/audit'];

describe.skipIf(!existsSync(file))('the mock', () => {
  let mock: Awaited<ReturnType<typeof startServer>>;
  const ajv = new Ajv({ strict: false, validateFormats: false });
  beforeAll(async () => {
    ajv.addSchema(JSON.parse(readFileSync(file, 'utf8')), 'api');
    mock = await startServer();
  });
  afterAll(() => mock.server.close());

  function check(path: string, method: string, status: string, body: unknown): void {
    const pointer = `api#/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')}/${method}/responses/${status}/content/application~1json/schema`;
    const valid = ajv.validate({ $ref: pointer }, body);
    expect(valid ? [] : ajv.errors).toEqual([]);
  }
  async function ask(path: string, body?: unknown): Promise<unknown> {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const response = await fetch(`${mock.url}api/v1${path}`, { ...init, headers: { Authorization: 'Bearer full', 'X-Herdgate-Request': '1', 'Idempotency-Key': 'one' } });
    expect(response.ok).toBe(true);
    return response.json();
  }

  it.each(kPaths)('GET %s', async (path) => check(path, 'get', '200', await ask(path.replace('{name}', 'user'))));

  it('the flow of an invalidation', async () => {
    const preview = (await ask('/invalidations/preview', { kind: 'tag', tag: 'tenant:1' })) as { token: string };
    check('/invalidations/preview', 'post', '200', preview);
    check('/invalidations/preview/{token}', 'get', '200', await ask(`/invalidations/preview/${preview.token}`));
    const job = (await ask('/invalidations', { preview_token: preview.token })) as { id: string };
    check('/invalidations', 'post', '202', job);
    check('/invalidations/{id}', 'get', '200', await ask(`/invalidations/${job.id}`));
    check('/audit', 'get', '200', await ask('/audit'));
  });

  it('an inspected key', async () => check('/keys/inspect', 'post', '200', await ask('/keys/inspect', { key: 'user:1', value: true })));
});
