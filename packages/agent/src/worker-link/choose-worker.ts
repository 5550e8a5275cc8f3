import type { Commands, Files } from '@linux-patch/runtime';
import { childWorker } from './child-worker.ts';
import { hostArguments } from './program.ts';
import { socketWorker } from './socket-worker.ts';
import type { WorkerTransport } from './transport.ts';
import { findUnitFault, REFRESH_UNITS, WORKER_UNITS, type WorkerUnits } from './unit-fault.ts';

const SOCKET_UNIT = `/usr/lib/systemd/system/${WORKER_UNITS.socket}`;

/** What of a host says how its worker is reached, and what that is told. */
export interface WorkerHost {
  readonly root: string;
  readonly files: Pick<Files, 'facts'>;
  readonly commands: Commands;
  readonly configFile: string;
  /** `package_manager.backend` of the configuration. */
  readonly backend: string;
}

/**
 * Whether systemd starts the workers of this host: where the unit of the package is, whatever its state, and by whatever
 * configuration the agent goes. What has a root of its own has a worker of its own, too.
 */
export async function isBehindSocket({ root, files }: Pick<WorkerHost, 'root' | 'files'>): Promise<boolean> {
  if (root !== '/') return false;
  return (
    (await files.facts('/run/systemd/system')) !== undefined && (await files.facts(SOCKET_UNIT)) !== undefined
  );
}

/** The way to the worker of a host: its sockets where systemd runs and has the units, else a child of this process. */
export function workerOf(host: WorkerHost): WorkerTransport {
  const { commands } = host;
  const child = ownWorker(host);
  const behind = (units: WorkerUnits) =>
    socketWorker({ units, findFault: (signal) => findUnitFault(units, { commands, signal }) });
  const [reads, refreshes] = [behind(WORKER_UNITS), behind(REFRESH_UNITS)];
  return {
    async exchange(request, limits) {
      if (!(await isBehindSocket(host))) return child.exchange(request, limits);
      return (limits.needsNetwork ? refreshes : reads).exchange(request, limits);
    },
  };
}

/** A worker that this process starts itself: it does what the user of this process may say, where the socket is the agent's. */
export function ownWorker(host: Omit<WorkerHost, 'files'>): WorkerTransport {
  return childWorker({ commands: host.commands, hostArguments: hostArguments(host) });
}
