import type { AttackChapter } from './attack-case.ts';
import { FOREIGN_JOIN_FILE, NO_INOTIFY, SILENT_CONNECTIONS, WITHOUT_TLS } from './cases/agent-doors.ts';
import { AGENTS_USER } from './cases/agents-user.ts';
import { TLS_INSPECTION, UNPROVEN_DENIAL } from './cases/enrolment.ts';
import { HOSTILE_ANSWERS } from './cases/hostile-answers.ts';
import { FOREIGN_NAMES, FORKS, MANAGERS_MACHINE } from './cases/identities.ts';
import { INSTALL_URL } from './cases/install-url.ts';
import { LARGE_BODIES, PATH_SPELLINGS, STRANGE_HOST } from './cases/manager-doors.ts';
import {
  AUDIT_FLOOD,
  FULL_QUEUE,
  HOSTILE_FACTS,
  MAPPED_ADDRESSES,
  OLDER_AGENTS,
  ONE_NAME,
} from './cases/manager-queue.ts';
import { PROCESS_LIST } from './cases/process-list.ts';
import { RECORDED_RESTART } from './cases/recorded-restart.ts';
import { MANY_REVOCATIONS } from './cases/revocations.ts';
import { ADMIN_ROUTES } from './cases/routes.ts';
import { STOLEN_TLS_KEY } from './cases/stolen-tls-key.ts';
import { TERMINAL } from './cases/terminal.ts';

/** Every attack that is tried, in the order of the reference. */
export const ATTACK_CHAPTERS: readonly AttackChapter[] = [
  { title: 'The manager and the fleet', cases: [MANAGERS_MACHINE, MANY_REVOCATIONS, FORKS, HOSTILE_ANSWERS] },
  {
    title: 'Strangers before the manager',
    cases: [
      HOSTILE_FACTS,
      ONE_NAME,
      FOREIGN_NAMES,
      LARGE_BODIES,
      PATH_SPELLINGS,
      FULL_QUEUE,
      OLDER_AGENTS,
      AUDIT_FLOOD,
      STRANGE_HOST,
      MAPPED_ADDRESSES,
      ADMIN_ROUTES,
    ],
  },
  {
    title: 'The host and its agent',
    cases: [
      NO_INOTIFY,
      UNPROVEN_DENIAL,
      SILENT_CONNECTIONS,
      WITHOUT_TLS,
      TLS_INSPECTION,
      FOREIGN_JOIN_FILE,
      INSTALL_URL,
      TERMINAL,
      PROCESS_LIST,
      STOLEN_TLS_KEY,
      RECORDED_RESTART,
      AGENTS_USER,
    ],
  },
];
