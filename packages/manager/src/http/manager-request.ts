import type { Exchange, HttpRequest } from '@linux-patch/http';

/** A request to the manager. */
export interface ManagerRequest extends HttpRequest {
  /** Address the connection comes from, or `local`; forwarding headers are not believed. */
  readonly observedAddress: string;
  /** It came in through the socket on this machine, which only root and the manager's own user can open. */
  readonly isLocal: boolean;
  /** The caller has shown a credential, so its connection counts among those of known callers. */
  readonly markProven: () => void;
}

export type ManagerExchange = Exchange<ManagerRequest>;
