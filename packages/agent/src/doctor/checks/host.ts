import type { IdentityStatus } from '@linux-patch/pki';
import type { Clock } from '@linux-patch/runtime';
import type { AuditTrail } from '../../audit/trail.ts';
import type { AgentPaths } from '../../config/paths.ts';
import type { AgentConfig } from '../../config/schema.ts';
import type { PendingEnrollment, PendingPlaces } from '../../enrollment/state/pending.ts';
import type { Host } from '../../host/host.ts';
import type { IdentityInspection } from '../../identity/inspect.ts';
import type { IdentityMeta } from '../../identity/store/identity-meta.ts';
import type { IdentityPlace } from '../../identity/store/read.ts';
import type { ProxyChoice } from '../../manager-link/proxy.ts';
import type { AgentProcessFacts } from './processes.ts';

/** Where the doctor looks and what it looks with. */
export interface DoctorPlace extends Host {
  readonly clock: Clock;
  readonly paths: AgentPaths;
  readonly configFile: string;
  /** The user that the doctor runs as. */
  readonly uid: number;
  readonly signal: AbortSignal;
}

/** A host whose configuration can be read, with what several checks need. */
export interface DoctorHost extends DoctorPlace {
  readonly config: AgentConfig;
  readonly place: IdentityPlace;
  readonly proxyFor: ProxyChoice;
  readonly places: PendingPlaces;
  readonly identity: IdentityStatus;
  /** What every check of the validator says about it, and the set itself where it is complete. */
  readonly inspection: IdentityInspection;
  readonly meta: IdentityMeta;
  readonly pending: PendingEnrollment | undefined;
  readonly trail: AuditTrail;
  /** Agents that run as a service with the folders of this host. */
  readonly agents: readonly AgentProcessFacts[];
  /** Whether systemd is this host's service manager. */
  readonly underSystemd: boolean;
}

/** The manager that this host asks, by configuration or by how it enrolled. */
export function managerUrlOf(host: Pick<DoctorHost, 'config' | 'meta'>): URL | undefined {
  const text = host.config.enrollment.manager_url ?? host.meta.manager_url ?? undefined;
  return text === undefined ? undefined : (URL.parse(text) ?? undefined);
}
