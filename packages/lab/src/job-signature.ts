import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jobPublicKey, signJob } from '@linux-patch/pki';

/** Headers of a change as the manager in this folder would sign it. */
export async function signedHeaders(
  managerRoot: string,
  change: {
    /** A name or address of its certificate. */
    readonly host: string;
    readonly instanceId: string;
    readonly challenge: string;
    /** Method, path and query. */
    readonly op: string;
    readonly body: string;
  },
): Promise<Readonly<Record<string, string>>> {
  const { host, instanceId: instance, challenge, op, body } = change;
  const file = join(managerRoot, 'var/lib/linux_patch_manager/ca/job-key.json');
  const { private_key } = JSON.parse(await readFile(file, 'utf8')) as { private_key: string };
  const idem = randomUUID();
  const job = { v: 1, key: jobPublicKey(private_key), host, instance, op, idem, challenge } as const;
  const signed = signJob(private_key, job, Buffer.from(body));
  return {
    'Idempotency-Key': idem,
    'Linux-Patch-Job': signed.job,
    'Linux-Patch-Job-Signature': signed.signature,
  };
}
