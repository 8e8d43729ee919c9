// Debian's Chromium through playwright-core, which brings no browser of its own.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

export const kChromium = [process.env.CHROMIUM, '/usr/bin/chromium'].find((path) => path && existsSync(path));

export function launch() {
  // Root needs --no-sandbox; the pages are our own.
  return chromium.launch({ executablePath: kChromium, args: ['--no-sandbox', '--disable-gpu'] });
}
