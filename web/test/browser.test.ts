// The built UI in a real Chromium against the mock, under a sub-path and the strictest headers.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { kChromium, launch } from '../dev/browser.mjs';
import { startServer } from '../dev/server.mjs';
import { complaintsOf, pressUntil, violations } from './page';

const kPages = ['overview', 'policies', 'policies/user', 'hot', 'stampedes', 'inspect', 'invalidate', 'jobs', 'audit', 'system', 'access'];

describe.skipIf(!kChromium)('the UI', () => {
  let browser: Browser;
  let mock: Awaited<ReturnType<typeof startServer>>;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  let requests: string[];

  beforeAll(async () => {
    browser = await launch();
    mock = await startServer({ base: '/x/y/' });
  });
  afterAll(async () => {
    await browser?.close();
    mock?.server.close();
  });
  beforeEach(() => open());
  afterEach(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });

  async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<void> {
    await context?.close();
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    page = await context.newPage();
    complaints = complaintsOf(page);
    requests = [];
    page.on('request', (request) => requests.push(request.url()));
  }
  const go = (where: string, token = 'full') => page.goto(`${mock.url}#token=${token}&${where}`);

  async function settled(): Promise<void> {
    await page.locator('.build').waitFor({ state: 'attached' });
    await page.waitForFunction(() => !document.querySelector('main')?.textContent?.includes('Asking the sidecar'));
  }

  it.each(kPages.flatMap((name) => [['dark', name] as const, ['light', name] as const]))('%s %s has no serious accessibility violation', async (colorScheme, name) => {
    await open({ colorScheme });
    await go(name);
    await settled();
    expect(await violations(page)).toEqual([]);
  });

  it.each(kPages)('%s fits a phone without scrolling sideways', async (name) => {
    await open({ viewport: { width: 360, height: 740 } });
    await go(name);
    await settled();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });

  it('asks nobody but its own server, below its own path, and leaves no token in the address', async () => {
    await go('overview');
    await settled();
    expect(requests.filter((url) => !url.startsWith(mock.url))).toEqual([]);
    expect(page.url()).toBe(`${mock.url}#/overview`);
    expect(await context.cookies()).toEqual([]);
  });

  it('takes a token from an address that is pasted into the open tab', async () => {
    await page.goto(`${mock.url}#/hot`);
    await page.getByText('This sidecar asks for a token.').waitFor();
    await page.evaluate(() => (location.hash = '#token=full&hot'));
    await page.getByText('The keys that this pod is asked for most').waitFor();
    expect(page.url()).toBe(`${mock.url}#/hot`);
  });

  it('stays logged in over a reload and forgets when told', async () => {
    await go('access');
    await settled();
    await page.reload();
    await settled();
    await page.getByRole('button', { name: 'Forget the token' }).click();
    await page.getByText('This sidecar asks for a token.').waitFor();
  });

  it('asks for a token, says when it is unknown, and goes on with a good one', async () => {
    await page.goto(mock.url);
    await page.getByLabel('Token', { exact: true }).fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('does not know this token').waitFor();
    await page.getByLabel('Token', { exact: true }).fill('full');
    await page.keyboard.press('Enter');
    await page.getByText('Hit ratio', { exact: true }).first().waitFor();
  });

  it('purges by keyboard alone', async () => {
    await go('invalidate');
    await settled();
    await pressUntil(page, 'Tab', 'input[name=kind]');
    await pressUntil(page, 'Tab', 'input.key');
    await page.keyboard.type('user:*');
    await pressUntil(page, 'Tab', 'input[name=mode]');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByText('3. Confirm').waitFor();
    const act = page.getByRole('button', { name: /^Delete about 1 M keys$/ });
    expect(await act.isDisabled()).toBe(true);
    await pressUntil(page, 'Tab', 'form input[type=range]');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Tab');
    await page.keyboard.type('user:');
    expect(await act.isDisabled()).toBe(true);
    await page.keyboard.type('*');
    await pressUntil(page, 'Tab', 'button.dangerous');
    await page.keyboard.press('Enter');
    await page.getByText('at most 10\u202f000/s').waitFor();
    await pressUntil(page, 'Tab', 'main button');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Resume the job' }).waitFor();
    await pressUntil(page, 'Tab', 'button.dangerous');
    await page.keyboard.press('Enter');
    await page.getByText('▲ cancelled').waitFor();
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Report' }).click()]);
    expect(file.suggestedFilename()).toMatch(/^herdgate-.*\.jsonl$/);
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByText('CancelInvalidation').waitFor();
  });

  it('a small one needs one press', async () => {
    await go('invalidate');
    await settled();
    await page.getByLabel('Key', { exact: true }).check();
    await page.locator('input.key').fill('user:\\x00\\xff');
    await page.getByRole('button', { name: 'Preview' }).click();
    await page.getByRole('button', { name: 'Mark 1 key stale' }).click();
    await page.getByText('key user:\\x00\\xff', { exact: false }).first().waitFor();
  });

  it('a reader sees all and changes nothing, and is told why', async () => {
    await go('invalidate', 'reader');
    await page.getByText('the token “dashboard” lacks the scope invalidate').waitFor();
    expect(await page.getByRole('button', { name: 'Preview' }).isDisabled()).toBe(true);
    await page.getByRole('link', { name: 'System' }).click();
    await page.getByText('lacks the scope operate').first().waitFor();
    expect(await page.getByRole('button', { name: 'Bypass', exact: true }).isDisabled()).toBe(true);
    expect(await page.getByLabel('Level').isDisabled()).toBe(true);
  });

  it('hostile keys are text', async () => {
    await go('hot');
    await page.getByText('<img src=x onerror="document.title=1">').waitFor();
    await page.getByText('user:\\xe2\\x80\\xaetxt.exe').waitFor();
    expect(await page.title()).toBe('Hot keys · Herdgate');
    expect(await page.locator('td img, th img').count()).toBe(0);
  });

  it('a hot key leads to its inspection, without its name in the address', async () => {
    await go('hot');
    await page.getByRole('link', { name: 'user:\\x00\\xff\\x9c\\nA' }).click();
    await page.getByText('What Herdgate does with it').waitFor();
    expect(await page.getByLabel('Key', { exact: true }).inputValue()).toBe('user:\\x00\\xff\\x9c\\nA');
    expect(page.url()).toBe(`${mock.url}#/inspect`);
  });

  it('every chart is a table too, and arrow keys read it', async () => {
    await go('policies/user');
    await settled();
    await page.locator('.canvas').nth(2).waitFor();
    const chart = page.getByRole('group', { name: /^What if keys lived/ });
    await chart.focus();
    await page.keyboard.press('Home');
    await page.getByText('15 s', { exact: true }).waitFor();
    const toTable = page.getByRole('button', { name: /^Table of/ });
    for (let left = await toTable.count(); left > 0; --left) await toTable.first().click();
    expect(await page.locator('.canvas').count()).toBe(0);
    expect(await page.getByRole('region', { name: /, as a table$/ }).count()).toBe(3);
  });

  it('stops asking while paused', async () => {
    await go('overview');
    await settled();
    await page.getByRole('button', { name: 'Pause live data' }).click();
    await page.waitForTimeout(500);
    const before = requests.length;
    await page.waitForTimeout(2500);
    expect(requests.length).toBe(before);
  });

  it('follows the theme button', async () => {
    await open({ colorScheme: 'light' });
    await go('overview');
    await settled();
    const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await ground();
    await page.getByRole('button', { name: /^Theme/ }).click();
    await page.getByRole('button', { name: /^Theme/ }).click();
    expect(await ground()).not.toBe(light);
    await page.reload();
    expect(await ground()).not.toBe(light);
  });
});
