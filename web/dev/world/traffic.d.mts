export function startTraffic(port: number, options?: { rate?: number; workers?: number; herd?: number; herdEvery?: number; seed?: number }): { stop(): Promise<void> };
