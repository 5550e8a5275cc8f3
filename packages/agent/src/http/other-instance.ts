import { ChangeHeaders, INSTANCE_HEADER, PatchError, readHeaders } from '@linux-patch/contract';

/**
 * Refuses a change that its caller meant for another instance. Whoever names none means whoever answers.
 * @throws PatchError `INSTANCE_MISMATCH`, or `INVALID_REQUEST` for what is no id.
 */
export function refuseOtherInstance(
  request: { readonly method: string; readonly header: (name: string) => string | undefined },
  instanceId: string,
): void {
  if (request.method === 'GET') return;
  const { [INSTANCE_HEADER]: meant } = readHeaders({ headers: ChangeHeaders }, request.header);
  if (meant === undefined || meant.toLowerCase() === instanceId) return;
  throw new PatchError(
    'INSTANCE_MISMATCH',
    `The request means the agent with the instance id ${meant}; this is ${instanceId}. The host was set up anew, its disk was copied, ` +
      'or another machine has its address. Nothing was done. Ask for health, make sure that this is the host you mean, then repeat.',
    { details: { instance_id: instanceId } },
  );
}
