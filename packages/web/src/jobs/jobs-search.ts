import type { FleetJobFilter } from '@linux-patch/contract';
import { fromOf } from '../shell/from-of.ts';

/** What a job can be by the records of the manager, in words for people. */
export const STATES: Readonly<Record<FleetJobFilter, string>> = {
  waiting: 'waits for its turn',
  asked: 'asked, no answer yet',
  accepted: 'on the host',
  completed: 'completed',
  failed: 'failed',
  ended: 'ended',
  not_begun: 'not begun',
  not_asked: 'never asked',
  unknown: 'unknown',
};

/** Which jobs are shown; all of it is in the address. */
export interface JobsSearch {
  /** Id, name or address. */
  readonly host?: string;
  readonly state?: FleetJobFilter;
  /** Only those of an act on many hosts. */
  readonly act?: string;
  /** Entries before the first that is shown. */
  readonly from?: number;
}

function isState(said: unknown): said is FleetJobFilter {
  return typeof said === 'string' && Object.hasOwn(STATES, said);
}

const UUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/** Reads an address; what it does not say right is left out. */
export function jobsSearchOf({ host, state, act, from }: Record<string, unknown>): JobsSearch {
  const name = typeof host === 'string' ? host.trim() : '';
  const start = fromOf(from);
  return {
    ...(name !== '' && name.length <= 253 ? { host: name } : {}),
    ...(isState(state) ? { state } : {}),
    ...(typeof act === 'string' && UUID.test(act) ? { act } : {}),
    ...(start > 0 ? { from: start } : {}),
  };
}
