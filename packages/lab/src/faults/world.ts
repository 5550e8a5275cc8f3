import { cp, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type AgentProcess, createLabHost, type LabHost, type StartOptions } from '../agent-process.ts';
import type { ToyRepository } from '../apt/repository.ts';
import { openManagerApi } from '../bench/manager-api.ts';
import { type ManagerPlace, type ManagerProcess, startManagerProcess } from '../manager-process.ts';
import { askHealth, firstAnswer, type HealthAnswer, managerIdentity } from '../mtls-health.ts';
import { askUntil } from '../wait.ts';
import { findRequest } from '../waiting-host.ts';
import { type Front, openFront } from './front.ts';
import type { Sight } from './sight.ts';

/** How long an agent may take to serve after its fault is gone; the longest wait it chooses is five minutes. */
const PATIENCE_MS = 330_000;
/** Many agents of one run share an address, which a fleet does not. */
const MANAGER_CONFIG = ['enrollment:', '  requests_per_minute: 100000'];

/** What a run shares. */
export interface FaultShelf {
  readonly folder: string;
  readonly repository: ToyRepository;
  /** The manager of all cases that do not break theirs. */
  readonly manager: ManagerProcess;
}

/** A host, a manager and somebody in between, for one case. */
export interface FaultWorld extends AsyncDisposable {
  readonly folder: string;
  /** The manager that the host under test asks; a case that breaks it opens its own first. */
  readonly manager: ManagerProcess;
  ownManager(options?: ManagerPlace): Promise<ManagerProcess>;
  /** Puts somebody in front of the manager; hosts made afterwards ask there. */
  openFront(): Promise<Front>;
  /** Makes the host under test; the lines follow `manager_url` in its section `enrollment`. */
  newHost(enrollment?: readonly string[], managerUrl?: string): Promise<LabHost>;
  readonly host: LabHost;
  /** Starts the agent of the host under test. */
  start(options?: StartOptions): AgentProcess;
  readonly agent: AgentProcess;
  /** Waits until the administrator is shown what the case promises. */
  show(): Promise<void>;
  /** Types the host's code at the manager. */
  approve(): Promise<void>;
  /** Makes a host that serves. */
  serving(enrollment?: readonly string[]): Promise<void>;
  /**
   * Takes the fault away and measures until the agent serves.
   * @param action calls `gone` when the fault is gone; by default that is when it ends
   */
  mend(
    action: (gone: () => void) => Promise<unknown>,
    wanted?: (answer: HealthAnswer) => boolean,
  ): Promise<void>;
  /** Asks the agent once, as its manager. */
  ask(): Promise<HealthAnswer | undefined>;
  /** Milliseconds from the last mending to the first answer. */
  readonly servedAfterMs: number | undefined;
}

class World implements FaultWorld {
  readonly folder: string;
  readonly #shelf: FaultShelf;
  readonly #sees: readonly Sight[];
  readonly #number: number;
  readonly #stack = new AsyncDisposableStack();
  #manager: ManagerProcess;
  #front: Front | undefined;
  #host: LabHost | undefined;
  #agent: AgentProcess | undefined;
  #managers = 0;
  servedAfterMs: number | undefined;

  constructor(shelf: FaultShelf, number: number, sees: readonly Sight[]) {
    this.#shelf = shelf;
    this.#sees = sees;
    this.#number = number;
    this.#manager = shelf.manager;
    this.folder = join(shelf.folder, `case${number}`);
  }

  get manager(): ManagerProcess {
    return this.#manager;
  }

  get host(): LabHost {
    if (!this.#host) throw new Error('the case has made no host');
    return this.#host;
  }

  get agent(): AgentProcess {
    if (!this.#agent) throw new Error('the case has started no agent');
    return this.#agent;
  }

  async ownManager(options: ManagerPlace = {}): Promise<ManagerProcess> {
    this.#manager = await this.#newManager(options);
    return this.#manager;
  }

  async #newManager(options: ManagerPlace): Promise<ManagerProcess> {
    this.#managers += 1;
    const folder = join(this.folder, `manager${this.#managers}`);
    return this.#stack.use(await startManagerProcess(folder, { configuration: MANAGER_CONFIG, ...options }));
  }

  async openFront(): Promise<Front> {
    const folder = join(this.folder, 'front');
    await mkdir(folder, { recursive: true });
    this.#front = this.#stack.use(await openFront({ folder, managerUrl: this.#manager.url }));
    return this.#front;
  }

  async newHost(
    enrollment: readonly string[] = [],
    managerUrl = this.#front?.url ?? this.#manager.url,
  ): Promise<LabHost> {
    const name = `fault${this.#number}.lab.test`;
    const address = `127.0.2.${this.#number}`;
    this.#host = await createLabHost({
      root: join(this.folder, 'host'),
      name,
      address,
      repository: this.#shelf.repository,
      enrollment: [
        `manager_url: ${managerUrl}`,
        // A loopback address is only good for a manager that is known to be on this machine.
        ...(new URL(managerUrl).hostname === '127.0.0.1' ? [`report_ip: ${address}`] : []),
        ...enrollment,
      ],
    });
    return this.#host;
  }

  start(options: StartOptions = {}): AgentProcess {
    this.#agent = this.#stack.use(this.host.start(options));
    return this.#agent;
  }

  async show(): Promise<void> {
    for (const sight of this.#sees) await this.#showOne(sight);
  }

  async #showOne(sight: Sight): Promise<void> {
    let found = '';
    try {
      await askUntil(`"${sight.text}" in the ${sight.where}`, async () => {
        found = await this.#look(sight);
        return found.includes(sight.text) || undefined;
      });
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}; found instead: ${found}`, {
        cause: error,
      });
    }
  }

  async #look({ where }: Sight): Promise<string> {
    switch (where) {
      case 'status':
        return (await this.host.run('status')).stdout;
      case 'log':
        return readFile(this.agent.logFile, 'utf8').catch(() => '');
      case 'exit code':
        return String(await this.agent.exited);
    }
  }

  async approve(): Promise<void> {
    using api = await openManagerApi(this.#manager);
    let refusal: unknown;
    const approveOnce = async (): Promise<string | undefined> => {
      const request = await findRequest(this.host);
      if (!request) return undefined;
      const path = `/api/v1/enrollments/${request.request_id}/approve`;
      // A host that asks afresh still holds its old request for a moment.
      return api.call('POST', path, { code: request.host_code }).catch((error: unknown) => {
        refusal = error;
        return undefined;
      });
    };
    const approved = askUntil(`the approval of ${this.host.name}`, approveOnce, PATIENCE_MS);
    await approved.catch((cause: unknown) => {
      throw new Error(`the approval failed: ${String(refusal ?? cause)}`, { cause });
    });
  }

  async serving(enrollment: readonly string[] = []): Promise<void> {
    if (!this.#host) await this.newHost(enrollment);
    const agent = this.start();
    await this.approve();
    await agent.listening;
  }

  async mend(
    action: (gone: () => void) => Promise<unknown>,
    wanted?: (answer: HealthAnswer) => boolean,
  ): Promise<void> {
    let goneMs: number | undefined;
    await action(() => (goneMs = performance.now()));
    goneMs ??= performance.now();
    const answeredMs = await firstAnswer({
      what: this.host.name,
      agent: this.host,
      identity: await managerIdentity(this.#manager.root),
      patienceMs: PATIENCE_MS,
      ...(wanted ? { wanted } : {}),
    });
    this.servedAfterMs = Math.max(0, answeredMs - goneMs);
  }

  async ask(): Promise<HealthAnswer | undefined> {
    return askHealth(this.host, await managerIdentity(this.#manager.root));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

export function openFaultWorld(shelf: FaultShelf, number: number, sees: readonly Sight[]): FaultWorld {
  return new World(shelf, number, sees);
}

/** Starts what all cases share. */
export function startSharedManager(folder: string): Promise<ManagerProcess> {
  return startManagerProcess(join(folder, 'manager'), { configuration: MANAGER_CONFIG });
}

/** Copies a manager's data, as a backup would while it is stopped. */
export async function backUp(manager: ManagerProcess, target: string): Promise<void> {
  await cp(join(manager.root, 'var/lib/linux_patch_manager'), target, { recursive: true });
}

/** Puts a backup back in the place of a manager's data. */
export async function restore(manager: ManagerProcess, source: string): Promise<void> {
  const data = join(manager.root, 'var/lib/linux_patch_manager');
  await rm(data, { recursive: true });
  await rename(source, data);
}
