import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@linux-patch/runtime';
import { lineLogger, nodeCommands, systemClock, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import {
  composeEnrollment,
  composeLeftover,
  type EnrollmentParts,
  enrollmentPlaces,
} from '../../../agent/src/app/compose-enrollment.ts';
import { agentPaths } from '../../../agent/src/config/paths.ts';
import { AgentConfigSchema } from '../../../agent/src/config/schema.ts';
import { enroll } from '../../../agent/src/enrollment/enroll.ts';
import { finishInterruptedEnrollment } from '../../../agent/src/enrollment/finish-interrupted.ts';
import type { EnrollOutcome } from '../../../agent/src/enrollment/settings.ts';
import { hostNetwork } from '../../../agent/src/host/network.ts';
import { inspectIdentity } from '../../../agent/src/identity/inspect.ts';
import { type RenewOutcome, renewIdentity } from '../../../agent/src/identity/renewal/renew.ts';
import { pathsIn } from '../../../agent/src/identity/store/paths.ts';
import { rollBackDamaged } from '../../../agent/src/identity/store/roll-back.ts';
import { undoubtedClock } from '../../../agent/test/enrollment/undoubted-clock.ts';
import { OWN_PROGRAMS } from '../../../worker/test/worker-process.ts';

/** A host that joins, in a folder that plays its root. */
export interface CrashHost {
  readonly root: string;
  readonly managerUrl: string;
  readonly caFile: string;
  /** Address that the host reports. */
  readonly address: string;
  /** Fingerprint of the job key of its manager, where that has one. */
  readonly jobKey?: string;
  /** Lets no time pass where the agent sleeps; a manager that holds no polls is asked once a minute. */
  readonly hasty?: boolean;
}

/** The configuration of a host, which nobody but its administrator changes. */
export const UNTOUCHED = '# the administrator wrote this\nenrollment:\n  manager_url: x\n';

/** The addresses of the manager, as a host has learned them. */
export const learnedFile = ({ root }: CrashHost): string => join(root, 'data/state/manager-addresses.json');

/** What a host has before its agent runs for the first time. */
export async function prepareHost(host: CrashHost, number: number): Promise<void> {
  await mkdir(join(host.root, 'etc'), { recursive: true });
  await writeFile(join(host.root, 'etc/machine-id'), `${number.toString(16).padStart(32, 'c')}\n`);
  await writeFile(join(host.root, 'etc/hostname'), `crash${number}.example.test\n`);
  await writeFile(join(host.root, 'etc/config.yaml'), UNTOUCHED, {
    mode: 0o640,
  });
}

const hastyClock: Clock = { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(1, signal) };

/** What the agent does when its renewal is due. */
export function renewHost({ root, managerUrl }: CrashHost): Promise<RenewOutcome> {
  return renewIdentity({
    place: {
      files: systemFiles,
      clock: systemClock,
      paths: pathsIn(join(root, 'etc/certs')),
      thresholdDays: 7,
    },
    random: systemRandom,
    audit: { record: () => {} },
    way: { managerUrl: new URL(managerUrl), signal: AbortSignal.timeout(120_000) },
  });
}

/** What the agent does when it starts: mends what is damaged, then goes on with its enrolment or ends a finished one. */
export async function startAgent(host: CrashHost): Promise<EnrollOutcome> {
  const { root } = host;
  const certs = join(root, 'etc/certs');
  const certificates = pathsIn(certs);
  const config = AgentConfigSchema.parse({
    enrollment: { ca_file: host.caFile, polling_interval_seconds: 10, report_ip: host.address },
  });
  const settings = {
    config,
    configFile: join(root, 'etc/config.yaml'),
    paths: {
      ...agentPaths(root),
      dataFolder: join(root, 'data'),
      learnedAddresses: learnedFile(host),
      joinFile: join(root, 'etc/no-join-string'),
    },
    proxyFor: () => undefined,
    load: async () => config,
  };
  const clock = host.hasty ? hastyClock : systemClock;
  const place = { files: systemFiles, paths: certificates, clock, thresholdDays: 7 };
  const parts: EnrollmentParts = {
    host: { root, files: systemFiles, commands: nodeCommands({}, OWN_PROGRAMS), network: hostNetwork },
    settings,
    place,
    enrollment: enrollmentPlaces(settings, place, {}),
    time: {
      clock,
      clockWatch: undoubtedClock,
      random: systemRandom,
      signal: AbortSignal.timeout(120_000),
    },
    report: {
      logger: lineLogger({ level: 'error', sink: () => {} }),
      audit: {
        record: () => {},
        flush: async () => {},
        [Symbol.asyncDispose]: async () => {},
      },
    },
  };
  const found = (await inspectIdentity(place)).status;
  const status = (await rollBackDamaged(place, found)) ?? found;
  const wish = { managerUrl: host.managerUrl, mode: 'service', onProgress: () => {} } as const;
  if (status.status !== 'valid') return enroll(composeEnrollment(parts, wish));
  await finishInterruptedEnrollment(composeLeftover(parts));
  return { kind: 'installed' };
}
