import type { Hint, HintTopic, MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import type { QueryKey } from '@tanstack/react-query';

type Reading = {
  [K in keyof typeof MANAGER_ADMIN_ROUTES]: (typeof MANAGER_ADMIN_ROUTES)[K]['method'] extends 'GET'
    ? K
    : never;
}[keyof typeof MANAGER_ADMIN_ROUTES];

/** Of what records an answer is made; none where a host itself is asked, or where no hint tells of a change. */
const ROUTES: Readonly<Record<Reading, readonly HintTopic[]>> = {
  status: ['hosts', 'enrollments', 'authority'],
  configuration: [],
  events: [],
  metrics: [],
  authority: ['authority', 'certificates', 'hosts'],
  jobKey: ['authority', 'hosts'],
  listEnrollments: ['enrollments', 'hosts'],
  getEnrollment: ['enrollments', 'hosts'],
  listHosts: ['hosts', 'packages', 'certificates', 'authority'],
  getHost: ['hosts', 'packages', 'certificates', 'authority'],
  listGroups: ['hosts'],
  getGroup: ['hosts'],
  listSearches: ['hosts'],
  getSearch: ['hosts'],
  listCertificates: ['certificates', 'hosts'],
  getCertificate: ['certificates', 'hosts'],
  inventory: ['packages', 'hosts'],
  fleetHistory: ['packages'],
  hostInventory: ['packages', 'hosts'],
  packageInventory: ['packages', 'hosts'],
  packageMissing: ['packages', 'hosts'],
  knownPackages: ['packages', 'hosts'],
  updateInventory: ['packages', 'hosts'],
  updateAges: ['packages', 'hosts'],
  packageUpdates: ['packages', 'hosts'],
  hostChanges: ['packages'],
  fleetJobs: ['jobs'],
  acts: ['jobs'],
  act: ['jobs'],
  hostPackages: [],
  hostPatches: [],
  hostSystem: [],
  hostServices: [],
  hostService: [],
  hostJobs: [],
  hostJob: [],
  hostJobEvents: [],
  // Groups are called by the names that they have now.
  listTokens: ['join-tokens', 'hosts'],
  getToken: ['join-tokens', 'hosts'],
  installSources: [],
  listApiTokens: ['api-tokens'],
  listPeople: ['people'],
  personSessions: ['people'],
  listAudit: ['audit'],
  verifyAudit: [],
  // Others than administrators do not hear of people, not even of themselves.
  ownSession: [],
  ownSessions: [],
  listPasskeys: [],
  stepUpChallenge: [],
};

/** Of what is put together of several answers. */
const TOGETHER = {
  fleet: ['packages', 'hosts', 'certificates', 'authority'],
  'whole listing': ['packages', 'hosts'],
} as const satisfies Readonly<Record<string, readonly HintTopic[]>>;

const ABOUT = new Map<unknown, readonly HintTopic[]>(Object.entries({ ...ROUTES, ...TOGETHER }));

/** Whether hints tell when a query's answer changes. */
export function isHinted([name]: QueryKey): boolean {
  return (ABOUT.get(name) ?? []).length > 0;
}

/** Whether a hint is about a query. */
export function isAbout(key: QueryKey, changed: Hint['changed']): boolean {
  if (changed.includes('all')) return isHinted(key);
  return (ABOUT.get(key[0]) ?? []).some((topic) => changed.includes(topic));
}
