import {
  AGENT_ROUTES,
  INSTANCE_HEADER,
  InstanceHeaders,
  PatchError,
  readHeaders,
} from '@linux-patch/contract';

/** Headers that decide what a request means; two of one kind would be read differently by different programs. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'content-type',
  'transfer-encoding',
  'authorization',
  'x-request-id',
  'idempotency-key',
  'linux-patch-instance',
  'linux-patch-job',
  'linux-patch-job-signature',
]);

/**
 * @param rawHeaders names and values in turn
 * @throws PatchError `INVALID_REQUEST` when a header that must be single came twice.
 */
export function refuseRepeatedHeaders(rawHeaders: readonly string[]): void {
  const names = rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
  const repeated = names.filter((name, index) => SINGLE_HEADERS.has(name) && names.indexOf(name) !== index);
  if (repeated.length === 0) return;
  const faults = [...new Set(repeated)].map((name) => ({
    path: `header.${name}`,
    message: 'given more than once',
  }));
  const text = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ');
  throw new PatchError('INVALID_REQUEST', `The request is not valid: ${text}`, { details: { faults } });
}

const ASKS_WHICH: readonly string[] = [AGENT_ROUTES.rootHealth.path, AGENT_ROUTES.health.path];

/**
 * Refuses what its caller meant for another instance, but the question which one this is. Whoever names none means whoever
 * answers.
 * @param ownId undefined while it is not known
 * @throws PatchError `INSTANCE_MISMATCH`, `WORKER_UNAVAILABLE` while it is not known, or `INVALID_REQUEST` for what is no id.
 */
export async function refuseOtherInstance(
  request: { readonly path: string; readonly header: (name: string) => string | undefined },
  ownId: () => Promise<string | undefined>,
): Promise<void> {
  if (ASKS_WHICH.includes(request.path)) return;
  const { [INSTANCE_HEADER]: meant } = readHeaders({ headers: InstanceHeaders }, request.header);
  if (meant === undefined) return;
  const instanceId = await ownId();
  if (meant.toLowerCase() === instanceId) return;
  if (instanceId === undefined)
    throw new PatchError(
      'WORKER_UNAVAILABLE',
      `The request means the agent with the instance id ${meant}, and which one this is only its worker can say, which has not answered yet. ` +
        'Nothing was done. Ask again in a minute; if that does not help, look into the log of this host.',
    );
  throw new PatchError(
    'INSTANCE_MISMATCH',
    `The request means the agent with the instance id ${meant}; this is ${instanceId}. The host was set up anew, its disk was copied, ` +
      'or another machine has its address. Nothing was done. Ask for health, make sure that this is the host you mean, then repeat.',
    { details: { instance_id: instanceId } },
  );
}
