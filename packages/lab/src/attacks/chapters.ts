import type { AttackChapter } from './attack-case.ts';
import { PROCESS_LIST } from './cases/process-list.ts';
import { ADMIN_ROUTES } from './cases/routes.ts';
import { TERMINAL } from './cases/terminal.ts';

/** Every attack that is tried, in the order of the reference. */
export const ATTACK_CHAPTERS: readonly AttackChapter[] = [
  { title: 'The manager and the fleet', cases: [] },
  { title: 'Strangers before the manager', cases: [ADMIN_ROUTES] },
  { title: 'The host and its agent', cases: [TERMINAL, PROCESS_LIST] },
];
