import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askUntil } from './wait.ts';

/** An enrolment as the agent keeps it, once the manager has taken the request. */
export interface WaitingHost {
  readonly state: string;
  readonly host_code: string;
  readonly request_id: string;
}

interface Host {
  readonly name: string;
  readonly root: string;
}

/** The enrolment once the manager has taken the request; undefined before. */
export async function findRequest(host: Host): Promise<WaitingHost | undefined> {
  const file = join(host.root, 'var/lib/linux_patch_api/enrollment.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const pending = text === undefined ? undefined : (JSON.parse(text) as Partial<WaitingHost>);
  if (!pending?.state || !pending.request_id || !pending.host_code) return undefined;
  return { state: pending.state, host_code: pending.host_code, request_id: pending.request_id };
}

/** Waits until the host waits for approval. */
export function waitingHost(host: Host): Promise<WaitingHost> {
  return askUntil(`${host.name} to wait for approval`, async () => {
    const request = await findRequest(host);
    return request?.state === 'waiting' ? request : undefined;
  });
}
