import { dirname } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import type { Files, Logger, Random } from '@linux-patch/runtime';
import { z } from 'zod';
import { HostBinding, isOtherHost, mergeBindings, readHostBinding } from './host-binding.ts';

const StoredInstance = z.object({ format: z.literal(1), instance_id: z.uuid(), host: HostBinding });
type StoredInstance = z.infer<typeof StoredInstance>;

const LIMIT_BYTES = 64 * 1024;

/**
 * Names this installation of the agent on this host: born with its data folder, and another one where the folder lies on
 * another host (another machine-id, or two of the facts of `HostBinding`). What was asked of the one is not done by the
 * other.
 */
export async function openInstanceId(options: {
  readonly path: string;
  readonly files: Files;
  readonly random: Random;
  readonly logger: Logger;
  /** Prefix of `/etc/machine-id` and the like. */
  readonly root: string;
}): Promise<string> {
  const { path, files, random, logger } = options;
  const [stored, present] = [await readStored(options), await readHostBinding(options)];
  const kept = stored !== undefined && !isElsewhere(stored.host, present);
  if (stored && !kept) logger.warn('the data folder comes from another host; this instance gets its own id');
  const now: StoredInstance = {
    format: 1,
    instance_id: kept ? stored.instance_id : random.uuid(),
    host: kept ? mergeBindings(stored.host, present) : present,
  };
  if (!kept || JSON.stringify(now) !== JSON.stringify(stored)) {
    try {
      await files.makeFolder(dirname(path), 0o755);
      await files.writeDurably({ path, data: `${JSON.stringify(now)}\n`, mode: 0o600 });
    } catch (error) {
      logger.error('the id of this instance cannot be kept; the next start may have another', {
        path,
        error,
      });
    }
  }
  return now.instance_id;
}

function isElsewhere(recorded: HostBinding, present: HostBinding): boolean {
  const { machine } = recorded;
  const otherMachine = machine !== null && present.machine !== null && machine !== present.machine;
  return otherMachine || isOtherHost(recorded, present);
}

async function readStored({
  path,
  files,
  logger,
}: {
  readonly path: string;
  readonly files: Files;
  readonly logger: Logger;
}): Promise<StoredInstance | undefined> {
  try {
    const text = await files.readTextLimited(path, LIMIT_BYTES);
    return text === undefined ? undefined : StoredInstance.parse(JSON.parse(text));
  } catch (error) {
    logger.warn('the id of this instance cannot be read; it gets another', {
      path,
      reason: messageOf(error),
    });
    return undefined;
  }
}
