import type { Clock, Random } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Settings } from '../config/load.ts';
import type { EnrollmentPlaces } from '../enrollment/settings.ts';
import type { Host } from '../host/host.ts';
import { createIdentity, type Identity } from '../identity/identity.ts';
import { inspectIdentity } from '../identity/inspect.ts';
import { currentLink, fixedPaths, storeFolder } from '../identity/store/paths.ts';
import type { IdentityPlace } from '../identity/store/read.ts';
import { type LeaveMarker, markerPath, readMarker, writeMarker } from './marker.ts';
import { stopAgents } from './stop-agent.ts';
import { type Told, tellManager } from './tell-manager.ts';
import { wipeIdentity } from './wipe.ts';

/** How a leave ended. */
export type LeaveOutcome =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'agent_runs'; readonly pids: readonly number[] }
  /** Nothing was wiped. */
  | { readonly kind: 'not_told'; readonly reason: string; readonly managerUrl: string | undefined }
  | {
      readonly kind: 'left';
      readonly managerUrl: string | undefined;
      readonly serial: string | undefined;
      /** Why the manager does not know; undefined when it does. */
      readonly untold: string | undefined;
    };

export interface LeaveOptions {
  readonly host: Host;
  readonly settings: Settings;
  readonly place: IdentityPlace;
  readonly enrollment: EnrollmentPlaces;
  readonly time: { readonly clock: Clock; readonly random: Random; readonly signal: AbortSignal };
  readonly audit: AuditLog;
  readonly forgetJobKey: () => Promise<void>;
  /** Wipes the identity even when the manager cannot be told. */
  readonly force: boolean;
}

interface Present {
  readonly identity: Identity | undefined;
  readonly serial: string | undefined;
  readonly managerUrl: string | undefined;
  /** Whether anything of an identity or a request is on this host. */
  readonly anything: boolean;
}

async function isThere({ place, enrollment }: LeaveOptions): Promise<boolean> {
  const { pending, configuredToken } = enrollment;
  const paths = [
    pending.stateFile,
    pending.keyFile,
    currentLink(place.paths),
    ...fixedPaths(place.paths).map(({ path }) => path),
    `${storeFolder(place.paths)}/generations`,
  ];
  const found = await Promise.all(paths.map((path) => place.files.facts(path)));
  return found.some((facts) => facts !== undefined) || (await configuredToken.unused()) !== undefined;
}

async function look(options: LeaveOptions): Promise<Present> {
  const { set, meta } = await inspectIdentity(options.place);
  const identity = set && createIdentity(set);
  return {
    identity,
    serial: identity?.leaf?.serialHex,
    managerUrl: meta.manager_url ?? options.settings.config.enrollment.manager_url,
    anything: await isThere(options),
  };
}

/** Tells the manager, unless there is nothing to tell it. */
async function tell(options: LeaveOptions, present: Present): Promise<Told> {
  const { identity, serial, managerUrl } = present;
  if (managerUrl === undefined) return { told: false, reason: 'no manager is known that could be told' };
  if (identity === undefined || serial === undefined) {
    // A request that waits is no identity; the manager forgets it by itself.
    if (await options.place.files.facts(options.enrollment.pending.stateFile)) return { told: true };
    return { told: false, reason: 'the certificate or its key cannot be read, so nothing can be proven' };
  }
  const { clock, random, signal } = options.time;
  const way = { managerUrl: new URL(managerUrl), proxyFor: options.settings.proxyFor, signal };
  return tellManager({ way, material: identity.material, clock, random });
}

/** Whether a leave that was begun is about the identity that is there, or about none that is left. */
function continues(marker: LeaveMarker | undefined, present: Present): marker is LeaveMarker {
  return marker !== undefined && (present.serial === undefined || marker.serial === present.serial);
}

/**
 * Leaves the manager: ends the agent, says goodbye, wipes the identity. Done twice, the second time finds nothing; cut off
 * in the middle, the next time goes on. Without `force` nothing is wiped unless the manager knows.
 */
export async function leave(options: LeaveOptions): Promise<LeaveOutcome> {
  const { host, place, enrollment, time, audit, forgetJobKey, force } = options;
  const { files } = place;
  const { dataFolder, learnedAddresses } = options.settings.paths;
  const path = markerPath(dataFolder);
  const marker = await readMarker(files, path);
  const present = await look(options);
  if (!present.anything && !marker) return { kind: 'nothing' };
  const pids = await stopAgents(host, time);
  if (pids.length > 0) return { kind: 'agent_runs', pids };
  const begun = continues(marker, present) ? marker : undefined;
  const told: Told = begun?.told ? { told: true } : await tell(options, present);
  const serial = present.serial ?? begun?.serial ?? undefined;
  const managerUrl = present.managerUrl ?? begun?.manager_url ?? undefined;
  // What was begun by force is ended: half an identity is of no use to anybody.
  if (!told.told && !force && !begun) return { kind: 'not_told', reason: told.reason, managerUrl };
  const untold = told.told ? undefined : told.reason;
  audit.record('leaving', { serial, manager: managerUrl, told: told.told, reason: untold });
  await files.makeFolder(dataFolder, 0o700);
  await writeMarker(files, path, {
    v: 1,
    serial: serial ?? null,
    manager_url: managerUrl ?? null,
    told: told.told,
  });
  await wipeIdentity({ files, certificates: place.paths, enrollment, learnedAddresses, forgetJobKey });
  audit.record('identity_wiped', { serial, manager: managerUrl });
  await audit.flush();
  await files.remove(path);
  return { kind: 'left', managerUrl, serial, untold };
}
