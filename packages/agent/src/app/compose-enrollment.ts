import { hostOf } from '@linux-patch/http/client';
import { joinPlaces, readHostBinding } from '@linux-patch/worker';
import { learnAddresses } from '../access/learned-addresses.ts';
import type { Settings } from '../config/load.ts';
import type { EnrollOptions } from '../enrollment/enroll.ts';
import type { LeftoverOptions } from '../enrollment/finish-interrupted.ts';
import { openConfiguredToken } from '../enrollment/older/configured-token.ts';
import type {
  Applicant,
  EnrollMode,
  EnrollmentPlaces,
  EnrollmentTime,
  EnrollProgress,
} from '../enrollment/settings.ts';
import { type PendingJobKey, pendingPlaces } from '../enrollment/state/pending.ts';
import type { CallOptions } from '../enrollment/steps/manager-calls.ts';
import { createProvisioner, type Provisioner } from '../enrollment/steps/provisioner.ts';
import { collectHostIdentity } from '../host/host-identity.ts';
import { resolveUnlessStopped } from '../host/network.ts';
import { collectOsDetails } from '../host/os-details.ts';
import { readIdentityMeta } from '../identity/store/identity-meta.ts';
import { storeFolder } from '../identity/store/paths.ts';
import type { IdentityPlace } from '../identity/store/read.ts';
import { type OfferedJobKey, openPinnedJobKey, type PinnedJobKey } from '../worker-link/job-key.ts';
import type { AgentContext, AgentReport, Program } from './agent-context.ts';
import { linkOf, rootsLinkOf } from './compose-worker.ts';

/** What of a running agent an enrolment is made from. */
export interface EnrollmentParts extends Pick<AgentContext, 'host' | 'settings' | 'place' | 'enrollment'> {
  readonly time: EnrollmentTime;
  readonly report: Pick<AgentReport, 'logger' | 'audit'>;
}

/** What is wanted of one enrolment. */
export interface EnrollWish {
  readonly managerUrl: string;
  readonly mode: EnrollMode;
  /** Key id of the identity of another host that lies on this one. */
  readonly cloneOf?: string | undefined;
  readonly onProgress: (progress: EnrollProgress) => void;
}

export function enrollmentPlaces(
  { config, paths }: Pick<Settings, 'config' | 'paths'>,
  place: Pick<IdentityPlace, 'files' | 'paths'>,
  environment: Program['environment'],
): EnrollmentPlaces {
  const { dataFolder } = paths;
  const { polling_token: token, join_file: configured } = config.enrollment;
  return {
    pending: pendingPlaces(dataFolder, storeFolder(place.paths)),
    configuredToken: openConfiguredToken({ files: place.files, dataFolder, token }),
    join: joinPlaces({
      configured,
      dropIn: paths.joinFile,
      credentialsFolder: environment.CREDENTIALS_DIRECTORY,
    }),
  };
}

function applicantOf(
  { host, settings, time }: EnrollmentParts,
  managerUrl: URL,
  cloneOf?: string,
): Applicant {
  const { server, enrollment } = settings.config;
  const { report_ip: reportIp, report_interface: reportInterface } = enrollment;
  const isChosen = reportIp !== undefined || reportInterface !== undefined;
  const { root, files, commands, network } = host;
  const { signal } = time;
  const sources = { root, files, commands, network, managerUrl, reportIp, reportInterface, signal };
  return {
    managerUrl,
    cloneOf,
    identity: () => collectHostIdentity(sources),
    binding: () => readHostBinding(host),
    addresses: () => (isChosen ? undefined : network.addresses().map((one) => one.address)),
    details: async () => ({ ...(await collectOsDetails(host)), agent_port: server.port }),
  };
}

function callsOf({ settings, time, report }: EnrollmentParts, applicant: Applicant): CallOptions {
  const way = { managerUrl: applicant.managerUrl, proxyFor: settings.proxyFor, signal: time.signal };
  return { way, time, logger: report.logger, details: applicant.details };
}

/** Learns where the manager calls from, by its name. */
async function allowManager(
  { host, settings, time, report }: EnrollmentParts,
  managerUrl: URL,
): Promise<void> {
  const { files, network } = host;
  const addresses = await resolveUnlessStopped(network, hostOf(managerUrl), time.signal);
  const path = settings.paths.learnedAddresses;
  const learned = await learnAddresses({ files, path, managerUrl: managerUrl.href, addresses });
  for (const entry of learned) report.audit.record('allow_list_extended', { entry });
}

/**
 * A host whose data folder was lost does not know any more where its manager calls from, and where no administrator keeps
 * an allow list, nobody could connect: it learns that again from the notes beside its certificates.
 */
export async function learnManagerAgain(parts: EnrollmentParts): Promise<void> {
  const { files } = parts.host;
  const { paths, config } = parts.settings;
  try {
    if (await files.facts(paths.learnedAddresses)) return;
    if (await files.facts(config.whitelist.path)) return;
    const { manager_url: managerUrl } = await readIdentityMeta(files, parts.place.paths);
    if (managerUrl) await allowManager(parts, new URL(managerUrl));
  } catch (error) {
    parts.report.logger.warn(
      'The address of the manager is lost and could not be learned again, so it cannot connect',
      {
        error,
        help: 'When its name can be resolved: linux-patch-api doctor --fix, or put the address into the allow list',
        allow_list: config.whitelist.path,
      },
    );
  }
}

/** The key of the manager that signs what this host does. */
export function pinnedJobKeyOf({
  host,
  settings,
  time: { signal },
  report: { logger, audit },
}: Pick<EnrollmentParts, 'host' | 'settings' | 'time' | 'report'>): PinnedJobKey {
  const { files } = host;
  const [link, rootsLink] = [linkOf({ host, settings }), rootsLinkOf({ host, settings })];
  return openPinnedJobKey({ link, rootsLink, signal, files, logger, audit, place: settings.paths.jobKey });
}

const offeredBy = ({ offer, roots }: PendingJobKey): OfferedJobKey => ({ offer: offer ?? undefined, roots });

/** Who says `--enroll` is root of this host, and chooses its manager; the service takes what it is offered. */
function pinningBy(mode: EnrollMode, key: PinnedJobKey): Provisioner['pinJobKey'] {
  return async (jobKey, installed) => {
    if (mode === 'once') await key.chosen(offeredBy(jobKey), installed);
    else if (installed) await key.offered(offeredBy(jobKey));
  };
}

/** The enrolment of this host with a manager. */
export function composeEnrollment(parts: EnrollmentParts, wish: EnrollWish): EnrollOptions {
  const { settings, place, time } = parts;
  const { pending: places, configuredToken, join } = parts.enrollment;
  const { enrollment } = settings.config;
  const { files } = parts.host;
  const { mode } = wish;
  const managerUrl = new URL(wish.managerUrl);
  const applicant = applicantOf(parts, managerUrl, wish.cloneOf);
  const calls = callsOf(parts, applicant);
  const { logger, audit } = parts.report;
  const report = { logger, audit, onProgress: wish.onProgress };
  const caFingerprint = enrollment.ca_fingerprint;
  return {
    mode,
    time,
    report,
    polling: enrollment.polling,
    state: { files, places, applicant, configuredToken, mode, time, report },
    trust: {
      files,
      way: calls.way,
      caFile: enrollment.ca_file,
      caFingerprint,
      mode: enrollment.trust,
      joinPlaces: join,
    },
    calls,
    provisioner: createProvisioner({
      proof: { place, managerUrl, caFingerprint },
      random: time.random,
      binding: applicant.binding,
      allowManager: () => allowManager(parts, managerUrl),
      pinJobKey: pinningBy(mode, pinnedJobKeyOf(parts)),
    }),
  };
}

/** What an enrolment may have left that was cut off when its certificates were installed already. */
export function composeLeftover(parts: EnrollmentParts): LeftoverOptions {
  const { pending: places, configuredToken } = parts.enrollment;
  return {
    place: parts.place,
    places,
    configuredToken,
    report: parts.report,
    calls: (managerUrl) => callsOf(parts, applicantOf(parts, new URL(managerUrl))),
    allowManager: (managerUrl) => allowManager(parts, new URL(managerUrl)),
    takeJobKey: (jobKey) => pinnedJobKeyOf(parts).offered(offeredBy(jobKey)),
  };
}
