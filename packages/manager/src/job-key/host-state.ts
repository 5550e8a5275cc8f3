import type { HostJobKey, HostJobKeyState, JobKeyState } from '@linux-patch/contract';
import type { JobKey } from './job-key.ts';

/** What is compared with a host's word. */
export type OwnJobKey = Pick<JobKey, 'fingerprint' | 'former'>;

interface JobKeyReport {
  readonly job_key?: HostJobKey | undefined;
  readonly checks?: { readonly job_key?: string | undefined } | undefined;
}

/**
 * What a host takes changes from.
 * @param report its health; undefined before it was asked
 */
export function judgeJobKey(own: OwnJobKey, report: JobKeyReport | undefined): HostJobKeyState {
  const said = report?.job_key;
  return {
    state: report === undefined ? 'unknown' : said === undefined ? stateWithout(report) : stateOf(own, said),
    pinned: said?.pinned ?? null,
    by: said?.by ?? null,
  };
}

/** An agent that knows of job keys has a check of its own for them, and says no key where that is not `ok`. */
function stateWithout({ checks }: JobKeyReport): JobKeyState {
  return checks?.job_key === undefined ? 'unsupported' : 'unreadable';
}

function stateOf(own: OwnJobKey, { pinned }: HostJobKey): JobKeyState {
  if (pinned === null) return 'none';
  if (pinned === own.fingerprint) return 'pinned';
  return own.former.includes(pinned) ? 'behind' : 'foreign';
}

/**
 * Whether telling the host of the key may change something: what it refused once it refuses again, and one that pins it
 * forgets a foreign one that somebody else offered.
 */
export function isOfferUseful(own: OwnJobKey, said: HostJobKey): boolean {
  if (said.pinned === null) return said.by === null;
  if (said.pinned === own.fingerprint) return said.foreign !== null;
  return said.foreign !== own.fingerprint;
}
