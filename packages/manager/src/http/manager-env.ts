import type { HttpEnv, RequestFacts } from '@linux-patch/http';

/** What the app learns of the caller. */
interface CallerFacts {
  /** Address the connection comes from, or `local`; forwarding headers are not believed. */
  readonly observedAddress: string;
  /** It came in through the socket on this machine, which only root and the manager's own user can open. */
  readonly isLocal: boolean;
  /** The caller has shown a credential, so its connection counts among those of known callers. */
  readonly markProven: () => void;
}

/** Types of the manager's Hono app. */
export interface ManagerEnv extends HttpEnv {
  readonly Bindings: RequestFacts & CallerFacts;
}
