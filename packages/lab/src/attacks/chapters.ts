import type { AttackChapter } from './attack-case.ts';
import { LARGE_BODIES, PATH_SPELLINGS, STRANGE_HOST } from './cases/manager-doors.ts';
import { PROCESS_LIST } from './cases/process-list.ts';
import { ADMIN_ROUTES } from './cases/routes.ts';
import { TERMINAL } from './cases/terminal.ts';

/** Every attack that is tried, in the order of the reference. */
export const ATTACK_CHAPTERS: readonly AttackChapter[] = [
  { title: 'The manager and the fleet', cases: [] },
  {
    title: 'Strangers before the manager',
    cases: [ADMIN_ROUTES, LARGE_BODIES, PATH_SPELLINGS, STRANGE_HOST],
  },
  { title: 'The host and its agent', cases: [TERMINAL, PROCESS_LIST] },
];
