import { request } from 'node:https';
import type { CurrentManager } from '../enrollment/current-manager.ts';
import type { RunningAgent } from './agent-in-process.ts';

/** TLS options with which the manager calls an agent. */
export interface Caller {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** The manager as a client of an agent that serves. */
export async function callerOf(manager: CurrentManager, agent: RunningAgent): Promise<Caller> {
  const client = await manager.authority.issueManagerClient();
  return {
    host: '127.0.0.1',
    port: Number(/.*Listening on 127\.0\.0\.1:(\d+)/.exec(agent.said())?.[1]),
    ca: manager.authority.caPem,
    cert: client.chainPem,
    key: client.privateKeyPem,
  };
}

/** What the agent answers to its manager. */
export async function get(client: Caller, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const outgoing = request({ ...client, path, agent: false }, (response) => {
    let body = '';
    response.on('data', (chunk: Buffer) => (body += chunk.toString()));
    response.on('end', () => resolve(body));
  });
  outgoing.on('error', reject);
  outgoing.end();
  return promise;
}

/** The checks in the agent's health. */
export async function checksOf(client: Caller): Promise<Record<string, string>> {
  const { data } = JSON.parse(await get(client, '/health')) as { data: { checks: Record<string, string> } };
  return data.checks;
}
