import type { ComponentType } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { clock } from './lib/format';
import { live } from './lib/live';
import { useRoute, type Route } from './lib/router';
import { useStore } from './lib/store';
import { Access } from './pages/access';
import { Audit } from './pages/audit';
import { HotKeys } from './pages/hot_keys';
import { Inspect } from './pages/inspect';
import { Invalidate } from './pages/invalidate';
import { Jobs } from './pages/jobs';
import { Overview } from './pages/overview';
import { Policies } from './pages/policies';
import { Stampedes } from './pages/stampedes';
import { System } from './pages/system';
import { Masthead } from './ui/masthead';
import { Navigation } from './ui/navigation';

interface Page {
  title: string;
  view: ComponentType<{ route: Route }>;
}

const kPages: Record<string, Page> = {
  overview: { title: 'Overview', view: Overview },
  policies: { title: 'Policies', view: Policies },
  hot: { title: 'Hot keys', view: HotKeys },
  stampedes: { title: 'Stampedes', view: Stampedes },
  inspect: { title: 'Inspect a key', view: Inspect },
  invalidate: { title: 'Invalidate', view: Invalidate },
  jobs: { title: 'Jobs', view: Jobs },
  audit: { title: 'Audit', view: Audit },
  system: { title: 'System', view: System },
  access: { title: 'Access', view: Access },
};

/** What is shown is old: said where nobody overlooks it. */
function Silence() {
  const { snapshot, error } = useStore(live);
  if (!snapshot || !error || error.status === 401) return null;
  return (
    <p class="failure" role="alert">
      {error.text}. What is shown is of {clock(Date.parse(snapshot.time))}.
    </p>
  );
}

export function App() {
  const route = useRoute();
  const refused = useStore(live).error?.status === 401;
  const page = (refused ? kPages['access'] : kPages[route.page]) ?? kPages['overview'];
  const title = page?.title ?? '';
  const heading = useRef<HTMLHeadingElement>(null);
  const first = useRef(true);
  // Before anything is painted: later it would take the focus from who has begun to type.
  useLayoutEffect(() => {
    document.title = `${title} · Herdgate`;
    // A screen reader learns of the new page by the focus; not at the start, where nobody has gone anywhere.
    if (!first.current) heading.current?.focus();
    first.current = false;
    scrollTo(0, 0);
  }, [title, route.argument]);
  if (!page) return null;
  const View = page.view;
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => (event.preventDefault(), heading.current?.focus())}>
        To the content
      </a>
      <Masthead />
      <Navigation current={refused ? 'access' : route.page} />
      <main id="content">
        <h1 ref={heading} tabIndex={-1}>
          {title}
          {route.argument && !refused && <span class="argument"> {route.argument}</span>}
        </h1>
        <Silence />
        <View route={route} />
      </main>
    </>
  );
}
