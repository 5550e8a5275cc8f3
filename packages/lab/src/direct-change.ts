import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { AgentAddress, ManagerIdentity } from './mtls-health.ts';

/** What an agent says to who asks it for a change. */
export interface DirectAnswer {
  readonly statusCode: number;
  /** Undefined where it does what it was asked. */
  readonly code: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/**
 * Asks an agent for a change as whoever holds this client certificate, past the manager.
 * @throws Node's error of the connection
 */
export async function askDirectly(
  agent: AgentAddress,
  identity: ManagerIdentity,
  wish: {
    readonly method: string;
    readonly path: string;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  },
): Promise<DirectAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<DirectAnswer>();
  const outgoing = request(
    {
      ...identity,
      host: agent.address,
      servername: agent.name,
      port: agent.port,
      agent: false,
      method: wish.method,
      path: wish.path,
      headers: { 'content-type': 'application/json', ...wish.headers },
    },
    (response) => {
      const read = async (): Promise<DirectAnswer> => {
        const { error } = JSON.parse(await text(response)) as { error: { code: string } | null };
        const { statusCode = 0, headers } = response;
        return { statusCode, code: error?.code, headers };
      };
      read().then(resolve, reject);
    },
  );
  outgoing.on('error', reject);
  outgoing.end(wish.body);
  return promise;
}
