import { createHash } from 'node:crypto';
import { lazily } from '@linux-patch/contract';
import { type Files, type Logger, readBoot, readState, writeState } from '@linux-patch/runtime';
import { readMachineId } from '@linux-patch/worker';
import { z } from 'zod';

const Stored = lazily(() =>
  z.strictObject({
    v: z.literal(1),
    /** Digest of the boot and the machine to which it was said: after a boot the disk may be a copy in another machine. */
    said_to: z.string().regex(/^[0-9a-f]{64}$/),
    instance_id: z.uuid(),
  }),
);

/**
 * Which instance this is, as the worker has said it since this host was started. Nothing here fails: without it the worker
 * is asked.
 */
export interface InstanceFile {
  load(): Promise<string | undefined>;
  /** Writes where that is not what lies there. */
  save(instanceId: string): Promise<void>;
}

export function openInstanceFile(options: {
  readonly path: string;
  readonly files: Files;
  /** Prefix of `/etc/machine-id`. */
  readonly root: string;
  readonly logger: Logger;
}): InstanceFile {
  const { path, files, root, logger } = options;
  let held: z.infer<typeof Stored> | undefined;
  const listener = async (): Promise<string | undefined> => {
    const [boot, machineId] = await Promise.all([
      readBoot(files),
      readMachineId(files, root).catch(() => undefined),
    ]);
    if (boot.id === null || machineId === undefined) return undefined;
    return createHash('sha256').update(`${boot.id}\n${machineId}`).digest('hex');
  };
  return {
    async load() {
      try {
        held = await readState(files, path, Stored);
        return held?.said_to === (await listener()) ? held?.instance_id : undefined;
      } catch (error) {
        logger.warn('which instance this is cannot be read; the worker is asked', { path, error });
        return undefined;
      }
    },
    async save(instanceId) {
      try {
        const saidTo = await listener();
        if (saidTo === undefined) return;
        const stored: z.infer<typeof Stored> = { v: 1, said_to: saidTo, instance_id: instanceId };
        if (held?.said_to === saidTo && held.instance_id === instanceId) return;
        await writeState(files, path, stored);
        held = stored;
      } catch (error) {
        logger.warn('which instance this is cannot be kept for the next start', { path, error });
      }
    },
  };
}
