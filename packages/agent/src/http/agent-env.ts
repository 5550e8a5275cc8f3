import type { PatchError } from '@linux-patch/contract';
import type { Caller } from '../access/caller.ts';

/** What the node adapter tells the app beside the request. */
export interface RequestFacts {
  readonly caller: Caller;
  /** Header names and values in turn, as they came; a `Headers` object hides duplicates. */
  readonly rawHeaders: readonly string[];
  readonly method: string;
  /** The path as it came, before any normalisation. */
  readonly path: string;
  /** Why the request cannot be served whatever it asks for. */
  readonly fault?: PatchError | undefined;
}

/** Types of the Hono app. */
export interface AgentEnv {
  readonly Bindings: RequestFacts;
  readonly Variables: {
    readonly requestId: string;
    /** What was asked for, as the audit log has it. */
    readonly asked?: Readonly<Record<string, unknown>>;
    /** The job that was made of it. */
    readonly jobId?: string;
  };
}
