import { dirname, join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import {
  type Clock,
  type Commands,
  type Files,
  type Logger,
  type Random,
  readBoot,
} from '@linux-patch/runtime';
import { z } from 'zod';
import { hostService, sessionService } from '../detached/service.ts';
import type { ChangePolicy } from '../package-interface/change-policy.ts';
import { sayChallengeFaults } from '../signature/challenge-faults.ts';
import { openChallenges } from '../signature/challenges.ts';
import { readPin } from '../signature/pinned-key.ts';
import { type Admission, createAdmission } from './admission.ts';
import { createLaunch, type Launch, type LaunchOptions } from './launch.ts';
import { openOrders, workerFolder } from './orders.ts';
import { pinPlace } from './pin-place.ts';
import { openRunPlace } from './run-place.ts';
import { takeOver } from './take-over.ts';
import { openWaiting } from './waiting.ts';

/** Below the root. */
const CHALLENGES = 'run/linux-patch-worker/challenges';
const INSTANCE_FILE = 'var/lib/linux_patch_api/state/instance.json';
const INSTANCE_LIMIT_BYTES = 64 * 1024;

export interface AdmissionDoors {
  readonly root: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly policy: ChangePolicy;
  readonly commands: Commands;
  readonly commandOf: LaunchOptions['commandOf'];
}

/** What the host of a root does. */
export interface HostAdmission extends Admission, Launch {
  /** @param jobsFolder `jobs.storage_path` @returns how many jobs of an earlier release were taken over */
  takeOver(jobsFolder: string): Promise<number>;
}

export function openAdmission(doors: AdmissionDoors): HostAdmission {
  const { root, files, clock, random, logger, policy, commands, commandOf } = doors;
  const at = (path: string): string => join(root, path);
  const folder = at(CHALLENGES);
  const own = workerFolder(root);
  const orders = openOrders({ files, folder: own });
  const placeOf = (job: string) => openRunPlace(files, own, job);
  const boot = () => readBoot(files);
  const waiting = openWaiting({ files, clock, folder: own, orders, placeOf, boot });
  const admission = createAdmission({
    instant: async () => ({ acceptedAtMs: clock.now(), acceptedAt: await waiting.now() }),
    random,
    orders,
    placeOf,
    pin: () => readPin(files, pinPlace(root)),
    challenges: sayChallengeFaults(openChallenges({ folder, files, random, boot }), folder),
    instanceId: () => readInstanceId(files, at(INSTANCE_FILE)),
    policy,
  });
  // Units of systemd know nothing of a private root.
  const service = async () =>
    root === '/' ? hostService({ commands, files }, 'end') : sessionService(commands, files);
  return {
    ...admission,
    ...createLaunch({ files, clock, orders, waiting, folder: own, service, commandOf }),
    takeOver: (jobsFolder) => takeOver({ files, clock, logger, folder: own }, jobsFolder),
  };
}

async function readInstanceId(files: Files, path: string): Promise<string> {
  try {
    const text = await files.readTextLimited(path, INSTANCE_LIMIT_BYTES);
    return z.object({ instance_id: z.uuid() }).parse(JSON.parse(text ?? '')).instance_id;
  } catch (cause) {
    throw new PatchError(
      'SERVICE_UNHEALTHY',
      `${path} cannot be read, so it is not known which instance of the agent this is, and no signed change can be for it. Mend ${dirname(path)}, then restart the agent, which writes the file anew.`,
      { cause },
    );
  }
}
