import type { IncomingHttpHeaders } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { type Envelope, ERRORS, type ErrorCode, PatchError, type Route } from '@linux-patch/contract';
import { askOver, routeTarget } from '@linux-patch/http/client';
import type { Clock, Random } from '@linux-patch/runtime';
import type { z } from 'zod';
import type { JobKey } from '../job-key/job-key.ts';
import { type AnswerBudget, createAnswerBudget } from './answer-budget.ts';
import { answerLimits } from './answer-limits.ts';
import { type ChangeName, changeHeaders } from './change-headers.ts';
import { type AgentAddress, type AgentConnection, connectAgent, type FleetMaterial } from './connect.ts';
import { createKeptConnections, type KeptConnections } from './kept-connections.ts';
import { ofAnyAgent } from './older-agents.ts';
import { patiently } from './patiently.ts';
import { readEnvelope, readText, shortened } from './read-answer.ts';
import { type ChangeSigner, createChangeSigner } from './signed-changes.ts';
import { answerLost, isAnswerLost, reasonOf, unreachable } from './unreachable.ts';

/** One call of an agent's route. */
export interface AgentCall extends ChangeName {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: URLSearchParams;
  readonly body?: unknown;
  /** Makes the body for the agent that shows the certificate of this serial number; instead of `body`. */
  readonly bodyFor?: (serialHex: string) => Promise<unknown>;
  readonly signal?: AbortSignal;
  /** Default: half a minute. */
  readonly timeoutMs?: number;
  /** Calls also an agent whose certificate is revoked; only for what anybody may know. */
  readonly evenRevoked?: boolean;
  /** Told which certificate the agent showed, also when it is refused for it. */
  readonly onPeer?: (serialHex: string) => void;
}

/** A listing, and how it is named when it is asked for again. */
export interface NamedListing<T> {
  /** Undefined where the agent gives its listings no names. */
  readonly etag: string | undefined;
  /** Undefined while the listing is still the one whose name was sent. */
  readonly data: T | undefined;
}

/** The one client of the agent API; it keeps connections to agents open for a while. */
export interface FleetClient extends Disposable {
  /**
   * Calls a route and returns the checked `data`. A change whose answer was lost is asked for once more where the agent
   * knows it again; one that comes too soon after others is asked for again when the agent says, for as long as one answer may take.
   * @throws PatchError `AGENT_UNREACHABLE` when there was no sensible answer, `AGENT_ERROR` with the agent's own
   *   error, or the agent's code when both programs know it as "not found".
   */
  call<R extends Route>(agent: AgentAddress, route: R, call?: AgentCall): Promise<z.output<R['response']>>;
  /**
   * Asks for a listing unless it still is the one that was had before (RFC 9110 §13.1.2).
   * @param etag the name of the one that was had
   * @throws PatchError as `call` does
   */
  list<R extends Route>(
    agent: AgentAddress,
    route: R,
    call: AgentCall & { readonly etag: string | undefined },
  ): Promise<NamedListing<z.output<R['response']>>>;
  /**
   * A connection for other things than calls, such as the WebSocket; the caller ends it.
   * @throws PatchError `AGENT_UNREACHABLE`
   */
  connect(agent: AgentAddress, signal: AbortSignal): Promise<TLSSocket>;
}

const TIMEOUT_MS = 30_000;
/** How long a host that was asked too much may put a question off, with the time that it takes to say so. */
const READ_PATIENCE_MS = 10_000;
/** Longer names of listings are not kept; ours have less than fifty characters. */
const ETAG_CHARACTERS = 256;
/** Agent errors that mean the same to our own callers. */
const PASSED_ON: readonly ErrorCode[] = [
  'JOB_NOT_FOUND',
  'JOB_CONFLICT',
  'PKG_NOT_FOUND',
  'INVALID_REQUEST',
  'IDEMPOTENCY_CONFLICT',
  'INSTANCE_MISMATCH',
  'SIGNATURE_INVALID',
  'SIGNATURE_REQUIRED',
  'POLICY_DENIED',
  'QUEUE_FULL',
  'PATCH_NOT_FOUND',
  'SERVICE_NOT_FOUND',
  'SERVICE_RESTART_REFUSED',
  'NOT_SUPPORTED',
  'VERSION_NOT_AVAILABLE',
  'DEPENDENCY_CONFLICT',
];
/** Refusals after which a signature over the number that came with them may be right. */
const ASK_FOR_SIGNATURE: readonly string[] = [
  'SIGNATURE_REQUIRED',
  'CHALLENGE_UNKNOWN',
] satisfies ErrorCode[];
/** RFC 6585 section 4; an agent says it of a change before it looks at its signature. */
const TOO_MANY = 429;
/** Several managers with one key may use each other's numbers up. */
const SIGNATURES = 3;

/** Says what to call this host with; asked at each call, so that a renewed certificate is used at once. */
export type FindMaterial = (agent: AgentAddress) => Promise<FleetMaterial>;

/** A client that believes a host only with a key on record for it, and signs changes for hosts that want it. */
export function createFleetClient(
  findMaterial: FindMaterial,
  {
    random,
    clock,
  }: { readonly random: Pick<Random, 'uuid'>; readonly clock: Pick<Clock, 'sleep' | 'monotonicMs'> },
  jobKey: Pick<JobKey, 'sign'>,
): FleetClient {
  const budget = createAnswerBudget();
  const kept = createKeptConnections();
  const signer = createChangeSigner(jobKey);
  const callOnce: FleetClient['call'] = async (agent, route, call = {}) => {
    const material = await findMaterial(agent);
    const named = changeHeaders(route, call, random);
    const repeatable = call.instanceId !== undefined && Object.keys(named).length > 0;
    for (let left = SIGNATURES; ; left -= 1) {
      const headers = { ...named, ...signatureFor(signer, agent, { route, call, named }) };
      const asked = { route, call, budget, kept, headers };
      const answer = await exchange(agent, asked, material).catch((error: unknown) => {
        // What was cancelled already would be deleted.
        if (!repeatable || route.method === 'DELETE' || !isAnswerLost(error) || call.signal?.aborted)
          throw error;
        return exchange(agent, asked, material);
      });
      await material.noteServed(answer.serialHex);
      signer.note(agent, answer.headers);
      if (answer.status === TOO_MANY) signer.keep(agent, headers);
      if (left > 0 && repeatable && signer.isReady(agent) && isSignatureWanted(answer, route)) continue;
      return readAnswer(agent, route, answer, (why, cause) =>
        Object.keys(named).length > 0
          ? answerLost(agent, { why, cause, timedOut: true })
          : unreachable(agent, why, cause),
      );
    }
  };
  return {
    async connect(agent, signal) {
      const limit = AbortSignal.timeout(TIMEOUT_MS);
      const meeting = { signal: AbortSignal.any([limit, signal]) };
      try {
        return (await connectAgent(agent, await findMaterial(agent), meeting)).socket;
      } catch (cause) {
        throw unreachable(agent, reasonOf(cause), cause);
      }
    },
    call: (agent, route, call = {}) => {
      const ask = () => callOnce(agent, route, call);
      const { signal, timeoutMs = TIMEOUT_MS } = call;
      const forMs = route.method === 'GET' ? Math.min(timeoutMs, READ_PATIENCE_MS) : timeoutMs;
      return patiently(clock, { forMs, signal }, ask);
    },
    async list(agent, route, { etag, ...call }) {
      const material = await findMaterial(agent);
      const answer = await exchange(agent, { route, call, budget, kept, headers: {}, etag }, material);
      await material.noteServed(answer.serialHex);
      if (answer.status === 304 && etag !== undefined) return { etag, data: undefined };
      const named = answer.headers.etag;
      return {
        etag: named !== undefined && named.length <= ETAG_CHARACTERS ? named : undefined,
        data: readAnswer(agent, route, answer),
      };
    },
    [Symbol.dispose]: () => kept[Symbol.dispose](),
  };
}

/** The headers of the signature of a change; none for what is no change, or is meant for an agent that has no instance. */
function signatureFor(
  signer: ChangeSigner,
  agent: AgentAddress,
  asked: {
    readonly route: Route;
    readonly call: AgentCall;
    readonly named: Readonly<Record<string, string>>;
  },
): Readonly<Record<string, string>> {
  const { route, call, named } = asked;
  const { instanceId, body } = call;
  const idempotencyKey = named['Idempotency-Key'];
  if (idempotencyKey === undefined || instanceId === undefined) return {};
  const target = routeTarget(route, call);
  return signer.headers(agent, { route, target, idempotencyKey, instanceId, body: bodyText(body) });
}

function bodyText(body: unknown): string | undefined {
  return body === undefined ? undefined : JSON.stringify(body);
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

type Exchanged = Answer & { readonly serialHex: string };

/** Whether it does no harm twice, and is not about which certificate the agent shows. */
function mayUseKept({ route, call }: Asked): boolean {
  return route.method === 'GET' && !call.onPeer && !call.evenRevoked && !call.bodyFor;
}

async function exchange(agent: AgentAddress, asked: Asked, material: FleetMaterial): Promise<Exchanged> {
  const { call, kept } = asked;
  const { timeoutMs = TIMEOUT_MS } = call;
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([limit, ...(call.signal ? [call.signal] : [])]);
  const before = mayUseKept(asked) ? await kept.take(agent, material) : undefined;
  if (before) {
    const answer = await askOn(before, { agent, asked, material, signal }).catch(() => undefined);
    if (answer) return answer;
    // The agent may have closed it just then; why it is not reached shows on a new one.
  }
  let sent = false;
  try {
    const connection = await connectAgent(agent, material, { ...call, signal });
    return await askOn(connection, { agent, asked, material, signal, onSent: () => (sent = true) });
  } catch (cause) {
    const why = limit.aborted ? `it did not answer within ${timeoutMs / 1000} s` : reasonOf(cause);
    if (!sent || Object.keys(asked.headers).length === 0) throw unreachable(agent, why, cause);
    throw answerLost(agent, { why, cause, timedOut: limit.aborted });
  }
}

/** Asks over an open connection, which is kept afterwards, or closed. */
async function askOn(
  connection: AgentConnection,
  about: {
    readonly agent: AgentAddress;
    readonly asked: Asked;
    readonly material: FleetMaterial;
    readonly signal: AbortSignal;
    readonly onSent?: () => void;
  },
): Promise<Exchanged> {
  const { agent, asked, material, signal } = about;
  const { call, kept } = asked;
  const { socket, shown } = connection;
  try {
    const body = bodyText(call.bodyFor ? await call.bodyFor(shown.serialHex) : call.body);
    about.onSent?.();
    const free = isFreed(socket, signal);
    const answer = await converse(socket, { ...asked, body, signal });
    // An agent that is refused to be spoken with any more is not kept.
    if (!call.evenRevoked && (await free))
      kept.keep(agent, material, { connection, headers: answer.headers });
    else socket.destroy();
    return { ...answer, serialHex: shown.serialHex };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Whether a connection can be used again after the answer that comes next; false when it closes first. */
function isFreed(socket: TLSSocket, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const free = (): void => resolve(true);
  const close = (): void => resolve(false);
  socket.once('free', free).once('close', close);
  signal.addEventListener('abort', close, { once: true });
  return promise.finally(() => {
    socket.off('free', free).off('close', close);
    signal.removeEventListener('abort', close);
  });
}

interface Asked {
  readonly route: Route;
  readonly call: AgentCall;
  readonly budget: AnswerBudget;
  readonly kept: KeptConnections;
  /** By which a change is known again. */
  readonly headers: Readonly<Record<string, string>>;
  /** The listing that need not be sent once more. */
  readonly etag?: string | undefined;
}

interface Request extends Asked {
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

async function converse(
  socket: TLSSocket,
  { route, call, budget, headers, etag, body, signal }: Request,
): Promise<Answer> {
  const response = await askOver(socket, {
    method: route.method,
    target: routeTarget(route, call),
    signal,
    body,
    keep: true,
    headers: {
      host: `${socket.remoteAddress}:${socket.remotePort}`,
      ...headers,
      ...(etag === undefined ? {} : { 'if-none-match': etag }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text: await readText(response, answerLimits(route), budget),
  };
}

/** Whether the host did nothing because of a signature, which can be given now. */
function isSignatureWanted({ status, text }: Answer, route: Route): boolean {
  if (status !== 403 && status !== 409) return false;
  try {
    return ASK_FOR_SIGNATURE.includes(readEnvelope(text, answerLimits(route)).error?.code ?? '');
  } catch {
    return false;
  }
}

/** @param senseless makes the failure for an answer that makes no sense */
function readAnswer<R extends Route>(
  agent: AgentAddress,
  route: R,
  answer: Answer,
  senseless = (why: string, cause: unknown) => unreachable(agent, why, cause),
): z.output<R['response']> {
  let envelope: Envelope;
  try {
    envelope = readEnvelope(answer.text, answerLimits(route));
  } catch (cause) {
    throw senseless(`it answers ${answer.status} with something that is not an agent's answer`, cause);
  }
  if (envelope.error) {
    const { code } = envelope.error;
    const message = shortened(envelope.error.message);
    if (code in ERRORS && PASSED_ON.includes(code as ErrorCode)) {
      throw new PatchError(code as ErrorCode, `${agent.fqdn}: ${message}`, {
        details: envelope.error.details,
      });
    }
    throw new PatchError('AGENT_ERROR', `${agent.fqdn} refuses: ${message} (${shortened(code)})`, {
      details: { agent: envelope.error },
    });
  }
  const parsed = ofAnyAgent(route).safeParse(envelope.data);
  if (parsed.success) return parsed.data as z.output<R['response']>;
  const first = parsed.error.issues[0];
  throw senseless(
    `its answer does not fit the contract (${shortened(`${first?.path.join('.')}: ${first?.message}`)})`,
    parsed.error,
  );
}
