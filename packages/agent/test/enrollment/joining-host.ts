import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseCertificates } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { nodeCommands, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { learnAddresses, readLearnedAddresses } from '../../src/access/learned-addresses.ts';
import { enroll } from '../../src/enrollment/enroll.ts';
import type { EnrollContext, EnrollOutcome, EnrollProgress } from '../../src/enrollment/settings.ts';
import { settleEnrollment } from '../../src/enrollment/settle.ts';
import { openConfiguredToken } from '../../src/enrollment/state/configured-token.ts';
import { type PendingEnrollment, pendingPlaces, readPending } from '../../src/enrollment/state/pending.ts';
import { hostNetwork } from '../../src/host/network.ts';
import { inspectIdentity } from '../../src/identity/inspect.ts';
import type { CertificatePaths } from '../../src/identity/store/paths.ts';

/** Now, because the TLS library judges certificates by the real time. */
export const NOW = Math.floor(Date.now() / 1000) * 1000;
export const FQDN = 'amber.example.test';
/** The configuration of a host, which nobody but its administrator changes. */
export const CONFIG =
  '# the administrator wrote this\nenrollment:\n  manager_url: https://manager  # and this\n';

/** A host in a temporary folder that enrols with a clock that the test moves. */
export interface JoiningHost extends AsyncDisposable {
  readonly root: string;
  readonly clock: ManualClock;
  readonly logger: ReturnType<typeof memoryLogger>;
  readonly audited: { readonly event: string; readonly fields: unknown }[];
  readonly progress: EnrollProgress[];
  /** Enrols; sleeps pass at once, and `until` may end it early. */
  enrol(
    settings: Partial<EnrollContext> & { readonly managerUrl: URL },
    until?: () => boolean | Promise<boolean>,
  ): Promise<EnrollOutcome>;
  /** What the next start does with an enrolment that is installed already. */
  settle(settings: Partial<EnrollContext> & { readonly managerUrl: URL }): Promise<void>;
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

/** What a host has before its agent runs; returns the configuration file. */
async function writeHost(root: string, facts: HostNames): Promise<string> {
  const configFile = join(root, 'etc/config.yaml');
  await mkdir(join(root, 'etc'));
  await writeFile(join(root, 'etc/machine-id'), `${facts.machineId}\n`);
  await writeFile(join(root, 'etc/hostname'), `${facts.fqdn}\n`);
  await writeFile(configFile, CONFIG, { mode: 0o640 });
  return configFile;
}

function certificatesUnder(folder: string): CertificatePaths {
  return {
    ca: join(folder, 'ca.pem'),
    certificate: join(folder, 'server.pem'),
    key: join(folder, 'server.key.pem'),
    crl: join(folder, 'crl.pem'),
  };
}

/** Enrols and lets every sleep pass at once, unless `stopped` says that it was told to end. */
async function run(
  context: EnrollContext,
  clock: ManualClock,
  stopped: () => Promise<boolean>,
): Promise<EnrollOutcome> {
  let outcome: EnrollOutcome | undefined;
  const running = enroll(context).then((result) => {
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

export async function createJoiningHost(
  files: Files = systemFiles,
  names: HostNames = { fqdn: FQDN, machineId: 'c'.repeat(32) },
): Promise<JoiningHost> {
  const folder = await temporaryFolder();
  const root = folder.path;
  const configFile = await writeHost(root, names);
  const clock = new ManualClock(NOW);
  const logger = memoryLogger();
  const audited: JoiningHost['audited'] = [];
  const progress: EnrollProgress[] = [];
  const learnedFile = join(root, 'data/state/manager-addresses.json');
  const certs = join(root, 'etc/certs');
  const certificates = certificatesUnder(certs);
  const readToken = () => savedToken(configFile);

  const contextOf = async (
    settings: Partial<EnrollContext> & { readonly managerUrl: URL },
    signal: AbortSignal,
  ): Promise<EnrollContext> => ({
    ...pendingPlaces(join(root, 'data'), certs),
    root,
    certificates,
    caFile: undefined,
    caFingerprint: undefined,
    trust: 'auto',
    pollingIntervalMs: 60_000,
    maxPollAttempts: 1440,
    reportIp: '127.0.0.1',
    reportInterface: undefined,
    agentPort: 12_443,
    mode: 'service',
    clock,
    random: systemRandom,
    files,
    commands: nodeCommands(),
    network: hostNetwork,
    logger,
    audit: (event, fields) => void audited.push({ event, fields }),
    configuredToken: openConfiguredToken({ files, dataFolder: join(root, 'data'), token: await readToken() }),
    learnAddresses: async (addresses) => {
      const { href: managerUrl } = settings.managerUrl;
      await learnAddresses({ files, path: learnedFile, managerUrl, addresses });
    },
    onProgress: (one) => progress.push(one),
    signal,
    ...settings,
  });

  return {
    root,
    clock,
    logger,
    audited,
    progress,
    async enrol(settings, until = () => false) {
      const stop = new AbortController();
      return run(await contextOf(settings, stop.signal), clock, async () => {
        if (await until()) stop.abort();
        return stop.signal.aborted;
      });
    },
    settle: async (settings) => settleEnrollment(await contextOf(settings, new AbortController().signal)),
    pending: () => readPending(systemFiles, pendingPlaces(join(root, 'data'), certs)),
    status: async () =>
      (await inspectIdentity({ files: systemFiles, paths: certificates, now: NOW, thresholdDays: 7 })).status
        .status,
    serial: async () => parseCertificates(await readFile(certificates.certificate, 'utf8'))[0]?.serialHex,
    config: () => readFile(configFile, 'utf8'),
    learned: () => readLearnedAddresses(systemFiles, learnedFile),
    said: () => JSON.stringify([logger.records, audited, progress]),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
