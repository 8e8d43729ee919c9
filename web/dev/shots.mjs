// Pictures of each page, dark and light, of the mock's data: node dev/shots.mjs [FOLDER] [PAGE...]
import { mkdirSync } from 'node:fs';
import { launch } from './browser.mjs';
import { startServer } from './server.mjs';

const [folder = 'shots', ...only] = process.argv.slice(2);
const kPages = ['overview', 'policies', 'policies/user', 'hot', 'stampedes', 'inspect', 'invalidate', 'job', 'jobs', 'audit', 'system', 'access', 'readonly', 'phone', 'down'];
const pages = only.length > 0 ? only : kPages;
mkdirSync(folder, { recursive: true });
const browser = await launch();

async function preview(page) {
  await page.getByLabel('Pattern', { exact: true }).last().fill('user:*');
  await page.getByText('Hard', { exact: false }).first().click();
  await page.getByRole('button', { name: 'Preview' }).click();
  await page.getByText('3. Confirm').waitFor();
}

const kActs = {
  inspect: async (page) => {
    await page.getByLabel('Key', { exact: true }).fill('user:1');
    await page.getByLabel('with its value').check();
    await page.getByRole('button', { name: 'Inspect' }).click();
    await page.getByRole('heading', { name: 'Value' }).waitFor();
  },
  invalidate: preview,
  job: async (page) => {
    await preview(page);
    await page.locator('.panel input.key').last().fill('user:*');
    await page.getByRole('button', { name: /^Delete/ }).click();
    await page.waitForTimeout(3000);
  },
  system: (page) => page.getByText('All options').click(),
};

for (const scheme of ['dark', 'light']) {
  const { server, url } = await startServer();
  const down = await startServer({ upstreamDown: true });
  for (const name of pages) {
    const width = name === 'phone' ? 360 : 1440;
    const context = await browser.newContext({ colorScheme: scheme, viewport: { width, height: name === 'phone' ? 780 : 900 } });
    const page = await context.newPage();
    page.on('console', (message) => message.type() === 'error' && console.error(name, message.text()));
    page.on('pageerror', (error) => console.error(name, error.message));
    const target = { job: 'invalidate', readonly: 'invalidate', phone: 'overview', down: 'overview' }[name] ?? name;
    await page.goto(`${name === 'down' ? down.url : url}#token=${name === 'readonly' ? 'reader' : 'full'}&${target}`);
    await page.waitForTimeout(target === 'overview' || target.startsWith('policies/') ? Number(process.env.SETTLE ?? 4000) : 1200);
    await kActs[name]?.(page);
    await page.screenshot({ path: `${folder}/${name.replace('/', '-')}-${scheme}.png`, fullPage: name !== 'overview' });
    await context.close();
  }
  server.close();
  down.server.close();
}
await browser.close();
