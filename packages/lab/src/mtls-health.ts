import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';

/** What to call an agent with. PEM. */
export interface ManagerIdentity {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** An agent as its manager reaches it. */
export interface AgentAddress {
  /** A name that its certificate has. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** An answer to `GET /health`. */
export interface HealthAnswer {
  readonly statusCode: number | undefined;
  /** Serial number of the certificate that was served, lower case hexadecimal. */
  readonly serial: string;
  readonly body: string;
}

/** How often a connection is tried while an agent is not there yet. */
const RETRY_MS = 4;

/** The manager's own client identity, read from its folder. */
export async function managerIdentity(managerRoot: string): Promise<ManagerIdentity> {
  const keys = join(managerRoot, 'var/lib/linux_patch_manager/ca');
  const read = (name: string) => readFile(join(keys, name), 'utf8');
  return { ca: await read('root.pem'), cert: await read('client.pem'), key: await read('client.key.pem') };
}

/** Asks once over a new connection; undefined when nobody answers. */
export function askHealth(agent: AgentAddress, identity: ManagerIdentity): Promise<HealthAnswer | undefined> {
  return askWith(agent, createSecureContext(identity));
}

function askWith(agent: AgentAddress, secureContext: SecureContext): Promise<HealthAnswer | undefined> {
  const { promise, resolve } = Promise.withResolvers<HealthAnswer | undefined>();
  const options = {
    secureContext,
    host: agent.address,
    servername: agent.name,
    port: agent.port,
    path: '/health',
    agent: false,
  };
  const outgoing = request(options, (response) => {
    const socket = response.socket as TLSSocket;
    const serial = socket.getPeerCertificate().serialNumber.toLowerCase();
    let body = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    response.on('end', () => resolve({ statusCode: response.statusCode, serial, body }));
  });
  outgoing.on('error', () => resolve(undefined));
  outgoing.end();
  return promise;
}

/**
 * Asks again and again until an answer is what is wanted; the moment it came, on the monotonic clock.
 * @throws Error after `patienceMs`, with `what` in it
 */
export async function firstAnswer(options: {
  readonly what: string;
  readonly agent: AgentAddress;
  readonly identity: ManagerIdentity;
  readonly patienceMs: number;
  readonly wanted?: (answer: HealthAnswer) => boolean;
}): Promise<number> {
  const { agent, identity, wanted = (answer) => answer.statusCode === 200 } = options;
  const untilMs = performance.now() + options.patienceMs;
  // Once: to read certificates and key at each try would take a good part of a processor from the agent that starts.
  const secureContext = createSecureContext(identity);
  while (performance.now() < untilMs) {
    const answer = await askWith(agent, secureContext);
    if (answer && wanted(answer)) return performance.now();
    await pause(RETRY_MS);
  }
  throw new Error(`${options.what} did not answer within ${options.patienceMs / 1000} s`);
}
