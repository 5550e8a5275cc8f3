import {
  CHALLENGE_HEADER,
  JOB_SIGNATURE_HEADER,
  type Route,
  SIGNED_JOB_HEADER,
  SignedJob,
} from '@linux-patch/contract';
import type { JobKey } from '../job-key/job-key.ts';
import type { AgentAddress } from './connect.ts';

/** A change that is about to be asked of a host. */
export interface Change {
  readonly route: Pick<Route, 'method'>;
  /** Path and query. */
  readonly target: string;
  readonly idempotencyKey: string;
  readonly instanceId: string;
  readonly body: string | undefined;
}

/** Signs changes, each over a number that its host gave with an earlier answer. */
export interface ChangeSigner {
  /** The headers of a signature; none while no number of this host is at hand, which the answer to the change brings. */
  headers(agent: AgentAddress, change: Change): Readonly<Record<string, string>>;
  /** Keeps the number that an answer brought. */
  note(agent: AgentAddress, headers: Readonly<Record<string, string | string[] | undefined>>): void;
  /** Keeps the number that these headers are signed over: its host refused the change before it looked at them. */
  keep(agent: AgentAddress, headers: Readonly<Record<string, string>>): void;
  /** Whether there is a number of this host that was not signed yet. */
  isReady(agent: AgentAddress): boolean;
}

export function createChangeSigner(jobKey: Pick<JobKey, 'sign'>): ChangeSigner {
  /** By host; each is signed once. */
  const challenges = new Map<string, string>();
  return {
    headers({ hostId, fqdn }, { route, target, idempotencyKey, instanceId, body = '' }) {
      const challenge = challenges.get(hostId);
      if (challenge === undefined) return {};
      challenges.delete(hostId);
      const { pathname, search } = new URL(target, 'https://host');
      const signed = jobKey.sign(
        {
          host: fqdn,
          instance: instanceId,
          op: `${route.method} ${pathname}${search}`,
          idem: idempotencyKey,
          challenge,
        },
        Buffer.from(body, 'utf8'),
      );
      return { [SIGNED_JOB_HEADER]: signed.job, [JOB_SIGNATURE_HEADER]: signed.signature };
    },
    note({ hostId }, headers) {
      const { data } = SignedJob.unwrap().shape.challenge.safeParse(headers[CHALLENGE_HEADER.toLowerCase()]);
      if (data !== undefined) challenges.set(hostId, data);
    },
    keep({ hostId }, { [SIGNED_JOB_HEADER]: job }) {
      if (job !== undefined && !challenges.has(hostId)) challenges.set(hostId, challengeOf(job));
    },
    isReady: ({ hostId }) => challenges.has(hostId),
  };
}

/** @param job the value of the header, as this program wrote it */
function challengeOf(job: string): string {
  return SignedJob.parse(JSON.parse(Buffer.from(job, 'base64url').toString('utf8'))).challenge;
}
