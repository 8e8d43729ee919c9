interface Running {
  url: string;
  stop(): void;
}
export function startProxy(target: string, base: string): Promise<Running>;
export function startStranger(html: string): Promise<Running>;
