// The UI as a real sidecar serves it, in a real Chromium, with a real Redis and traffic behind it.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { kChromium, launch } from '../dev/browser.mjs';
import { startProxy, startStranger } from '../dev/world/proxy.mjs';
import { startTraffic } from '../dev/world/traffic.mjs';
import { kHerdgate, kRedis, startWorld, type Client, type World } from '../dev/world/world.mjs';
import { complaintsOf, pressUntil, violations } from './page';

const kBulk = 120_000;
const kFewBulk = 3000;
const kPages = ['overview', 'policies', 'policies/user', 'hot', 'stampedes', 'inspect', 'invalidate', 'jobs', 'audit', 'system', 'access'];
// What only real data puts on a page.
const kSigns: Record<string, (page: Page) => Promise<void>> = {
  overview: async (page) => {
    await page.getByRole('cell', { name: 'page' }).or(page.getByRole('rowheader', { name: 'page' })).first().waitFor();
    await page.locator('.tile', { hasText: 'Latency p99' }).getByText(/s; p99.9|p50 .*s/).waitFor();
    await page.locator('.canvas canvas').first().waitFor();
  },
  policies: (page) => page.getByText('session:*').waitFor(),
  'policies/user': (page) => page.getByRole('group', { name: /^What if keys lived/ }).waitFor(),
  hot: (page) => page.getByRole('link', { name: 'page:1', exact: true }).waitFor(),
  stampedes: (page) => page.getByText(/^page:front-/).first().waitFor(),
  system: (page) => page.getByText('publisher').waitFor(),
  access: (page) => page.getByText('invalidate everything').waitFor(),
  audit: (page) => page.getByText('Invalidate', { exact: true }).first().waitFor(),
  jobs: (page) => page.getByRole('link', { name: 'pattern seed:*' }).waitFor(),
};
const kShots = process.env['HERDGATE_SHOTS'];

describe.skipIf(!kChromium || !kRedis || !existsSync(kHerdgate))('the UI of a real sidecar', () => {
  let browser: Browser;
  let world: World;
  let traffic: ReturnType<typeof startTraffic>;
  let redis: Client;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    [browser, world] = await Promise.all([launch(), startWorld()]);
    traffic = startTraffic(world.ports.redis, { rate: 500, herdEvery: 1500 });
    redis = await world.redis();
    await redis.do('DEBUG', 'POPULATE', 300, 'seed', 20);
    await invalidate({ kind: 'pattern', pattern: 'seed:*', mode: 'hard' });
    if (kShots) mkdirSync(kShots, { recursive: true });
    // Until somebody has asked twice there are no rates, and until a herd has been there is no event.
    await until(async () => (await world.ask('snapshot')).rates && (await world.ask('stampedes')).items.length > 0);
  });
  afterAll(async () => {
    await browser?.close();
    await traffic?.stop();
    await world?.stop();
  });
  afterEach(async () => {
    await context?.close();
    expect(complaints).toEqual([]);
  });

  async function until(test: () => Promise<unknown>): Promise<void> {
    while (!(await test())) await new Promise((resolve) => setTimeout(resolve, 100));
  }
  async function invalidate(target: object): Promise<void> {
    const post = (path: string, body: object) => world.ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', 'Idempotency-Key': String(Math.random()) } });
    let preview = await post('invalidations/preview', target);
    await until(async () => (preview = await world.ask(`invalidations/preview/${preview.token}`)).state === 'ready');
    const job = await post('invalidations', { preview_token: preview.token });
    await until(async () => (await world.ask(`invalidations/${job.id}`)).state === 'done');
  }
  async function open(options: Parameters<Browser['newContext']>[0] = {}, but?: RegExp): Promise<void> {
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    page = await context.newPage();
    complaints = complaintsOf(page, but);
  }
  async function go(where: string, token = world.tokens.full, url = world.url): Promise<void> {
    await page.goto(`${url}#token=${token}&${where}`);
    await page.locator('.build').waitFor({ state: 'attached' });
    await page.waitForFunction(() => !document.querySelector('main')?.textContent?.includes('Asking the sidecar'));
  }
  async function shoot(name: string): Promise<void> {
    if (kShots) await page.screenshot({ path: `${kShots}/real-${name.replace('/', '-')}.png`, fullPage: true });
  }
  const keysLike = async (pattern: string) => ((await redis.do('KEYS', pattern)) as unknown[]).length;

  it.each(kPages.flatMap((name) => [['dark', name] as const, ['light', name] as const]))('%s %s: real data, no complaint, fit for everybody, wide and narrow', async (colorScheme, name) => {
    await open({ colorScheme });
    await go(name);
    await kSigns[name]?.(page);
    expect(await violations(page)).toEqual([]);
    await shoot(`${name}-${colorScheme}-1280`);
    await page.setViewportSize({ width: 360, height: 740 });
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    await shoot(`${name}-${colorScheme}-360`);
  });

  it('the what-if curves come from the traffic', async () => {
    await open();
    await go('policies/page');
    const chart = page.getByRole('group', { name: /^What if keys lived/ });
    await chart.focus();
    await page.keyboard.press('End');
    await page.locator('figure', { hasText: 'What if keys lived' }).locator('.legend .item', { hasText: /\d %/ }).waitFor();
    const { what_if: what } = await world.ask('policies/page');
    expect(what.lives.length).toBeGreaterThan(2);
    expect(what.lives.at(-1).hit_ratio).toBeGreaterThan(0.1);
  });

  it('by mouse: a soft pattern, and a large hard one that has to be typed', async () => {
    await redis.do('DEBUG', 'POPULATE', 40, 'few', 20);
    await redis.do('DEBUG', 'POPULATE', kFewBulk, 'bulk', 20);
    await open();
    await go('invalidate');
    await page.locator('input.key').fill('few:*');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByText('40 of no policy').waitFor();
    await shoot('invalidate-soft');
    await page.getByRole('button', { name: 'Mark 40 keys stale' }).click();
    await page.getByText('● done').waitFor();
    expect(Number(await redis.do('PTTL', 'few:1'))).toBeLessThanOrEqual(10_000);

    await page.getByRole('link', { name: 'Invalidate' }).click();
    await page.locator('input.key').fill('bulk:*');
    await page.getByLabel('Hard').check();
    await page.getByRole('button', { name: 'Preview' }).click();
    const act = page.getByRole('button', { name: /^Delete .*keys$/ });
    await act.waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await act.isDisabled()).toBe(true);
    await page.getByText('Type', { exact: false }).locator('xpath=ancestor::label//input').fill('bulk:*');
    await act.click();
    await page.getByText('● done').waitFor();
    await shoot('job-done');
    expect(await keysLike('bulk:*')).toBe(0);
    const [job] = (await world.ask('invalidations')).items;
    expect(job).toMatchObject({ state: 'done', deleted: kFewBulk, by: 'full' });
  });

  it('by keyboard alone: a large purge is begun, paused, resumed and cancelled, and its report taken', async () => {
    await redis.do('DEBUG', 'POPULATE', kBulk, 'bulk', 20);
    await open();
    await go('invalidate');
    const tab = (selector: string) => pressUntil(page, 'Tab', selector);
    await tab('input[name=kind]');
    await tab('input.key');
    await page.keyboard.type('bulk:*');
    await tab('input[name=mode]');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByText('3. Confirm').waitFor();
    await tab('form input[type=range]');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Tab');
    await page.keyboard.type('bulk:*');
    await tab('button.dangerous');
    await page.keyboard.press('Enter');
    await page.getByText('● running').waitFor();
    await expect.poll(() => keysLike('bulk:*')).toBeLessThan(kBulk);
    await page.getByText(/%, about .* left/).waitFor();
    await tab('main .buttons button');
    await page.keyboard.press('Enter');
    await page.getByText('▲ paused').waitFor();
    await shoot('job-paused');
    expect(await violations(page)).toEqual([]);
    await until(async () => (await world.ask('invalidations')).items[0].state === 'paused');
    const left = await keysLike('bulk:*');
    await pressUntil(page, 'Tab', 'main .buttons button');
    await page.keyboard.press('Enter');
    await page.getByText('● running').waitFor();
    await expect.poll(() => keysLike('bulk:*')).toBeLessThan(left);
    await tab('button.dangerous');
    await page.keyboard.press('Enter');
    await page.getByText('▲ cancelled').waitFor();
    await shoot('job-cancelled');
    const [job] = (await world.ask('invalidations')).items;
    expect(job.deleted).toBeGreaterThan(0);
    expect(await keysLike('bulk:*')).toBe(kBulk - job.deleted);
    await tab('main .buttons button:not(:disabled)');
    const [file] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    const lines = readFileSync(await file.path(), 'utf8').trim().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ deleted: job.deleted });
    await redis.do('FLUSHALL');
  });

  it('below /x/y/ behind a proxy, the flow too', async () => {
    const proxy = await startProxy(world.url, '/x/y/');
    await redis.do('SET', 'one', '1');
    await open();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await go('invalidate', world.tokens.full, proxy.url);
    expect(page.url()).toBe(`${proxy.url}#/invalidate`);
    await page.getByLabel('Key', { exact: true }).check();
    await page.locator('input.key').fill('one');
    await page.getByLabel('Hard').check();
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('button', { name: 'Delete 1 key' }).click();
    await page.getByText('● done').waitFor();
    expect(await redis.do('EXISTS', 'one')).toBe(0);
    expect(asked.filter((url) => !url.startsWith(proxy.url))).toEqual([]);
    await context.close();
    proxy.stop();
  });

  it('a reader sees all and can change nothing', async () => {
    await open();
    await go('invalidate', world.tokens.reader);
    await page.getByText('the token “reader” lacks the scope invalidate').waitFor();
    expect(await page.getByRole('button', { name: 'Preview' }).isDisabled()).toBe(true);
    await shoot('invalidate-reader');
    await page.getByRole('link', { name: 'System' }).click();
    await page.getByText('lacks the scope operate').first().waitFor();
    await page.getByRole('link', { name: 'Inspect' }).click();
    expect(await page.getByLabel('with its value').isDisabled()).toBe(true);
    expect(await violations(page)).toEqual([]);
  });

  it('without a token it asks for one, a wrong one is refused once and not again and again, and a good one goes on', async () => {
    await open();
    await page.goto(world.url);
    await page.getByText('This sidecar asks for a token.').waitFor();
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Token', { exact: true }).fill('hg_wrong');
    await page.keyboard.press('Enter');
    await page.getByText('does not know this token').waitFor();
    await shoot('wrong-token');
    // Ten wrong ones within seconds would lock everybody out who comes from here.
    let refused = 0;
    page.on('response', (response) => response.status() === 401 && ++refused);
    for (const where of ['hot', 'policies', 'system', 'jobs', 'audit']) await page.evaluate((hash) => (location.hash = `#/${hash}`), where);
    await page.waitForTimeout(2500);
    expect(refused).toBe(0);
    await page.getByLabel('Token', { exact: true }).fill(world.tokens.full);
    await page.keyboard.press('Enter');
    await page.getByText('Hit ratio', { exact: true }).first().waitFor();
    expect(page.url()).not.toContain('hg_');
  });

  it('a sidecar without a file of tokens is read-only, and says so', async () => {
    const bare = await startWorld({ tokens: false });
    await open();
    await page.goto(bare.url);
    await page.getByText('Hit ratio', { exact: true }).first().waitFor();
    await page.getByRole('link', { name: 'Invalidate' }).click();
    await page.getByText('Read-only: this sidecar has no tokens file.').waitFor();
    await page.getByRole('link', { name: 'Overview' }).click();
    await shoot('overview-empty');
    expect(await violations(page)).toEqual([]);
    await context.close();
    await bare.stop();
  });

  it('keys and values of strangers are inert text', async () => {
    const client = await world.client();
    const names = ['x:<img src=x onerror="document.title=1">', `x:'"><script>document.title=2</script>`, 'x:\u202Etxt.exe', 'x:\0\x1b[31m\x7f\n', 'x:&lt;b&gt;&#60;', 'x:{{7*7}}${7*7}'];
    const binary = Buffer.from([0x78, 0x3a, 0xff, 0xfe, 0x00, 0xc0, 0xaf]);
    const value = '<script>document.title=3</script><svg onload="document.title=4">\u202E'.padEnd(1 << 20, '<b>');
    for (const name of [...names, binary]) {
      await client.do('SET', name, 'small, to be read often');
      await Promise.all(Array.from({ length: 400 }, () => client.do('GET', name)));
      await client.do('SET', name, value);
    }
    client.close();
    await open();
    await go('hot');
    await page.getByText('x:<img src=x onerror="document.title=1">').waitFor();
    await page.getByText('x:\\xe2\\x80\\xaetxt.exe').waitFor();
    await page.getByText('x:\\x00\\x1b[31m\\x7f\\n').waitFor();
    await page.getByText('x:\\xff\\xfe\\x00\\xc0\\xaf').waitFor();
    await shoot('hostile-hot');
    for (const shown of ['x:<img src=x onerror="document.title=1">', 'x:\\xff\\xfe\\x00\\xc0\\xaf']) {
      await page.getByRole('link', { name: 'Inspect' }).click();
      await page.getByLabel('Key', { exact: true }).fill(shown);
      await page.getByLabel('with its value').check();
      await page.getByRole('button', { name: 'Inspect' }).click();
      await page.getByRole('heading', { name: 'Value' }).waitFor();
      expect(await page.locator('pre').textContent()).toContain('<script>document.title=3</script>');
      expect(await page.locator('pre').textContent()).not.toContain('\u202E');
    }
    await shoot('hostile-value');
    await page.getByRole('link', { name: 'Invalidate it' }).click();
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('button', { name: 'Mark 1 key stale' }).click();
    await page.getByText('● done').waitFor();
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByText('InspectKey').first().waitFor();
    await shoot('hostile-audit');
    expect(await page.evaluate(() => document.querySelectorAll('main img, main script, main svg[onload], main b').length)).toBe(0);
    expect(await page.title()).toBe('Audit · Herdgate');
  });

  it('a page of another site can neither frame it, nor read from it, nor change anything', async () => {
    const stranger = await startStranger(`<title>none</title><iframe src="${world.url}"></iframe><script src="${world.url}api/v1/openapi.json"></script>`);
    // Blocking is what the browser complains about here.
    await open({}, /./);
    await page.goto(stranger.url);
    const before = await world.ask('log-level');
    const tried = await page.evaluate(async ([url, token]) => {
      const attempt = (path: string, init: RequestInit) => fetch(`${url}api/v1/${path}`, init).then((response) => `${response.type} ${response.status}`, () => 'refused');
      return [
        await attempt('snapshot', { headers: { Authorization: `Bearer ${token}` } }),
        await attempt('openapi.json', {}),
        await attempt('log-level', { method: 'PUT', body: '{"level":"debug"}', headers: { Authorization: `Bearer ${token}`, 'X-Herdgate-Request': '1', 'Content-Type': 'application/json' } }),
      ];
    }, [world.url, world.tokens.full] as const);
    expect(tried).toEqual(['refused', 'refused', 'refused']);
    expect(page.frames().map((frame) => frame.url())).not.toContain(world.url);
    expect(await world.ask('log-level')).toEqual(before);
    stranger.stop();
  });

  it('a link from another site opens it', async () => {
    const stranger = await startStranger(`<a href="${world.url}#/hot">the sidecar</a>`);
    await open();
    await page.goto(stranger.url.replace('127.0.0.1', 'localhost'));
    await page.getByRole('link').click();
    await page.getByText('This sidecar asks for a token.').waitFor();
    stranger.stop();
  });

  it('a sidecar that dies is reported at the top, the last figures stay, and all goes on when it is back', async () => {
    await open({}, /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/);
    await go('overview');
    await page.getByText('● Live').waitFor();
    await world.kill();
    await page.getByText('■ No answer').waitFor();
    await page.getByRole('alert').filter({ hasText: 'What is shown is of' }).waitFor();
    await page.getByText('Hit ratio', { exact: true }).first().waitFor();
    await shoot('dead');
    expect(await violations(page)).toEqual([]);
    await world.restart();
    await page.getByText('● Live').waitFor();
    await expect.poll(async () => (await world.ask('snapshot')).totals.lookups).toBeGreaterThan(0);
    await page.waitForFunction(() => !document.querySelector('main [role=alert]'));
  });
});
