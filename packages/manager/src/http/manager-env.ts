import type { HttpEnv, RequestFacts } from '@linux-patch/http';

/** What the app learns of the caller. */
interface CallerFacts {
  /** Address the connection comes from; forwarding headers are not believed. */
  readonly observedAddress: string;
  /** The caller has shown a credential, so its connection counts among those of known callers. */
  readonly markProven: () => void;
}

/** Types of the manager's Hono app. */
export interface ManagerEnv extends HttpEnv {
  readonly Bindings: RequestFacts & CallerFacts;
}
