import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCertificates } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { nodeCommands, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { OWN_PROGRAMS } from '../../../worker/test/worker-process.ts';
import { readLearnedAddresses } from '../../src/access/learned-addresses.ts';
import {
  composeEnrollment,
  composeLeftover,
  type EnrollmentParts,
  enrollmentPlaces,
} from '../../src/app/compose-enrollment.ts';
import { agentPaths } from '../../src/config/paths.ts';
import { AgentConfigSchema } from '../../src/config/schema.ts';
import { enroll } from '../../src/enrollment/enroll.ts';
import { finishInterruptedEnrollment } from '../../src/enrollment/finish-interrupted.ts';
import type { EnrollMode, EnrollOutcome, EnrollProgress } from '../../src/enrollment/settings.ts';
import { type PendingEnrollment, pendingPlaces, readPending } from '../../src/enrollment/state/pending.ts';
import { hostNetwork } from '../../src/host/network.ts';
import { inspectIdentity } from '../../src/identity/inspect.ts';
import { type CertificatePaths, pathsIn } from '../../src/identity/store/paths.ts';
import { undoubtedClock } from './undoubted-clock.ts';

/** Now, because the TLS library judges certificates by the real time. */
export const NOW = Math.floor(Date.now() / 1000) * 1000;
export const FQDN = 'amber.example.test';
/** The configuration of a host, which nobody but its administrator changes. */
export const CONFIG =
  '# the administrator wrote this\nenrollment:\n  manager_url: https://manager  # and this\n';

type Doors = Pick<EnrollmentParts['host'], 'files' | 'commands' | 'network'> &
  Pick<EnrollmentParts['time'], 'random' | 'clockWatch' | 'signal'> &
  Pick<EnrollmentParts['settings'], 'proxyFor'>;

/** What one enrolment of a test has of its own. */
export interface JoinSettings extends Partial<Doors> {
  readonly managerUrl: URL;
  readonly mode?: EnrollMode;
  readonly caFile?: string | undefined;
  readonly caFingerprint?: string | undefined;
  readonly trust?: 'auto' | 'code' | 'tofu';
  /** Where a join string is found by itself. */
  readonly joinFile?: string;
  /** The folder with the credentials that systemd hands to the service. */
  readonly credentialsFolder?: string;
  /** `enrollment.join_file` */
  readonly configuredJoinFile?: string;
  readonly maxPollAttempts?: number;
  readonly agentPort?: number;
  readonly onProgress?: (progress: EnrollProgress) => void;
}

/** A host in a temporary folder that enrols with a clock that the test moves. */
export interface JoiningHost extends AsyncDisposable {
  readonly root: string;
  readonly clock: ManualClock;
  readonly logger: ReturnType<typeof memoryLogger>;
  readonly audited: { readonly event: string; readonly fields: unknown }[];
  readonly progress: EnrollProgress[];
  /** Enrols; sleeps pass at once, and `until` may end it early. */
  enrol(settings: JoinSettings, until?: () => boolean | Promise<boolean>): Promise<EnrollOutcome>;
  /** What the next start does with an enrolment that is installed already. */
  finishInterrupted(settings: JoinSettings): Promise<void>;
  /** Another host with a copy of everything on this one. */
  clone(): Promise<JoiningHost>;
  /** The state file as the agent keeps it. */
  pending(): Promise<PendingEnrollment | undefined>;
  status(): Promise<string>;
  /** Serial number of the installed certificate. */
  serial(): Promise<string | undefined>;
  config(): Promise<string>;
  /** The addresses of its manager. */
  learned(): Promise<readonly string[]>;
  /** Everything that was logged or audited, as text. */
  said(): string;
}

/** What makes a host another one. */
export interface HostNames {
  readonly fqdn: string;
  readonly machineId: string;
}

/** What a host has before its agent runs. */
async function writeHost(root: string, facts: HostNames): Promise<void> {
  await mkdir(join(root, 'etc'));
  await writeFile(join(root, 'etc/machine-id'), `${facts.machineId}\n`);
  await writeFile(join(root, 'etc/hostname'), `${facts.fqdn}\n`);
  await writeFile(join(root, 'etc/config.yaml'), CONFIG, { mode: 0o640 });
}

/** Lets every sleep of an enrolment pass at once, unless `stopped` says that it was told to end. */
async function passTime(
  enrolling: Promise<EnrollOutcome>,
  clock: ManualClock,
  stopped: () => Promise<boolean>,
): Promise<EnrollOutcome> {
  let outcome: EnrollOutcome | undefined;
  const running = enrolling.then((result) => {
    outcome = result;
  });
  while (!outcome) {
    await Promise.race([running, clock.waitForSleepers()]);
    if (!(await stopped()) && clock.nextWakeMs !== undefined) await clock.advance(clock.nextWakeMs);
  }
  await running;
  return outcome;
}

async function savedToken(configFile: string): Promise<string | undefined> {
  return /polling_token: (\S+)/.exec(await readFile(configFile, 'utf8'))?.[1];
}

/** What of a joining host an enrolment sees. */
interface Kept extends Pick<JoiningHost, 'root' | 'clock' | 'logger' | 'audited'> {
  readonly certificates: CertificatePaths;
  readonly files: Files;
}

async function partsOf(host: Kept, odd: JoinSettings, signal: AbortSignal): Promise<EnrollmentParts> {
  const { root, certificates, clock, logger, audited } = host;
  const { files = host.files } = odd;
  const paths = agentPaths(root);
  const config = AgentConfigSchema.parse({
    server: { port: odd.agentPort ?? 12_443 },
    enrollment: {
      ca_file: odd.caFile,
      ca_fingerprint: odd.caFingerprint,
      join_file: odd.configuredJoinFile,
      trust: odd.trust ?? 'auto',
      max_poll_attempts: odd.maxPollAttempts ?? 1440,
      report_ip: '127.0.0.1',
      polling_token: await savedToken(join(root, 'etc/config.yaml')),
    },
  });
  const settings = {
    config,
    configFile: join(root, 'etc/config.yaml'),
    paths: {
      ...paths,
      dataFolder: join(root, 'data'),
      learnedAddresses: learnedFile(root),
      joinFile: odd.joinFile ?? paths.joinFile,
    },
    proxyFor: odd.proxyFor ?? (() => undefined),
    load: async () => config,
  };
  const place = { files, paths: certificates, clock, thresholdDays: 7 };
  return {
    host: {
      root,
      files,
      commands: odd.commands ?? nodeCommands({}, OWN_PROGRAMS),
      network: odd.network ?? hostNetwork,
    },
    settings,
    place,
    enrollment: enrollmentPlaces(settings, place, { CREDENTIALS_DIRECTORY: odd.credentialsFolder }),
    time: {
      clock,
      clockWatch: odd.clockWatch ?? undoubtedClock,
      random: odd.random ?? systemRandom,
      signal: odd.signal ?? signal,
    },
    report: {
      logger,
      audit: {
        record: (event, fields) => void audited.push({ event, fields }),
        flush: async () => {},
        [Symbol.asyncDispose]: async () => {},
      },
    },
  };
}

type TemporaryFolder = Awaited<ReturnType<typeof temporaryFolder>>;

const learnedFile = (root: string): string => join(root, 'data/state/manager-addresses.json');

export async function createJoiningHost(
  files: Files = systemFiles,
  names: HostNames = { fqdn: FQDN, machineId: 'c'.repeat(32) },
): Promise<JoiningHost> {
  const folder = await temporaryFolder({ inMemory: true });
  await writeHost(folder.path, names);
  return openHost(folder, files);
}

function openHost(folder: TemporaryFolder, files: Files): JoiningHost {
  const root = folder.path;
  const clock = new ManualClock(NOW);
  const logger = memoryLogger();
  const audited: JoiningHost['audited'] = [];
  const progress: EnrollProgress[] = [];
  const certs = join(root, 'etc/certs');
  const certificates = pathsIn(certs);

  const kept: Kept = { root, certificates, files, clock, logger, audited };
  return {
    root,
    clock,
    logger,
    audited,
    progress,
    async enrol(settings, until = () => false) {
      const stop = new AbortController();
      const { managerUrl, mode = 'service', onProgress = (one) => void progress.push(one) } = settings;
      const wish = { managerUrl: managerUrl.href, mode, onProgress };
      const parts = await partsOf(kept, settings, stop.signal);
      return passTime(enroll(composeEnrollment(parts, wish)), clock, async () => {
        if (await until()) stop.abort();
        return stop.signal.aborted;
      });
    },
    async finishInterrupted(settings) {
      const parts = await partsOf(kept, settings, new AbortController().signal);
      await finishInterruptedEnrollment(composeLeftover(parts));
    },
    async clone() {
      const copy = await temporaryFolder({ inMemory: true });
      await cp(root, copy.path, { recursive: true, verbatimSymlinks: true });
      return openHost(copy, files);
    },
    pending: () => readPending(systemFiles, pendingPlaces(join(root, 'data'), certs)),
    status: async () =>
      (
        await inspectIdentity({
          files: systemFiles,
          paths: certificates,
          clock: { now: () => NOW },
          thresholdDays: 7,
        })
      ).status.status,
    serial: async () => parseCertificates(await readFile(certificates.certificate, 'utf8'))[0]?.serialHex,
    config: () => readFile(join(root, 'etc/config.yaml'), 'utf8'),
    learned: () => readLearnedAddresses(systemFiles, learnedFile(root)),
    said: () => JSON.stringify([logger.records, audited, progress]),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
