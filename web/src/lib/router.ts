// The page is in the fragment, so the server knows one path only and the UI works wherever it is mounted.
import { useEffect, useState } from 'preact/hooks';

export interface Route {
  page: string;
  /** What follows the page, decoded. */
  argument: string;
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const slash = path.indexOf('/');
  const page = slash < 0 ? path : path.slice(0, slash);
  return { page: page || 'overview', argument: slash < 0 ? '' : decode(path.slice(slash + 1)), query: new URLSearchParams(query) };
}

export function hrefOf(page: string, argument = '', query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${page}${argument && `/${encodeURIComponent(argument)}`}${search && `?${search}`}`;
}

export function go(page: string, argument = '', query: Record<string, string> = {}): void {
  location.hash = hrefOf(page, argument, query);
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const change = () => setRoute(parseRoute(location.hash));
    addEventListener('hashchange', change);
    return () => removeEventListener('hashchange', change);
  }, []);
  return route;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
