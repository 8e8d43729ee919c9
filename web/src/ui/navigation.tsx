import { useEffect, useRef } from 'preact/hooks';
import { hrefOf } from '../lib/router';

const kGroups = [
  { name: 'See', pages: [['overview', 'Overview'], ['policies', 'Policies'], ['hot', 'Hot keys'], ['stampedes', 'Stampedes']] },
  { name: 'Act', pages: [['inspect', 'Inspect a key'], ['invalidate', 'Invalidate'], ['jobs', 'Jobs']] },
  { name: 'Run', pages: [['audit', 'Audit'], ['system', 'System'], ['access', 'Access']] },
] as const;

export function Navigation({ current }: { current: string }) {
  const bar = useRef<HTMLElement>(null);
  // On a phone the bar is longer than the page is wide.
  useEffect(() => bar.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' }), [current]);
  return (
    <nav aria-label="Pages" ref={bar}>
      {kGroups.map((group) => (
        <ul key={group.name} aria-label={group.name}>
          {group.pages.map(([page, title]) => (
            <li key={page}>
              <a href={hrefOf(page)} aria-current={current === page ? 'page' : undefined}>
                {title}
              </a>
            </li>
          ))}
        </ul>
      ))}
    </nav>
  );
}
