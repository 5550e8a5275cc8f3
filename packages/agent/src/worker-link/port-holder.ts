import { type Files, findPortHolder, type PortHolder } from '@linux-patch/runtime';
import { PortHolderAnswer } from '@linux-patch/worker';
import { isBehindSocket, type WorkerHost, workerOf } from './choose-worker.ts';
import { openWorkerLink } from './link.ts';

/** Who listens on a port. Whose process it is shows /proc to root alone, so the worker is asked. Undefined when nobody can say. */
export async function askPortHolder(
  host: WorkerHost & { readonly files: Files },
  port: number,
): Promise<PortHolder | undefined> {
  const seen = await findPortHolder(port, host).catch(() => undefined);
  if (seen || !(await isBehindSocket(host))) return seen;
  using link = openWorkerLink(workerOf(host));
  return (await link.ask({ v: 1, op: 'port-holder', port }, PortHolderAnswer).catch(() => null)) ?? undefined;
}
