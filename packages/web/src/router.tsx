import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { auditSearchOf } from './audit/audit-search.ts';
import { certificateSearchOf } from './certificates/certificate-search.ts';
import { tabSearchOf } from './host/tab-search.ts';
import { hostsSearchOf } from './hosts/hosts-search.ts';
import { jobsSearchOf } from './jobs/jobs-search.ts';
import { patchSearch } from './patch/wish.ts';
import { RETURN_PATH } from './session/provider.ts';
import { fromOf } from './shell/from-of.ts';
import { NotHere } from './shell/not-here.tsx';
import { Shell } from './shell/shell.tsx';
import { updatesSearch } from './updates/updates-search.ts';

const root = createRootRoute({ component: Shell, notFoundComponent: NotHere });

const dashboard = createRoute({
  getParentRoute: () => root,
  path: '/',
  component: lazyRouteComponent(() => import('./dashboard/dashboard-screen.tsx'), 'DashboardScreen'),
});

const hosts = createRoute({
  getParentRoute: () => root,
  path: '/hosts',
  validateSearch: hostsSearchOf,
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
  validateSearch: tabSearchOf,
  component: lazyRouteComponent(() => import('./host/host-screen.tsx'), 'HostScreen'),
});

const patch = createRoute({
  getParentRoute: () => root,
  path: '/hosts/$name/patch',
  validateSearch: patchSearch,
  component: lazyRouteComponent(() => import('./patch/patch-screen.tsx'), 'PatchScreen'),
});

const job = createRoute({
  getParentRoute: () => root,
  path: '/hosts/$name/jobs/$job',
  validateSearch: patchSearch,
  component: lazyRouteComponent(() => import('./job/job-screen.tsx'), 'JobScreen'),
});

const updates = createRoute({
  getParentRoute: () => root,
  path: '/updates',
  validateSearch: updatesSearch,
  component: lazyRouteComponent(() => import('./updates/updates-screen.tsx'), 'UpdatesScreen'),
});

const jobs = createRoute({
  getParentRoute: () => root,
  path: '/jobs',
  validateSearch: jobsSearchOf,
  component: lazyRouteComponent(() => import('./jobs/jobs-screen.tsx'), 'JobsScreen'),
});

const acts = createRoute({
  getParentRoute: () => root,
  path: '/acts',
  validateSearch: ({ from }: Record<string, unknown>): { readonly from?: number } => {
    const start = fromOf(from);
    return start > 0 ? { from: start } : {};
  },
  component: lazyRouteComponent(() => import('./acts/acts-screen.tsx'), 'ActsScreen'),
});

const act = createRoute({
  getParentRoute: () => root,
  path: '/acts/$id',
  component: lazyRouteComponent(() => import('./acts/act-screen.tsx'), 'ActScreen'),
});

const queue = createRoute({
  getParentRoute: () => root,
  path: '/queue',
  component: lazyRouteComponent(() => import('./queue/queue-screen.tsx'), 'QueueScreen'),
});

const tokens = createRoute({
  getParentRoute: () => root,
  path: '/queue/tokens',
  component: lazyRouteComponent(() => import('./queue/tokens-screen.tsx'), 'TokensScreen'),
});

const setUp = createRoute({
  getParentRoute: () => root,
  path: '/setup',
  component: lazyRouteComponent(() => import('./session/next-steps-screen.tsx'), 'NextStepsScreen'),
});

/** What is there is shown by the shell. */
const signInReturn = createRoute({ getParentRoute: () => root, path: RETURN_PATH });

const certificates = createRoute({
  getParentRoute: () => root,
  path: '/certificates',
  validateSearch: certificateSearchOf,
  component: lazyRouteComponent(() => import('./certificates/certificates-screen.tsx'), 'CertificatesScreen'),
});

const audit = createRoute({
  getParentRoute: () => root,
  path: '/audit',
  validateSearch: auditSearchOf,
  component: lazyRouteComponent(() => import('./audit/audit-screen.tsx'), 'AuditScreen'),
});

const account = createRoute({
  getParentRoute: () => root,
  path: '/account',
  component: lazyRouteComponent(() => import('./account/account-screen.tsx'), 'AccountScreen'),
});

const people = createRoute({
  getParentRoute: () => root,
  path: '/settings/people',
  component: lazyRouteComponent(() => import('./settings/people-screen.tsx'), 'PeopleScreen'),
});

const person = createRoute({
  getParentRoute: () => root,
  path: '/settings/people/$name',
  component: lazyRouteComponent(() => import('./settings/person-screen.tsx'), 'PersonScreen'),
});

const programs = createRoute({
  getParentRoute: () => root,
  path: '/settings/programs',
  component: lazyRouteComponent(() => import('./settings/programs-screen.tsx'), 'ProgramsScreen'),
});

const ca = createRoute({
  getParentRoute: () => root,
  path: '/settings/ca',
  component: lazyRouteComponent(() => import('./settings/ca-screen.tsx'), 'CaScreen'),
});

const configuration = createRoute({
  getParentRoute: () => root,
  path: '/settings/configuration',
  component: lazyRouteComponent(() => import('./settings/configuration-screen.tsx'), 'ConfigurationScreen'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signInReturn,
    dashboard,
    hosts,
    host,
    hostTab,
    patch,
    job,
    updates,
    jobs,
    acts,
    act,
    queue,
    tokens,
    setUp,
    certificates,
    audit,
    account,
    people,
    person,
    programs,
    ca,
    configuration,
  ]),
  defaultPreload: 'intent',
  // What no screen reads of an address is left out of it, and reaches none.
  search: { strict: true },
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
