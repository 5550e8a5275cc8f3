import { join } from 'node:path';
import {
  type Clock,
  type Commands,
  type Files,
  type Logger,
  type Random,
  readBoot,
} from '@linux-patch/runtime';
import { hostService, sessionService } from '../detached/service.ts';
import { type Instance, openInstance } from '../instance/instance-id.ts';
import type { ChangePolicy } from '../package-interface/change-policy.ts';
import { sayChallengeFaults } from '../signature/challenge-faults.ts';
import { openChallenges } from '../signature/challenges.ts';
import { readMarkedPin } from '../signature/pinned-key.ts';
import { type Admission, createAdmission } from './admission.ts';
import { createLaunch, type Launch, type LaunchOptions } from './launch.ts';
import { openOrders, workerFolder } from './orders.ts';
import { pinPlace } from './pin-place.ts';
import { openRunPlace } from './run-place.ts';
import { takeOver } from './take-over.ts';
import { openWaiting } from './waiting.ts';

/** Below the root. */
const CHALLENGES = 'run/linux-patch-worker/challenges';

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
  /** Names this installation on this host. @throws PatchError `SERVICE_UNHEALTHY` */
  instance(): Promise<Instance>;
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
  const instance = () => openInstance({ files, root, folder: own, random, logger });
  const admission = createAdmission({
    instant: async () => ({ acceptedAtMs: clock.now(), acceptedAt: await waiting.now() }),
    random,
    orders,
    placeOf,
    pin: () => readMarkedPin(files, pinPlace(root)),
    challenges: sayChallengeFaults(openChallenges({ folder, files, random, boot }), folder),
    instanceId: async () => (await instance()).instanceId,
    policy,
  });
  // Units of systemd know nothing of a private root.
  const service = async () =>
    root === '/' ? hostService({ commands, files }, 'end') : sessionService(commands, files);
  return {
    ...admission,
    instance,
    ...createLaunch({ files, clock, orders, waiting, folder: own, service, commandOf }),
    takeOver: (jobsFolder) => takeOver({ files, clock, logger, folder: own }, jobsFolder),
  };
}
