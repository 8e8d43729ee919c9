// Pictures of the real UI: a redis-server, a sidecar and an app behind it, watched for a while: node dev/pictures.mjs [FOLDER] [SECONDS]
// What web/pictures holds is made so, in 256 colours.
import { mkdirSync } from 'node:fs';
import { launch } from './browser.mjs';
import { startTraffic } from './world/traffic.mjs';
import { startWorld } from './world/world.mjs';

const [folder = 'pictures-new', seconds = '360'] = process.argv.slice(2);
const kWide = { width: 1360, height: 860 };
mkdirSync(folder, { recursive: true });
const world = await startWorld({ redisPort: 6399 });
const traffic = startTraffic(world.ports.redis, { rate: 1800, workers: 48, herdEvery: 9000 });
const redis = await world.redis();
// Of no policy, and many: a job that takes a while.
await redis.do('DEBUG', 'POPULATE', 400_000, 'feed', 300);
const browser = await launch();
const pages = {};
for (const colorScheme of ['dark', 'light']) {
  const context = await browser.newContext({ colorScheme, viewport: kWide });
  const page = await context.newPage();
  page.on('console', (message) => message.type() === 'error' && console.error(message.text()));
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(`${world.url}#token=${world.tokens.full}&overview`);
  pages[colorScheme] = page;
}
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));

async function shoot(name, fullPage = true) {
  for (const [scheme, page] of Object.entries(pages)) {
    for (const width of [kWide.width, 360]) {
      await page.setViewportSize({ width, height: kWide.height });
      await page.waitForTimeout(600);
      await page.screenshot({ path: `${folder}/${name}-${scheme}-${width}.png`, fullPage: fullPage || width === 360 });
    }
    await page.setViewportSize(kWide);
  }
}
const each = (work) => Promise.all(Object.values(pages).map(work));

async function preview(page, pattern) {
  await page.evaluate(() => (location.hash = '#/invalidate'));
  await page.locator('input.key').first().fill(pattern);
  await page.getByLabel('Hard').check();
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByText('3. Confirm').waitFor();
}

await shoot('overview', false);
for (const where of ['policies', 'policies/user', 'hot', 'stampedes', 'system', 'access']) {
  await each((page) => page.evaluate((hash) => (location.hash = hash), `#/${where}`));
  await each((page) => page.waitForTimeout(2500));
  await shoot(where.replace('/', '-'));
}
await each((page) => page.evaluate(() => (location.hash = '#/inspect')));
await each(async (page) => {
  await page.getByLabel('Key', { exact: true }).fill('user:1');
  await page.getByLabel('with its value').check();
  await page.getByRole('button', { name: 'Inspect' }).click();
  await page.getByRole('heading', { name: 'Value' }).waitFor();
});
await shoot('inspect');
await each((page) => preview(page, 'user:*'));
await shoot('invalidate');
await preview(pages.dark, 'feed:*');
await pages.dark.locator('.panel input.key').last().fill('feed:*');
await pages.dark.getByRole('button', { name: /^Delete/ }).click();
await pages.dark.getByText('● running').waitFor();
await pages.dark.waitForTimeout(8000);
const [job] = (await world.ask('invalidations')).items;
await each((page) => page.evaluate((hash) => (location.hash = hash), `#/jobs/${job.id}`));
await each((page) => page.waitForTimeout(1500));
await shoot('job');
await world.ask(`invalidations/${job.id}/cancel`, { method: 'POST' });
for (const where of ['jobs', 'audit', 'overview']) {
  await each((page) => page.evaluate((hash) => (location.hash = hash), `#/${where}`));
  await each((page) => page.waitForTimeout(1500));
  await shoot(where === 'overview' ? 'overview-after' : where);
}
await browser.close();
await traffic.stop();
await world.stop();
