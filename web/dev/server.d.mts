import type { Server } from 'node:http';

export function startServer(options?: { port?: number; base?: string; tokens?: boolean; upstreamDown?: boolean }): Promise<{ server: Server; url: string }>;
