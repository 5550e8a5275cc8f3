/** Where the screens of the manager's page are; what follows in an address is read by the page itself. */
export const PAGE_PATHS = [
  '/',
  '/hosts',
  '/hosts/{name}',
  '/hosts/{name}/{tab}',
  '/queue',
  '/queue/tokens',
  '/setup',
  '/account',
  '/audit',
  '/certificates',
  '/settings/ca',
  '/settings/configuration',
  '/settings/people',
  '/settings/people/{name}',
  '/settings/programs',
] as const;
