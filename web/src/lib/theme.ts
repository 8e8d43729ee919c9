// Light, dark, or what the system says. The choice is the only thing kept in localStorage.
import { createStore } from './store';

export type Theme = 'system' | 'light' | 'dark';
const kKey = 'herdgate.theme';

export const theme = createStore<Theme>(stored());
/** What the choice comes to; also on the root element, for the style sheet. */
export const look = createStore<'light' | 'dark'>('light');

export function setTheme(next: Theme): void {
  theme.set(next);
  apply();
  try {
    localStorage.setItem(kKey, next);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
}

export function startTheme(): void {
  systemIsDark().addEventListener('change', apply);
  apply();
}

function apply(): void {
  const chosen = theme.get();
  const next = chosen === 'system' ? (systemIsDark().matches ? 'dark' : 'light') : chosen;
  document.documentElement.dataset['theme'] = next;
  look.set(next);
}

function systemIsDark(): MediaQueryList {
  return matchMedia('(prefers-color-scheme: dark)');
}

function stored(): Theme {
  try {
    const text = localStorage.getItem(kKey);
    return text === 'light' || text === 'dark' ? text : 'system';
  } catch {
    return 'system';
  }
}
