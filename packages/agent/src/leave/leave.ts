import { parseCertificates } from '@linux-patch/pki';
import type { AgentContext } from '../app/agent-context.ts';
import { type ConfiguredToken, openConfiguredToken } from '../enrollment/older/configured-token.ts';
import { pendingPlaces } from '../enrollment/state/pending.ts';
import { readIdentityMeta } from '../identity/store/identity-meta.ts';
import { type Material, readMaterial } from '../identity/store/material.ts';
import { currentLink, fixedPaths, storeFolder } from '../identity/store/paths.ts';
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

interface Present {
  readonly material: Material | undefined;
  readonly serial: string | undefined;
  readonly managerUrl: string | undefined;
  /** Whether anything of an identity or a request is on this host. */
  readonly anything: boolean;
}

function placesOf(context: AgentContext) {
  return pendingPlaces(context.paths.dataFolder, storeFolder(context.certificates));
}

function serialOf(material: Material | undefined): string | undefined {
  try {
    return parseCertificates(material?.certificatePem ?? '')[0]?.serialHex;
  } catch {
    return undefined;
  }
}

function configuredToken({ files, paths, config }: AgentContext): ConfiguredToken {
  const token = config.enrollment.polling_token;
  return openConfiguredToken({ files, dataFolder: paths.dataFolder, token });
}

async function isThere(context: AgentContext): Promise<boolean> {
  const { files, certificates } = context;
  const { stateFile, keyFile } = placesOf(context);
  const fixed = fixedPaths(certificates).map(({ path }) => path);
  const paths = [
    stateFile,
    keyFile,
    currentLink(certificates),
    ...fixed,
    `${storeFolder(certificates)}/generations`,
  ];
  const found = await Promise.all(paths.map((path) => files.facts(path)));
  return (
    found.some((facts) => facts !== undefined) || (await configuredToken(context).unused()) !== undefined
  );
}

async function look(context: AgentContext): Promise<Present> {
  const { files, certificates, config } = context;
  const material = await readMaterial(files, certificates).catch(() => undefined);
  const meta = await readIdentityMeta(files, certificates).catch(() => undefined);
  return {
    material,
    serial: serialOf(material),
    managerUrl: meta?.manager_url ?? config.enrollment.manager_url,
    anything: await isThere(context),
  };
}

/** Tells the manager, unless there is nothing to tell it. */
async function tell(context: AgentContext, present: Present): Promise<Told> {
  const { material, serial, managerUrl } = present;
  if (managerUrl === undefined) return { told: false, reason: 'no manager is known that could be told' };
  if (material === undefined || serial === undefined) {
    // A request that waits is no identity; the manager forgets it by itself.
    const { stateFile } = placesOf(context);
    if (await context.files.facts(stateFile)) return { told: true };
    return { told: false, reason: 'the certificate or its key cannot be read, so nothing can be proven' };
  }
  const { clock, random, proxyFor, signal } = context;
  return tellManager({ way: { managerUrl: new URL(managerUrl), proxyFor, signal }, material, clock, random });
}

/** Whether a leave that was begun is about the identity that is there, or about none that is left. */
function continues(marker: LeaveMarker | undefined, present: Present): marker is LeaveMarker {
  return marker !== undefined && (present.serial === undefined || marker.serial === present.serial);
}

/**
 * Leaves the manager: ends the agent, says goodbye, wipes the identity. Done twice, the second time finds nothing; cut off
 * in the middle, the next time goes on. Without `force` nothing is wiped unless the manager knows.
 */
export async function leave(context: AgentContext, force: boolean): Promise<LeaveOutcome> {
  const { files, audit, paths, certificates } = context;
  const path = markerPath(paths.dataFolder);
  const marker = await readMarker(files, path);
  const present = await look(context);
  if (!present.anything && !marker) return { kind: 'nothing' };
  const pids = await stopAgents(context);
  if (pids.length > 0) return { kind: 'agent_runs', pids };
  const begun = continues(marker, present) ? marker : undefined;
  const told: Told = begun?.told ? { told: true } : await tell(context, present);
  const serial = present.serial ?? begun?.serial ?? undefined;
  const managerUrl = present.managerUrl ?? begun?.manager_url ?? undefined;
  // What was begun by force is ended: half an identity is of no use to anybody.
  if (!told.told && !force && !begun) return { kind: 'not_told', reason: told.reason, managerUrl };
  const untold = told.told ? undefined : told.reason;
  audit.record('leaving', { serial, manager: managerUrl, told: told.told, reason: untold });
  await files.makeFolder(paths.dataFolder, 0o700);
  await writeMarker(files, path, {
    v: 1,
    serial: serial ?? null,
    manager_url: managerUrl ?? null,
    told: told.told,
  });
  await wipeIdentity({
    files,
    certificates,
    pending: placesOf(context),
    learnedAddresses: paths.learnedAddresses,
    jobKeyFile: paths.jobKeyFile,
    configuredToken: configuredToken(context),
  });
  audit.record('identity_wiped', { serial, manager: managerUrl });
  await audit.flush();
  await files.remove(path);
  return { kind: 'left', managerUrl, serial, untold };
}
