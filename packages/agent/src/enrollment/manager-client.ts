import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { messageOf, PatchError } from '@linux-patch/contract';

/** How a request to the manager failed, which decides how long to wait. */
export type FailureKind = 'transient' | 'throttled' | 'protocol' | 'security' | 'stopped';

/** A request that brought no answer of a manager. */
export class ManagerFailure extends PatchError {
  readonly kind: FailureKind;
  /** What `Retry-After` asked for, milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    kind: FailureKind,
    message: string,
    options: { readonly cause?: unknown; readonly retryAfterMs?: number } = {},
  ) {
    const code =
      kind === 'security'
        ? 'MANAGER_UNTRUSTED'
        : kind === 'protocol'
          ? 'MANAGER_PROTOCOL'
          : 'MANAGER_UNREACHABLE';
    super(code, message, { cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Whom a TLS connection may be with. */
export type PeerTrust =
  | { readonly kind: 'verified'; readonly ca: readonly string[] }
  /** Any certificate; what comes over it is proven by other means or not used. */
  | { readonly kind: 'unverified' };

export interface ManagerRequest {
  readonly url: URL;
  /** The URL as messages may show it: without a token. */
  readonly shownUrl: string;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly peer: PeerTrust;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface ManagerAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** The peer's certificate (DER), when the connection was TLS. */
  readonly peerCertificate: Uint8Array | undefined;
}

const BODY_LIMIT_BYTES = 256 * 1024;

/** Verification failures of OpenSSL and Node; anything else on the way is a network matter. */
const TLS_TRUST_CODES =
  /^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS_CERT_ALTNAME_INVALID|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED)/;

function networkFailure(request: ManagerRequest, cause: NodeJS.ErrnoException): ManagerFailure {
  const reason = [cause.code, cause.message].filter(Boolean).join(': ');
  if (cause.code && TLS_TRUST_CODES.test(cause.code)) {
    const clock =
      cause.code === 'CERT_NOT_YET_VALID' || cause.code === 'CERT_HAS_EXPIRED'
        ? " Check this host's clock."
        : '';
    return new ManagerFailure(
      'security',
      `The certificate of ${request.shownUrl} is not trusted (${reason}).${clock}`,
      { cause },
    );
  }
  return new ManagerFailure('transient', `${request.shownUrl} does not answer (${reason}).`, { cause });
}

function connectionOptions(request: ManagerRequest): RequestOptions & Record<string, unknown> {
  const verified = request.peer.kind === 'verified';
  return {
    method: request.method,
    headers: { accept: 'application/json', ...request.headers },
    agent: false,
    signal: request.signal,
    rejectUnauthorized: verified,
    // A resumed session brings no certificate to remember.
    maxCachedSessions: 0,
    minVersion: 'TLSv1.2',
    ...(request.peer.kind === 'verified' ? { ca: [...request.peer.ca], allowPartialTrustChain: true } : {}),
    ...(verified ? {} : { checkServerIdentity: () => undefined }),
  };
}

async function readBody(request: ManagerRequest, response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > BODY_LIMIT_BYTES) {
      response.destroy();
      throw new ManagerFailure(
        'protocol',
        `${request.shownUrl} sends more than ${BODY_LIMIT_BYTES} bytes; no manager does that.`,
      );
    }
    chunks.push(chunk);
  }
  if (!response.complete)
    throw new ManagerFailure('transient', `The answer of ${request.shownUrl} broke off.`);
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * One request, one answer. Never follows a redirect, never sends more than it was told, reads at most
 * 256 KiB, and is done within `timeoutMs` however slowly the bytes come.
 *
 * @throws ManagerFailure
 */
export async function askManager(request: ManagerRequest): Promise<ManagerAnswer> {
  const limit = AbortSignal.timeout(request.timeoutMs);
  const bounded = { ...request, signal: AbortSignal.any([request.signal, limit]) };
  try {
    return await exchange(bounded);
  } catch (error) {
    if (request.signal.aborted) throw new ManagerFailure('stopped', 'The agent was told to stop.');
    if (limit.aborted) {
      throw new ManagerFailure(
        'transient',
        `${request.shownUrl} did not answer within ${request.timeoutMs / 1000} s.`,
      );
    }
    throw error instanceof ManagerFailure ? error : networkFailure(request, error as NodeJS.ErrnoException);
  }
}

async function exchange(request: ManagerRequest): Promise<ManagerAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const open = request.url.protocol === 'http:' ? httpRequest : httpsRequest;
  const outgoing = open(request.url, connectionOptions(request), resolve);
  let peerCertificate: Uint8Array | undefined;
  outgoing.on('socket', (socket) =>
    socket.once('secureConnect', () => {
      peerCertificate = (socket as TLSSocket).getPeerX509Certificate()?.raw;
    }),
  );
  outgoing.on('error', reject);
  outgoing.end(request.body);
  const response = await promise;
  const status = response.statusCode ?? 0;
  if (status >= 300 && status < 400) {
    response.destroy();
    throw new ManagerFailure(
      'protocol',
      `${request.shownUrl} redirects to ${printable(response.headers.location)}. Redirects are not followed while enrolling; ` +
        'set enrollment.manager_url to where the manager really is.',
    );
  }
  return { status, headers: response.headers, text: await readBody(request, response), peerCertificate };
}

/** Text from outside, shortened and without control characters. */
export function printable(text: string | undefined): string {
  const clean = (text ?? 'nowhere').replaceAll(/[^\x20-\x7e]+/g, ' ').trim();
  return clean.length > 120 ? `${clean.slice(0, 120)}…` : clean;
}

/** Milliseconds of a `Retry-After` in seconds (RFC 9110 §10.2.3); dates and nonsense are undefined. */
export function retryAfterMs(answer: ManagerAnswer): number | undefined {
  const text = answer.headers['retry-after'];
  return text !== undefined && /^\d{1,6}$/.test(text) ? Number(text) * 1000 : undefined;
}

/**
 * The JSON of an answer.
 * @throws ManagerFailure of kind `protocol` that says what came instead.
 */
export function jsonOf(answer: ManagerAnswer, shownUrl: string): unknown {
  const type = answer.headers['content-type'] ?? 'no content type';
  if (!/^application\/json\b/i.test(type)) {
    throw new ManagerFailure(
      'protocol',
      `${shownUrl} answers ${answer.status} with ${printable(type)} instead of JSON ("${printable(answer.text)}"). ` +
        'Is this the address of a manager, or is a proxy or login page in between?',
    );
  }
  try {
    return JSON.parse(answer.text);
  } catch (error) {
    throw new ManagerFailure(
      'protocol',
      `${shownUrl} answers ${answer.status} with broken JSON (${messageOf(error)}).`,
    );
  }
}
