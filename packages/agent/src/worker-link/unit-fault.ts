import type { Commands } from '@linux-patch/runtime';
import { readUnit } from '@linux-patch/runtime/findings';

/** What takes the agent's connections, and what is started for each of them; `packaging/agent` has the same. */
export interface WorkerUnits {
  readonly socket: string;
  readonly service: string;
  /** Where the socket listens. */
  readonly path: string;
}

/** What reads and changes packages. */
export const WORKER_UNITS: WorkerUnits = {
  socket: 'linux-patch-worker.socket',
  service: 'linux-patch-worker@.service',
  path: '/run/linux-patch/worker.sock',
};

/** What refreshes the package lists, for which it needs the network. */
export const REFRESH_UNITS: WorkerUnits = {
  socket: 'linux-patch-refresh.socket',
  service: 'linux-patch-refresh@.service',
  path: '/run/linux-patch/refresh.sock',
};

/** What keeps systemd from starting workers. */
export interface UnitFault {
  /** Goes on after "because". */
  readonly what: string;
  /** A command for root; what it leaves to do is behind a `#`. */
  readonly mend: string;
}

/** Undefined when nothing is wrong with the units, or systemd cannot be asked. */
export async function findUnitFault(
  units: WorkerUnits,
  asked: { readonly commands: Commands; readonly signal: AbortSignal },
): Promise<UnitFault | undefined> {
  const [service, socket] = await Promise.all([
    // Nobody starts it: it shows how systemd has read what every instance is made of.
    readUnit(asked, units.service.replace('@', '@check')),
    readUnit(asked, units.socket),
  ]);
  // A connection for which no service can be started makes the socket fail: that is the cause, and named first.
  return (
    loadFault(units.service, service, units) ??
    loadFault(units.socket, socket, units) ??
    stateFault(units.socket, socket)
  );
}

function loadFault(
  unit: string,
  shown: ReadonlyMap<string, string> | undefined,
  { socket }: WorkerUnits,
): UnitFault | undefined {
  const state = shown?.get('LoadState');
  if (state === undefined || state === 'loaded') return undefined;
  if (state === 'masked') {
    const mend = `systemctl unmask ${unit} && systemctl restart ${socket}`;
    return { what: `${unit} is masked`, mend };
  }
  return {
    what: `systemd cannot use ${unit} (${state})`,
    mend: `systemd-analyze verify ${unit}  # mend what it names, then: systemctl daemon-reload && systemctl restart ${socket}`,
  };
}

function stateFault(unit: string, socket: ReadonlyMap<string, string> | undefined): UnitFault | undefined {
  const state = socket?.get('ActiveState');
  if (state === 'failed')
    return { what: `${unit} has failed (${socket?.get('Result')})`, mend: `systemctl restart ${unit}` };
  if (state === 'inactive') return { what: `${unit} is stopped`, mend: `systemctl start ${unit}` };
  return undefined;
}
