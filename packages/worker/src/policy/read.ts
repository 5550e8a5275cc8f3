import { messageOf } from '@linux-patch/contract';
import { type Files, findOpenPlace } from '@linux-patch/runtime';
import { readConfiguration } from '@linux-patch/runtime/configuration';
import type { FaultyPolicy, PolicyReading } from './policy.ts';
import { PolicySchema } from './schema.ts';

interface Place {
  readonly files: Files;
  readonly path: string;
}

/**
 * Reads the policy as it is now. A file that does not exist is one without rules; one that others than root can change, or
 * that has a fault, is no policy to go by. Never throws.
 */
export async function readPolicy({ files, path }: Place): Promise<PolicyReading> {
  try {
    const open = await findOpenPlace({ files, path });
    if (open.length > 0) return { file: path, faults: open };
    return await parsePolicyFile({ files, path });
  } catch (error) {
    return faulty(path, error);
  }
}

function faulty(file: string, error: unknown): FaultyPolicy {
  return { file, faults: messageOf(error).split('\n') };
}

/** Reads any file as a policy, whoever it belongs to. @throws PatchError `CONFIG_INVALID` with every fault */
async function parsePolicyFile({ files, path }: Place): Promise<PolicyReading> {
  const written = (await files.facts(path)) !== undefined;
  const { value, lineOf } = await readConfiguration({ files, path, schema: PolicySchema, required: written });
  // A host without a policy forbids nothing but the restart of services.
  const values = written ? value : { ...value, downgrades: 'any' as const };
  return { file: path, written, values, lineOf };
}

/** A file that is to become the policy, and all that is wrong with its text. Never throws. */
export async function checkPolicyFile({ files, path }: Place): Promise<PolicyReading> {
  try {
    const { value, lineOf } = await readConfiguration({ files, path, schema: PolicySchema, required: true });
    return { file: path, written: true, values: value, lineOf };
  } catch (error) {
    return faulty(path, error);
  }
}
