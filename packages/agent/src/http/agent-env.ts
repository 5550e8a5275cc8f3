import type { HttpEnv, RequestFacts } from '@linux-patch/http';
import type { Clock } from '@linux-patch/runtime';
import type { SignatureGate } from '@linux-patch/worker';
import type { Hono } from 'hono';
import type { Caller } from '../access/caller.ts';

/** Types of the Hono app. */
export interface AgentEnv extends HttpEnv {
  readonly Bindings: RequestFacts & { readonly caller: Caller };
  readonly Variables: {
    readonly requestId: string;
    /** Says whose changes this host does. */
    readonly gate: SignatureGate;
    /** For the next signature; undefined where none is needed. */
    readonly challenge?: string | undefined;
    /** Fingerprint of the job key that signed the request. */
    readonly signedBy?: string | undefined;
    /** What was asked for, as the audit log has it. */
    readonly asked?: Readonly<Record<string, unknown>>;
    /** The job that was made of it. */
    readonly jobId?: string;
  };
}

/** What routes are served on. */
export interface RouteServer {
  readonly app: Hono<AgentEnv>;
  readonly clock: Clock;
}
