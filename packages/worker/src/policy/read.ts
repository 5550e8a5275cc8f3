import { dirname } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import { type FileFacts, type Files, ownUid } from '@linux-patch/runtime';
import { readConfiguration } from '@linux-patch/runtime/configuration';
import type { FaultyPolicy, PolicyReading } from './policy.ts';
import { PolicySchema } from './schema.ts';

const OTHERS_MAY_WRITE = 0o022;

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
  return { file: path, written, values: value, lineOf };
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

/** Why others than root can say what the policy is; empty when nobody can, and when there is none. */
async function findOpenPlace({ files, path }: Place): Promise<string[]> {
  const facts = await files.facts(path);
  if (!facts) return [];
  const folder = dirname(path);
  const behind = await files.factsBehind(folder);
  const faults = behind ? await openWords(files, folder, behind) : [];
  if (facts.kind !== 'file')
    return [...faults, `${path}: must be a file of its own, neither a link nor a folder`];
  return [...faults, ...(await openWords(files, path, facts))];
}

async function openWords(files: Files, path: string, { uid, mode }: FileFacts): Promise<string[]> {
  const owners = new Set([0, await ownUid(files)]);
  if (!owners.has(uid))
    return [`${path}: belongs to user ${uid}, who can change it; to mend it: chown root:root ${path}`];
  if ((mode & OTHERS_MAY_WRITE) === 0) return [];
  const shown = mode.toString(8).padStart(4, '0');
  return [`${path}: others than its owner can change it (mode ${shown}); to mend it: chmod go-w ${path}`];
}
