import type { ProxyChoice } from '../host/proxy.ts';
import type { PeerTrust } from './connection.ts';

/** One request to the manager. */
export interface ManagerRequest {
  readonly url: URL;
  /** The URL as messages may show it: without a token. */
  readonly shownUrl: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly peer: PeerTrust;
  /** Says through which proxy to go; directly without it. */
  readonly proxyFor?: ProxyChoice | undefined;
  /** A secret of the request that an answer may quote, such as a token in the path; messages do not. */
  readonly secret?: string;
  /** Does not try the hybrid key exchange, which is known not to get through. */
  readonly smallHello?: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** A request while it is under way. */
export interface BoundedRequest extends ManagerRequest {
  /** Told how far it has come. */
  readonly reached: (stage: Stage) => void;
}

/** How far a request has come. */
export type Stage = 'connecting' | 'handshake' | 'answer' | 'body';
