import {
  type OutdatedProcess,
  PatchError,
  type RunningService,
  type ServiceList,
} from '@linux-patch/contract';
import { type Clock, type Files, printableLine } from '@linux-patch/runtime';
import { type Looked, openProcessLook } from './process.ts';

/** A host with thousands of processes takes some seconds. */
const LIMIT_MS = 20_000;
/** As many as the contract lets an answer name. */
const MOST_SERVICES = 2_000;
const MOST_OF_ONE = 100;
const MOST_OTHERS = 500;
const MOST_PROCESSES = 1_000;
const MOST_FILES = 10;
const MOST_REASONS = 19;
const MOST_CHARACTERS = 512;

export interface ServicesHost {
  readonly files: Files;
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  /** Only what lies below it counts; links in it are followed. */
  readonly root: string;
}

/**
 * Looks at every process of this host: what it belongs to, and whether it runs code that is not what lies on the disk now.
 * What cannot be looked at is in `unknown`, also what was not looked at within 20 s.
 * @param signal aborts when nobody waits for it any more
 * @throws PatchError `SERVICE_UNHEALTHY` when the processes of the host cannot be seen
 */
export async function listServices(host: ServicesHost, signal: AbortSignal): Promise<ServiceList> {
  const { files, clock } = host;
  const pids = await pidsOf(files);
  const processes = await openProcessLook(files, host.root);
  const list = createList();
  const endMs = clock.monotonicMs() + LIMIT_MS;
  for (const [index, pid] of pids.entries()) {
    signal.throwIfAborted();
    if (clock.monotonicMs() > endMs) {
      list.addUnknown(`there was no time left after ${LIMIT_MS / 1_000} s`, pids.length - index);
      break;
    }
    list.add(Number(pid), await processes.look(pid));
  }
  return list.ended(new Date(clock.now()).toISOString());
}

async function pidsOf(files: Files): Promise<string[]> {
  const pids = (await files.list('/proc')).filter((name) => /^\d+$/.test(name));
  // Every namespace of processes has a first one; without it more is hidden (proc(5), hidepid).
  if (!pids.includes('1'))
    throw new PatchError(
      'SERVICE_UNHEALTHY',
      'What runs on this host cannot be seen: /proc hides the processes of others (hidepid=, ProtectProc=), so nobody knows what runs old code.',
    );
  return pids.sort((a, b) => Number(a) - Number(b));
}

type Known = RunningService & { readonly outdated: OutdatedProcess[] };

/** Puts together what was found, within the bounds of the contract. */
function createList() {
  const services = new Map<string, Known>();
  const others: ServiceList['others'] = [];
  const unknown = new Map<string, number>();
  let [elsewhere, leftOut, named] = [0, 0, 0];
  const addUnknown = (reason: string, processes = 1): void => {
    const key = unknown.has(reason) || unknown.size < MOST_REASONS ? reason : 'for other reasons';
    unknown.set(key, (unknown.get(key) ?? 0) + processes);
  };
  const serviceOf = ({ owner }: Extract<Looked, { owner: unknown }>): Known | undefined => {
    if (owner.kind !== 'service') return undefined;
    const { name, manager } = owner;
    const known = services.get(name) ?? { name, manager, processes: 0, old_code: 'no', outdated: [] };
    if (!services.has(name) && services.size >= MOST_SERVICES) return undefined;
    services.set(name, { ...known, processes: known.processes + 1 });
    return services.get(name);
  };
  const note = (found: Extract<Looked, { kind: 'looked_at' }>, process: OutdatedProcess): void => {
    const service = serviceOf(found);
    if (service) services.set(service.name, { ...service, old_code: 'yes' });
    const room = service ? service.outdated.length < MOST_OF_ONE : others.length < MOST_OTHERS;
    if (!room || named >= MOST_PROCESSES) {
      leftOut += 1;
      return;
    }
    named += 1;
    if (service) service.outdated.push(process);
    else others.push({ ...process, belongs_to: found.owner.name });
  };
  return {
    addUnknown,
    add(pid: number, found: Looked): void {
      switch (found.kind) {
        case 'nothing':
          return;
        case 'elsewhere':
          elsewhere += 1;
          return;
        case 'unknown': {
          addUnknown(found.reason);
          const service = serviceOf(found);
          if (service?.old_code === 'no') services.set(service.name, { ...service, old_code: 'unknown' });
          return;
        }
        case 'looked_at':
          if (found.old.length > 0) note(found, processOf(pid, found));
          else serviceOf(found);
      }
    },
    ended: (looked_at: string): ServiceList => ({
      services: [...services.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
      others,
      elsewhere,
      unknown: [...unknown].map(([reason, processes]) => ({ reason, processes })),
      left_out: leftOut,
      complete: unknown.size === 0 && leftOut === 0,
      looked_at,
    }),
  };
}

function processOf(pid: number, { program, old }: Extract<Looked, { kind: 'looked_at' }>): OutdatedProcess {
  const files = old.slice(0, MOST_FILES).map((path) => printableLine(path).slice(0, MOST_CHARACTERS));
  return { pid, program, files, more_files: old.length - files.length };
}
