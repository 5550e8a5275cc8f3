import { CERTIFICATES } from './cases/certificates.ts';
import { CRASHES, DECIDED } from './cases/crashes.ts';
import { MANAGER_AWAY } from './cases/manager-away.ts';
import { ON_THE_HOST } from './cases/on-the-host.ts';
import { RENEWALS } from './cases/renewals.ts';
import type { FaultChapter } from './fault-case.ts';

/** Every fault that is known and shown to heal, in the order of the reference. */
export const FAULT_CHAPTERS: readonly FaultChapter[] = [
  CERTIFICATES,
  MANAGER_AWAY,
  CRASHES,
  DECIDED,
  ON_THE_HOST,
  RENEWALS,
];
