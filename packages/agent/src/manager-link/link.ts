import type { ProxyChoice } from '../host/proxy.ts';
import { type ManagerAnswer, requestOnce } from './client.ts';
import type { PeerTrust } from './connection.ts';
import type { ManagerRequest } from './request.ts';

/** A manager that does not hold its answer has given it by then. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** What is asked for where a certificate or a list is answered. */
export const PEM = { accept: 'application/x-pem-file, */*' } as const;

/** The way to a manager, without whom it has to prove to be. */
export interface ManagerWay {
  /** Base URL, without path. */
  readonly managerUrl: URL;
  /** Through which proxy; directly without it. */
  readonly proxyFor?: ProxyChoice | undefined;
  /** Limit of each request, `REQUEST_TIMEOUT_MS` without it. */
  readonly timeoutMs?: number;
  readonly signal: AbortSignal;
}

/** What one request has of its own. */
export type RequestDetails = Pick<ManagerRequest, 'headers' | 'secret'> &
  Partial<Pick<ManagerRequest, 'shownUrl' | 'timeoutMs'>>;

/** Requests to one manager that proves itself in one way. Each rejects with a `ManagerFailure` when no answer comes. */
export interface ManagerLink {
  /** The URL of a path, which is also the audience of a proof. */
  at(path: string): URL;
  get(path: string, details?: RequestDetails): Promise<ManagerAnswer>;
  /** Sends JSON, which is made here unless it is text already. */
  post(path: string, body: object | string, details?: RequestDetails): Promise<ManagerAnswer>;
}

/**
 * Opens the way to a manager; nothing is sent yet. What is learned about the way (that it cuts large packets) counts for
 * every request after that.
 *
 * @param peer whom each connection may be with, when it is made
 */
export function openManagerLink(way: ManagerWay, peer: PeerTrust | (() => PeerTrust)): ManagerLink {
  const { managerUrl, proxyFor, signal, timeoutMs = REQUEST_TIMEOUT_MS } = way;
  let smallHello = false;
  const at = (path: string): URL => new URL(path, managerUrl);
  const send = async (
    request: Pick<ManagerRequest, 'method' | 'body'> & RequestDetails,
    path: string,
  ): Promise<ManagerAnswer> => {
    const url = at(path);
    const trust = typeof peer === 'function' ? peer() : peer;
    const answer = await requestOnce({
      url,
      shownUrl: url.href,
      timeoutMs,
      ...request,
      peer: trust,
      proxyFor,
      smallHello,
      signal,
    });
    smallHello ||= answer.smallHello;
    return answer;
  };
  return {
    at,
    get: (path, details = {}) => send({ ...details, method: 'GET' }, path),
    post: (path, json, details = {}) => {
      const headers = { 'content-type': 'application/json', ...details.headers };
      const body = typeof json === 'string' ? json : JSON.stringify(json);
      return send({ ...details, headers, method: 'POST', body }, path);
    },
  };
}
