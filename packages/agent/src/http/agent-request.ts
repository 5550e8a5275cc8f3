import type { Exchange, HttpApp, HttpRequest } from '@linux-patch/http';
import type { Clock } from '@linux-patch/runtime';
import type { Caller } from '../access/caller.ts';
import type { ChangeIntake } from '../jobs/change-intake.ts';

/** A request to the agent. */
export interface AgentRequest extends HttpRequest {
  readonly caller: Caller;
  readonly trail: RequestTrail;
}

export type AgentExchange = Exchange<AgentRequest>;

/** What becomes known of a request on its way, for its answer and the audit log. */
export interface RequestTrail {
  /** For the next signature; undefined where none is needed. */
  challenge?: string | undefined;
  /** Fingerprint of the job key that signed the request. */
  signedBy?: string | undefined;
  /** What was asked for, as the audit log has it. */
  asked?: Readonly<Record<string, unknown>>;
  /** The job that was made of it. */
  jobId?: string;
}

/** What routes are served on. */
export interface RouteServer {
  readonly app: HttpApp<AgentRequest>;
  readonly clock: Clock;
  /** Whoever asks for a change asks there. */
  readonly intake: ChangeIntake;
  /** Names for which this host is certified now. */
  readonly names: () => readonly string[];
}
