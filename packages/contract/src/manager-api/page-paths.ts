/**
 * Where the screens of the manager's page are; what follows in an address is read by the page itself. At other addresses a
 * browser gets the page as well, with 404: it says that there is nothing.
 */
export const PAGE_PATHS = [
  '/',
  '/hosts',
  '/hosts/{name}',
  '/hosts/{name}/{tab}',
  '/hosts/{name}/jobs/{job}',
  '/updates',
  '/jobs',
  '/acts',
  '/acts/{id}',
  '/queue',
  '/queue/tokens',
  '/setup',
  '/sign-in/return',
  '/account',
  '/audit',
  '/certificates',
  '/settings/ca',
  '/settings/configuration',
  '/settings/people',
  '/settings/people/{name}',
  '/settings/programs',
] as const;
