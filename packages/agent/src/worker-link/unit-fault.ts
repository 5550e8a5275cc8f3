import type { Commands } from '@linux-patch/runtime';
import { readUnit } from '@linux-patch/runtime/findings';

/** What takes the agent's connections, and what is started for each of them. */
export const WORKER_UNITS = { socket: 'linux-patch-worker.socket', service: 'linux-patch-worker@.service' };

/** Nobody starts it: it shows how systemd has read what every instance is made of. */
const SAMPLE = 'linux-patch-worker@check.service';

/** What keeps systemd from starting workers. */
export interface UnitFault {
  /** Goes on after "because". */
  readonly what: string;
  /** A command for root; what it leaves to do is behind a `#`. */
  readonly mend: string;
}

/** Undefined when nothing is wrong with the units, or systemd cannot be asked. */
export async function findUnitFault(asked: {
  readonly commands: Commands;
  readonly signal: AbortSignal;
}): Promise<UnitFault | undefined> {
  const [service, socket] = await Promise.all([
    readUnit(asked, SAMPLE),
    readUnit(asked, WORKER_UNITS.socket),
  ]);
  // A connection for which no service can be started makes the socket fail: that is the cause, and named first.
  return (
    loadFault(service?.get('LoadState'), WORKER_UNITS.service) ??
    loadFault(socket?.get('LoadState'), WORKER_UNITS.socket) ??
    stateFault(socket)
  );
}

/** @param state `LoadState` of systemd */
function loadFault(state: string | undefined, unit: string): UnitFault | undefined {
  if (state === undefined || state === 'loaded') return undefined;
  if (state === 'masked') {
    const mend = `systemctl unmask ${unit} && systemctl restart ${WORKER_UNITS.socket}`;
    return { what: `${unit} is masked`, mend };
  }
  return {
    what: `systemd cannot use ${unit} (${state})`,
    mend: `systemd-analyze verify ${unit}  # mend what it names, then: systemctl daemon-reload && systemctl restart ${WORKER_UNITS.socket}`,
  };
}

function stateFault(socket: ReadonlyMap<string, string> | undefined): UnitFault | undefined {
  const state = socket?.get('ActiveState');
  const unit = WORKER_UNITS.socket;
  if (state === 'failed')
    return { what: `${unit} has failed (${socket?.get('Result')})`, mend: `systemctl restart ${unit}` };
  if (state === 'inactive') return { what: `${unit} is stopped`, mend: `systemctl start ${unit}` };
  return undefined;
}
