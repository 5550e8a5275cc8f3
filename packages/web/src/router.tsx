import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { NotHere } from './shell/not-here.tsx';
import { Shell } from './shell/shell.tsx';

const root = createRootRoute({ component: Shell, notFoundComponent: NotHere });

/** What of an address is a screen's search. */
function searchOf({ q }: Record<string, unknown>): { readonly q?: string } {
  return typeof q === 'string' && q !== '' ? { q } : {};
}

const dashboard = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./dashboard/dashboard-screen.tsx'), 'DashboardScreen'),
});

const hosts = createRoute({
  getParentRoute: () => root,
  path: '/hosts',
  validateSearch: searchOf,
  component: lazyRouteComponent(() => import('./hosts/hosts-screen.tsx'), 'HostsScreen'),
});

const host = createRoute({
  getParentRoute: () => root,
  path: '/hosts/$name',
  component: lazyRouteComponent(() => import('./host/host-screen.tsx'), 'HostScreen'),
});

const hostTab = createRoute({
  getParentRoute: () => root,
  path: '/hosts/$name/$tab',
  validateSearch: searchOf,
  component: lazyRouteComponent(() => import('./host/host-screen.tsx'), 'HostScreen'),
});

const queue = createRoute({
  getParentRoute: () => root,
  path: '/queue',
  component: lazyRouteComponent(() => import('./queue/queue-screen.tsx'), 'QueueScreen'),
});

export const router = createRouter({
  routeTree: root.addChildren([dashboard, hosts, host, hostTab, queue]),
  defaultPreload: 'intent',
  // A search is what somebody typed, not JSON.
  parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as Record<string, string>).toString();
    return text === '' ? '' : `?${text}`;
  },
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
