// What the browser tests share: a page that complains about nothing, and whether it can be used by everybody.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const kAxe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Axe {
  axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string }[] }[] }> };
}

/** The serious and critical violations of WCAG that axe finds. */
export async function violations(page: Page): Promise<string[]> {
  // Not as a script element: the CSP refuses those, and must.
  await page.evaluate(kAxe);
  const result = await page.evaluate(() => (window as unknown as Axe).axe.run());
  return result.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

/** Presses a key again and again until what has the focus matches. */
export async function pressUntil(page: Page, key: string, selector: string): Promise<void> {
  for (let turn = 0; turn < 80; ++turn) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} does not lead to ${selector}`);
}

/** What the page logs, fails at or refuses, from now on; `but`: what belongs to the test. */
export function complaintsOf(page: Page, but: RegExp = /status of 401/): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => message.type() === 'error' && !but.test(message.text()) && complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  return complaints;
}
