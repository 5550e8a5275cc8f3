import type { FleetJobState } from '@linux-patch/contract';
import { fromOf } from '../shell/from-of.ts';

/** What a job can be by the records of the manager, in words for people. */
export const STATES: Readonly<Record<FleetJobState, string>> = {
  asked: 'asked, no answer yet',
  accepted: 'on the host',
  ended: 'ended',
  not_begun: 'not begun',
  unknown: 'unknown',
};

/** Which jobs are shown; all of it is in the address. */
export interface JobsSearch {
  /** Id, name or address. */
  readonly host?: string;
  readonly state?: FleetJobState;
  /** Entries before the first that is shown. */
  readonly from?: number;
}

function isState(said: unknown): said is FleetJobState {
  return typeof said === 'string' && Object.hasOwn(STATES, said);
}

/** Reads an address; what it does not say right is left out. */
export function jobsSearchOf({ host, state, from }: Record<string, unknown>): JobsSearch {
  const name = typeof host === 'string' ? host.trim() : '';
  const start = fromOf(from);
  return {
    ...(name !== '' && name.length <= 253 ? { host: name } : {}),
    ...(isState(state) ? { state } : {}),
    ...(start > 0 ? { from: start } : {}),
  };
}
