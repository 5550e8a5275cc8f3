import { openPinnedJobKey, type PinnedJobKey } from '../access/job-key.ts';
import { learnAddresses } from '../access/learned-addresses.ts';
import type { EnrollOptions } from '../enrollment/enroll.ts';
import type { LeftoverOptions } from '../enrollment/finish-interrupted.ts';
import { type ConfiguredToken, openConfiguredToken } from '../enrollment/older/configured-token.ts';
import type {
  Applicant,
  ClockKnowledge,
  EnrollMode,
  EnrollmentReport,
  EnrollmentTime,
  EnrollProgress,
} from '../enrollment/settings.ts';
import { type PendingPlaces, pendingPlaces } from '../enrollment/state/pending.ts';
import type { CallOptions } from '../enrollment/steps/manager-calls.ts';
import { createProvisioner } from '../enrollment/steps/provisioner.ts';
import { joinPlaces } from '../enrollment/trust/join-source.ts';
import { readHostBinding } from '../host/host-binding.ts';
import { collectHostIdentity } from '../host/host-identity.ts';
import { hostOf, resolveUnlessStopped } from '../host/network.ts';
import { collectOsDetails } from '../host/os-details.ts';
import { readIdentityMeta } from '../identity/store/identity-meta.ts';
import { storeFolder } from '../identity/store/paths.ts';
import type { AgentContext } from './agent-context.ts';

/** What of a running agent an enrolment is made from. */
export type EnrollmentSurroundings = Pick<
  AgentContext,
  | 'root'
  | 'config'
  | 'paths'
  | 'certificates'
  | 'files'
  | 'commands'
  | 'network'
  | 'environment'
  | 'clock'
  | 'random'
  | 'signal'
  | 'proxyFor'
  | 'logger'
  | 'audit'
> & { readonly clockWatch: ClockKnowledge };

/** What is wanted of one enrolment. */
export interface EnrollWish {
  readonly managerUrl: string;
  readonly mode: EnrollMode;
  /** Key id of the identity of another host that lies on this one. */
  readonly cloneOf?: string | undefined;
  readonly onProgress: (progress: EnrollProgress) => void;
}

/** Where an enrolment under way is kept. */
export function enrollmentPlaces({
  paths,
  certificates,
}: Pick<EnrollmentSurroundings, 'paths' | 'certificates'>): PendingPlaces {
  return pendingPlaces(paths.dataFolder, storeFolder(certificates));
}

function configuredToken({ files, paths, config }: EnrollmentSurroundings): ConfiguredToken {
  const token = config.enrollment.polling_token;
  return openConfiguredToken({ files, dataFolder: paths.dataFolder, token });
}

function applicantOf(context: EnrollmentSurroundings, managerUrl: URL, cloneOf?: string): Applicant {
  const { files, root, network, commands, config, signal } = context;
  const { report_ip: reportIp, report_interface: reportInterface } = config.enrollment;
  const isChosen = reportIp !== undefined || reportInterface !== undefined;
  return {
    managerUrl,
    cloneOf,
    identity: () =>
      collectHostIdentity({ files, commands, network, root, managerUrl, reportIp, reportInterface, signal }),
    binding: () => readHostBinding({ files, root }),
    addresses: () => (isChosen ? undefined : network.addresses().map((one) => one.address)),
    details: async () => ({
      ...(await collectOsDetails({ files, root })),
      agent_port: config.server.port,
    }),
  };
}

function timeOf({ clock, clockWatch, random, signal }: EnrollmentSurroundings): EnrollmentTime {
  return { clock, clockWatch, random, signal };
}

function reportOf(
  { logger, audit }: EnrollmentSurroundings,
  onProgress: EnrollmentReport['onProgress'],
): EnrollmentReport {
  return { logger, audit: (event, fields = {}) => audit.record(event, fields), onProgress };
}

function callsOf(context: EnrollmentSurroundings, applicant: Applicant): CallOptions {
  const { proxyFor, signal, logger } = context;
  const way = { managerUrl: applicant.managerUrl, proxyFor, signal };
  return { way, time: timeOf(context), logger, details: applicant.details };
}

/** Learns where the manager calls from, by its name. */
async function allowManager(context: EnrollmentSurroundings, managerUrl: URL): Promise<void> {
  const { files, paths, network, audit, signal } = context;
  const addresses = await resolveUnlessStopped(network, hostOf(managerUrl), signal);
  const path = paths.learnedAddresses;
  const learned = await learnAddresses({ files, path, managerUrl: managerUrl.href, addresses });
  for (const entry of learned) audit.record('allow_list_extended', { entry });
}

/**
 * A host whose data folder was lost does not know any more where its manager calls from, and where no administrator keeps
 * an allow list, nobody could connect: it learns that again from the notes beside its certificates.
 */
export async function learnManagerAgain(context: EnrollmentSurroundings): Promise<void> {
  const { files, paths, config, certificates, logger } = context;
  try {
    if (await files.facts(paths.learnedAddresses)) return;
    if (await files.facts(config.whitelist.path)) return;
    const { manager_url: managerUrl } = await readIdentityMeta(files, certificates);
    if (managerUrl) await allowManager(context, new URL(managerUrl));
  } catch (error) {
    logger.warn('The address of the manager is lost and could not be learned again, so it cannot connect', {
      error,
      help: 'When its name can be resolved: linux-patch-api doctor --fix, or put the address into the allow list',
      allow_list: config.whitelist.path,
    });
  }
}

/** The key of the manager that signs what this host does. */
export function pinnedJobKeyOf({
  paths,
  ...doors
}: Pick<EnrollmentSurroundings, 'files' | 'logger' | 'audit' | 'paths'>): PinnedJobKey {
  return openPinnedJobKey({ ...doors, path: paths.jobKeyFile });
}

/** The enrolment of this host with a manager. */
export function composeEnrollment(context: EnrollmentSurroundings, wish: EnrollWish): EnrollOptions {
  const { config, files, certificates, clock, random } = context;
  const { enrollment } = config;
  const managerUrl = new URL(wish.managerUrl);
  const applicant = applicantOf(context, managerUrl, wish.cloneOf);
  const calls = callsOf(context, applicant);
  const { mode } = wish;
  const time = timeOf(context);
  const report = reportOf(context, wish.onProgress);
  const caFingerprint = enrollment.ca_fingerprint;
  const places = enrollmentPlaces(context);
  return {
    mode,
    time,
    report,
    polling: {
      intervalMs: enrollment.polling_interval_seconds * 1000,
      maxAttempts: enrollment.max_poll_attempts,
    },
    state: { files, places, applicant, configuredToken: configuredToken(context), mode, time, report },
    trust: {
      files,
      way: calls.way,
      caFile: enrollment.ca_file,
      caFingerprint,
      mode: enrollment.trust,
      joinPlaces: joinPlaces({
        configured: enrollment.join_file,
        dropIn: context.paths.joinFile,
        environment: context.environment,
      }),
    },
    calls,
    provisioner: createProvisioner({
      proof: { files, certificates, clock, managerUrl, caFingerprint },
      random,
      binding: applicant.binding,
      allowManager: () => allowManager(context, managerUrl),
      // Who says `--enroll` is root of this host.
      takeJobKey: (offer, roots, isPinned) =>
        pinnedJobKeyOf(context).take(offer, {
          roots,
          way: isPinned ? 'join' : mode === 'once' ? 'root' : 'first_sight',
        }),
    }),
  };
}

/** What an enrolment may have left that was cut off when its certificates were installed already. */
export function composeLeftover(context: EnrollmentSurroundings): LeftoverOptions {
  const { files, certificates } = context;
  return {
    files,
    certificates,
    places: enrollmentPlaces(context),
    configuredToken: configuredToken(context),
    report: reportOf(context, () => {}),
    calls: (managerUrl) => callsOf(context, applicantOf(context, new URL(managerUrl))),
    allowManager: (managerUrl) => allowManager(context, new URL(managerUrl)),
  };
}
