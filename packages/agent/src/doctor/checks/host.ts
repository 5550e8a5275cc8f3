import type { Clock } from '@linux-patch/runtime';
import type { AuditTrail } from '../../audit/trail.ts';
import type { AgentPaths } from '../../config/paths.ts';
import type { AgentConfig } from '../../config/schema.ts';
import type { PendingEnrollment, PendingPlaces } from '../../enrollment/state/pending.ts';
import type { Host } from '../../host/host.ts';
import type { ProxyChoice } from '../../host/proxy.ts';
import type { IdentityInspection } from '../../identity/inspect.ts';
import type { IdentityPlace } from '../../identity/store/read.ts';
import type { AgentProcessFacts } from './processes.ts';

/** Where the doctor looks and what it looks with. */
export interface DoctorPlace extends Host {
  readonly clock: Clock;
  /** `configFile` is the one in use, wherever it lies. */
  readonly paths: AgentPaths;
  /** The user that the doctor runs as. */
  readonly uid: number;
  readonly signal: AbortSignal;
}

/** What several checks need to know of a host whose configuration can be read. */
export interface DoctorHost {
  readonly config: AgentConfig;
  readonly place: IdentityPlace;
  /** What every check of the validator says about the identity, and the set itself where it is complete. */
  readonly inspection: IdentityInspection;
  readonly enrollment: SavedEnrollment;
  readonly trail: AuditTrail;
  /** Agents that run as a service with the folders of this host. */
  readonly agents: readonly AgentProcessFacts[];
  /** Whether systemd is this host's service manager. */
  readonly underSystemd: boolean;
  readonly proxyFor: ProxyChoice;
}

/** The enrolment that goes on at the next start. */
export interface SavedEnrollment {
  readonly places: PendingPlaces;
  readonly pending: PendingEnrollment | undefined;
}

/** What tells the manager of a host. */
type Asking = Pick<DoctorHost, 'config'> & {
  readonly inspection: Pick<IdentityInspection, 'meta'>;
};

/** The manager that this host asks, by configuration or by how it enrolled. */
export function managerUrlOf({ config, inspection }: Asking): URL | undefined {
  const text = config.enrollment.manager_url ?? inspection.meta.manager_url ?? undefined;
  return text === undefined ? undefined : (URL.parse(text) ?? undefined);
}
