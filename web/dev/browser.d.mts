import type { Browser } from 'playwright-core';

export const kChromium: string | undefined;
export function launch(): Promise<Browser>;
