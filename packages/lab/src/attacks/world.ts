import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLabHost, type LabHost } from '../agent-process.ts';
import type { ToyRepository } from '../apt/repository.ts';
import { type ManagerPlace, type ManagerProcess, startManagerProcess } from '../manager-process.ts';
import { askUntil } from '../wait.ts';
import { waitingHost } from '../waiting-host.ts';

/** Where a case works, with what it starts ended behind it. */
export interface AttackWorld extends AsyncDisposable {
  /** An empty folder of the case's own. */
  readonly folder: string;
  /** Ends when the case's time is over. */
  readonly signal: AbortSignal;
  /** A loopback address that no other case uses, 127.0.3.x: for a host, or to come from. */
  readonly address: string;
  /** Starts a real manager with a CA and a database of its own, as it is installed unless `place` says otherwise. */
  manager(place?: ManagerPlace): Promise<ManagerProcess>;
  /** Makes a host that asks to join; `enrollment` adds lines to its section of that name. Nothing runs on it yet. */
  host(manager: ManagerProcess, enrollment?: readonly string[]): Promise<LabHost>;
  /** Makes a host, starts its agent, approves it with its code and waits until it serves. */
  servingHost(manager: ManagerProcess, enrollment?: readonly string[]): Promise<LabHost>;
  /** Keeps something that ends when the case ends. */
  use<T extends AsyncDisposable>(resource: T): T;
  /** The CA of a manager. PEM. */
  caOf(manager: ManagerProcess): Promise<string>;
}

interface Place {
  readonly folder: string;
  readonly repository: ToyRepository;
  readonly number: number;
  readonly signal: AbortSignal;
}

/** Opens a place for one case. */
export async function openAttackWorld(place: Place): Promise<AttackWorld> {
  const { folder, repository, number, signal } = place;
  await mkdir(folder, { recursive: true });
  const stack = new AsyncDisposableStack();
  const address = `127.0.3.${number}`;
  let made = 0;
  const manager: AttackWorld['manager'] = async (options = {}) => {
    made += 1;
    return stack.use(
      await startManagerProcess(join(folder, `manager${made}`), { localHosts: [address], ...options }),
    );
  };
  const host: AttackWorld['host'] = ({ url }, enrollment = []) => {
    made += 1;
    return createLabHost({
      root: join(folder, `host${made}`),
      name: `attack${number}-${made}.lab.test`,
      address,
      repository,
      enrollment: [`manager_url: ${url}`, `report_ip: ${address}`, ...enrollment],
    });
  };
  return {
    folder,
    signal,
    address,
    manager,
    host,
    use: (resource) => stack.use(resource),
    async servingHost(running, enrollment) {
      const made = await host(running, enrollment);
      const agent = stack.use(made.start());
      await approve(running, made);
      await agent.listening;
      return made;
    },
    caOf: ({ root }) => readFile(join(root, 'var/lib/linux_patch_manager/ca/root.pem'), 'utf8'),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function approve(manager: ManagerProcess, host: LabHost): Promise<void> {
  const { request_id, host_code } = await waitingHost(host);
  await askUntil(`the approval of ${host.name}`, () =>
    manager.json('enrollments', 'approve', request_id, '--code', host_code),
  );
}
