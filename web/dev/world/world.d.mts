export interface Client {
  do(...words: (string | number | Buffer)[]): Promise<unknown>;
  close(): void;
}
export interface World {
  folder: string;
  url: string;
  ports: { admin: number; redis: number };
  tokens: { full: string; reader: string };
  client(): Promise<Client>;
  redis(): Promise<Client>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  ask(path: string, init?: RequestInit): Promise<any>;
  stop(): Promise<void>;
}
export const kHerdgate: string;
export const kRedis: string | undefined;
export function startWorld(options?: { tokens?: boolean; policies?: string; redisPort?: number; loops?: number }): Promise<World>;
