import { join } from 'node:path';
import { messageOf } from '@linux-patch/contract';
import { isStartedByRoot } from '@linux-patch/runtime';
import { readAuditTrail } from '../audit/trail.ts';
import { createClockWatch } from '../clock/watch.ts';
import type { AgentConfig } from '../config/schema.ts';
import { pendingPlaces, readPending } from '../enrollment/state/pending.ts';
import { chooseProxy } from '../host/proxy.ts';
import { inspectIdentity } from '../identity/inspect.ts';
import { storeFolder } from '../identity/store/paths.ts';
import { identityPlace } from '../identity/store/read.ts';
import { checkAccess } from './checks/access.ts';
import { checkCrlFile, checkIdentityFiles } from './checks/certificates.ts';
import { clockBeforeRecords } from './checks/clock.ts';
import { checkConfig, checkConfigAccess, configFaults } from './checks/config.ts';
import { checkEnrollment } from './checks/enrollment.ts';
import { checkFiles } from './checks/files.ts';
import type { DoctorHost, DoctorPlace } from './checks/host.ts';
import { checkHostIdentity } from './checks/host-identity.ts';
import { checkInotify } from './checks/inotify.ts';
import { checkJobKey } from './checks/job-key.ts';
import { checkManager } from './checks/manager.ts';
import { checkPackages } from './checks/packages.ts';
import { checkPolicy } from './checks/policy.ts';
import { checkPort } from './checks/port.ts';
import { findAgents } from './checks/processes.ts';
import { checkService } from './checks/service.ts';
import { checkStore } from './checks/store.ts';
import { type Finding, sortFindings } from './finding.ts';

export interface Examination {
  readonly at: DoctorPlace;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Without it the network is not asked. */
  readonly online: boolean;
  readonly loadConfig: () => Promise<AgentConfig>;
}

async function isUnderSystemd({ files, root }: Pick<DoctorPlace, 'files' | 'root'>): Promise<boolean> {
  return (await files.facts(join(root, 'run/systemd/system'))) !== undefined;
}

async function openHost({ at, environment }: Examination, config: AgentConfig): Promise<DoctorHost> {
  const { files, root, paths } = at;
  const place = identityPlace(at, config);
  const places = pendingPlaces(paths.dataFolder, storeFolder(place.paths));
  const agents = await findAgents(files).catch(() => []);
  return {
    config,
    place,
    inspection: await inspectIdentity(place, { handshake: true }),
    enrollment: { places, pending: await readPending(files, places).catch(() => undefined) },
    trail: await readAuditTrail(files, config.logging.file_path),
    agents: agents.filter((agent) => agent.root === root),
    underSystemd: await isUnderSystemd(at),
    proxyFor: chooseProxy({ configured: config.enrollment.proxy, environment }),
  };
}

/** One check that fails by itself hides nothing of what the others find. */
async function attempt(name: string, check: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await check();
  } catch (error) {
    return [{ code: 'CHECK_FAILED', detail: `${name}: ${messageOf(error)}` }];
  }
}

/** Whether the clock contradicts what is known on this host, without asking anybody. */
async function checkClock(
  { clock, paths }: Pick<DoctorPlace, 'clock' | 'paths'>,
  host: Pick<DoctorHost, 'trail' | 'place'>,
): Promise<Finding[]> {
  const before = clockBeforeRecords(host.trail, clock.now());
  if (before) return [before];
  const watch = createClockWatch(host.place, paths.dataFolder);
  await watch.look();
  const { state, message } = watch.verdict;
  return state === 'ok' ? [] : [{ code: 'CLOCK_DOUBTFUL', detail: message }];
}

async function checkIdentity(at: DoctorPlace, host: DoctorHost): Promise<Finding[]> {
  // A list that is no file keeps the whole set from being read.
  const list = await checkCrlFile(at, host);
  return list.length > 0 ? list : checkIdentityFiles(at, host);
}

type Check = (at: DoctorPlace, host: DoctorHost) => Promise<Finding[]>;

const LOCAL_CHECKS: Readonly<Record<string, Check>> = {
  clock: checkClock,
  config: checkConfig,
  policy: checkPolicy,
  files: checkFiles,
  host: checkHostIdentity,
  inotify: checkInotify,
  store: checkStore,
  port: checkPort,
  enrollment: checkEnrollment,
  identity: checkIdentity,
  access: checkAccess,
  jobKey: checkJobKey,
  packages: checkPackages,
  service: checkService,
};

async function examineHost({ at, online }: Examination, host: DoctorHost): Promise<Finding[]> {
  const checks: Readonly<Record<string, Check>> = online
    ? { ...LOCAL_CHECKS, manager: checkManager }
    : LOCAL_CHECKS;
  const found = await Promise.all(
    Object.entries(checks).map(([name, check]) => attempt(name, () => check(at, host))),
  );
  return found.flat();
}

/** Looks at everything and changes nothing; worst findings first. */
export async function examine(examination: Examination): Promise<Finding[]> {
  const { at, loadConfig } = examination;
  const { root, uid, paths, files } = at;
  if (root === '/' && uid !== 0 && !(await isStartedByRoot(files)))
    return [{ code: 'NOT_ROOT', detail: `It runs as user ${uid}.` }];
  const access = await checkConfigAccess(at);
  let config: AgentConfig;
  try {
    config = await loadConfig();
  } catch (error) {
    // Where everything lies is in the configuration, so nothing else can be judged but whether systemd starts it again.
    const service = await checkService(at, { underSystemd: await isUnderSystemd(at) });
    return sortFindings([...configFaults(error, paths.configFile), ...access, ...service]);
  }
  const host = await openHost(examination, config);
  return sortFindings([...access, ...(await examineHost(examination, host))]);
}
