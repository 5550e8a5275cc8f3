import { dirname, join } from 'node:path';
import { messageOf, PatchError } from '@linux-patch/contract';
import { type Files, type Logger, type Random, readState } from '@linux-patch/runtime';
import { z } from 'zod';
import { HostBinding, isOtherHost, mergeBindings, readHostBinding } from './host-binding.ts';

const StoredInstance = z.object({ format: z.literal(1), instance_id: z.uuid(), host: HostBinding });
type StoredInstance = z.infer<typeof StoredInstance>;

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

export interface InstanceOptions {
  readonly files: Files;
  /** Prefix of `/etc/machine-id` and the like. */
  readonly root: string;
  /** Of the worker. */
  readonly folder: string;
  readonly random: Pick<Random, 'uuid'>;
  readonly logger: Logger;
}

/** Why this installation is called what it is called: it was before, or why it has a new id. */
export const INSTANCE_ORIGINS = ['kept', 'first', 'other_host', 'unreadable'] as const;

/** What this installation on this host is called. */
export interface Instance {
  readonly instanceId: string;
  readonly origin: (typeof INSTANCE_ORIGINS)[number];
}

/**
 * Names this installation on this host: born with the worker's folder, and another one where the folder lies on another host
 * (another machine-id, or two of the facts of `HostBinding`). What was asked of the one is not done by the other.
 * @throws PatchError `SERVICE_UNHEALTHY` when a new id cannot be kept: a signature over it would be for nobody
 */
export async function openInstance(options: InstanceOptions): Promise<Instance> {
  const { files, folder, logger } = options;
  const path = join(folder, 'instance.json');
  const present = await readHostBinding(options);
  const known = await readStored(files, path).catch(() => undefined);
  const isKept = known !== undefined && !isElsewhere(known.host, present);
  if (isKept && !isChanged(known, present)) return keptAs(known);
  try {
    await files.makeFolder(folder, FOLDER_MODE);
    await using _turn = await files.lock(`${path}.lock`, { note: '', wait: new AbortController().signal });
    return await write(options, path, present);
  } catch (cause) {
    if (!isKept) throw notKept(path, cause);
    logger.error('what this host is recognised by has changed and cannot be written down', { path, cause });
    return keptAs(known);
  }
}

const keptAs = ({ instance_id: instanceId }: StoredInstance): Instance => ({ instanceId, origin: 'kept' });

/** Somebody else may have written it meanwhile. */
async function write(options: InstanceOptions, path: string, present: HostBinding): Promise<Instance> {
  const { files, random } = options;
  let stored: StoredInstance | undefined;
  let origin: Instance['origin'] = 'first';
  try {
    stored = await readStored(files, path);
    if (stored) origin = isElsewhere(stored.host, present) ? 'other_host' : 'kept';
  } catch (error) {
    options.logger.warn('the id of this instance cannot be read; it gets another', { path, error });
    origin = 'unreadable';
  }
  const now: StoredInstance =
    stored && origin === 'kept'
      ? updated(stored, present)
      : { format: 1, instance_id: random.uuid(), host: present };
  await files.writeDurably({ path, data: `${JSON.stringify(now)}\n`, mode: FILE_MODE });
  return { instanceId: now.instance_id, origin };
}

function updated(stored: StoredInstance, present: HostBinding): StoredInstance {
  return { ...stored, host: mergeBindings(stored.host, present) };
}

function isChanged(stored: StoredInstance, present: HostBinding): boolean {
  return JSON.stringify(updated(stored, present)) !== JSON.stringify(stored);
}

function isElsewhere(recorded: HostBinding, present: HostBinding): boolean {
  const { machine } = recorded;
  const otherMachine = machine !== null && present.machine !== null && machine !== present.machine;
  return otherMachine || isOtherHost(recorded, present);
}

/** @throws what is wrong with the file */
async function readStored(files: Files, path: string): Promise<StoredInstance | undefined> {
  return readState(files, path, StoredInstance);
}

function notKept(path: string, cause: unknown): PatchError {
  return new PatchError(
    'SERVICE_UNHEALTHY',
    `${path} cannot be written, so it is not known which instance of the agent this is, and no signed change can be for it: ${messageOf(cause)}. Make room or mend ${dirname(path)}.`,
    { cause },
  );
}
