import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { AuthorityStatus, type RotationRequest } from '@linux-patch/contract';
import { nodeCommands, processUsage, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { freePort, ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import { runAgent } from '../../agent/src/cli/run.ts';
import { hostNetwork } from '../../agent/src/host/network.ts';

import { initialiseAuthority } from '../../manager/src/authority/init.ts';
import { composeManager, type Manager } from '../../manager/src/compose.ts';
import { managerPaths } from '../../manager/src/config/paths.ts';
import { ManagerConfigSchema } from '../../manager/src/config/schema.ts';
import { webNamesOf } from '../../manager/src/config/web-names.ts';
import { type Answer, callSocket } from '../../manager/test/https-call.ts';
import { managerThreads } from '../../manager/test/manager-threads.ts';
import { OWN_PROGRAMS } from '../../worker/test/worker-process.ts';
import { buildToyRepository } from '../src/apt/repository.ts';
import { createLabHost, type LabHost } from '../src/index.ts';
import { askUntil } from '../src/wait.ts';

/** Room for the manual clock to run before it overtakes the real one, by which TLS judges certificates. */
const HEAD_START_MS = 20 * 3_600_000;

/** A real agent in this process. */
export interface FleetHost {
  readonly lab: LabHost;
  readonly name: string;
  /** Starts it and waits until it serves; with `expectServing` false it only starts. */
  start(expectServing?: boolean): Promise<void>;
  stop(): Promise<void>;
  readonly up: boolean;
  caPem(): Promise<string>;
  crlPem(): Promise<string>;
  /** The last lines of its log. */
  said(): string;
  /** Events of its audit log by name. */
  audited(event: string): Promise<Record<string, unknown>[]>;
}

/** A real manager and real agents in one process, on loopback, with one clock that the test moves. */
export interface Fleet extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly caFolder: string;
  readonly managerUrl: string;
  readonly logger: ReturnType<typeof memoryLogger>;
  readonly hosts: readonly FleetHost[];
  addHost(enrollment?: readonly string[]): Promise<FleetHost>;
  admin(path: string, body?: object): Promise<Answer>;
  status(): Promise<AuthorityStatus>;
  step(step: RotationRequest['step'], more?: Partial<RotationRequest>): Promise<Answer>;
  /** Lets time pass until every host has followed, save those named. */
  followed(except?: readonly string[]): Promise<AuthorityStatus>;
  /** Approves what waits for approval, until the host serves. */
  approve(host: FleetHost, body?: object): Promise<void>;
  stopManager(): Promise<void>;
  /** With what its configuration says of certificates now. */
  startManager(certificates?: { readonly agent_days?: number }): Promise<void>;
  /** Asks every host that is up through the manager, without a pause, until disposed; then says what failed. */
  probe(): { stop(): Promise<{ readonly asked: number; readonly failures: readonly string[] }> };
}

/** An agent that runs in this process when it is told to. */
function fleetHost(lab: LabHost, clock: ManualClock): FleetHost {
  let log = memoryLogger();
  let stopping: AbortController | undefined;
  let running: Promise<number> | undefined;
  const host: FleetHost = {
    lab,
    name: lab.name,
    get up() {
      return running !== undefined;
    },
    async start(expectServing = true) {
      stopping = new AbortController();
      log = memoryLogger();
      running = runAgent(['--root', lab.root], {
        clock,
        random: systemRandom,
        files: systemFiles,
        network: hostNetwork,
        createLogger: () => log,
        program: {
          stdout: () => {},
          stderr: (text) => log.error(text),
          environment: {},
          commands: nodeCommands({}, OWN_PROGRAMS),
          usage: processUsage,
          supervised: false,
          onReload: () => ({ [Symbol.dispose]: () => {} }),
          stopped: stopping.signal,
        },
      });
      if (!expectServing) return;
      await askUntil(`${lab.name} to serve`, async () => {
        if (log.records.some((one) => one.message.startsWith('Listening on'))) return true;
        await clock.advance(100);
        return undefined;
      }).catch((error: unknown) => {
        throw new Error(host.said(), { cause: error });
      });
    },
    async stop() {
      stopping?.abort();
      await running;
      running = undefined;
    },
    said() {
      const said = log.records.slice(-10).map((one) => `${one.message} ${JSON.stringify(one.fields)}`);
      return `${lab.name} said: ${said.join('\n')}`;
    },
    caPem: () => readFile(join(lab.root, 'etc/linux_patch_api/certs/ca.pem'), 'utf8'),
    crlPem: () => readFile(join(lab.root, 'etc/linux_patch_api/certs/crl.pem'), 'utf8'),
    async audited(event) {
      const text = await readFile(join(lab.root, 'var/log/linux_patch_api/audit.log'), 'utf8');
      return text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as { event: string; details: Record<string, unknown> })
        .filter((one) => one.event === event)
        .map((one) => one.details);
    },
  };
  return host;
}

/** Asks hosts one after the other until it is told to stop. */
function probeHosts(fleet: Pick<Fleet, 'hosts' | 'admin'> & { readonly isUp: () => boolean }) {
  let stopped = false;
  let asked = 0;
  const failures: string[] = [];
  const work = async (): Promise<void> => {
    while (!stopped) {
      for (const host of fleet.hosts) {
        if (!host.up || stopped || !fleet.isUp()) continue;
        const answer = await fleet.admin(`/hosts/${host.name}/jobs`);
        asked += 1;
        if (answer.status !== 200) failures.push(`${host.name}: ${answer.text}`);
      }
      await pause(10);
    }
  };
  const working = work();
  return {
    async stop() {
      stopped = true;
      await working;
      return { asked, failures };
    },
  };
}

/** A real manager in a folder, that can be stopped and started on the same files and port. */
async function createFleetManager(folder: string, clock: ManualClock) {
  const paths = managerPaths(join(folder, 'manager'));
  const port = await freePort();
  const managerUrl = `https://127.0.0.1:${port}`;
  const config = ManagerConfigSchema.parse({
    server: { bind: '127.0.0.1', port, url: managerUrl },
    enrollment: { requests_per_minute: 100_000 },
    certificates: { local_hosts: ['127.0.0.0/8'] },
    // These hosts are about their identities, and the clock is moved by hours.
    fleet: { inventory_minutes: 0 },
  });
  const logger = memoryLogger();
  const doors = { files: systemFiles, clock, random: systemRandom, processUsage, threads: managerThreads };
  await initialiseAuthority({ ...doors, paths, webNames: webNamesOf(config) });
  let running: Manager | undefined;
  const admin: Fleet['admin'] = async (path, body) =>
    callSocket(paths.adminSocket, {
      path: `/api/v1${path}`,
      method: body === undefined ? 'GET' : 'POST',
      body,
    });
  return {
    caFolder: paths.caFolder,
    managerUrl,
    logger,
    admin,
    isUp: () => running !== undefined,
    async startManager(certificates = {}) {
      const now = { ...config, certificates: { ...config.certificates, ...certificates } };
      running = await composeManager({ ...doors, paths, config: now, logger });
    },
    async stopManager() {
      const ending = running;
      running = undefined;
      await ending?.[Symbol.asyncDispose]();
    },
  };
}

export async function startFleet(): Promise<Fleet> {
  const folder = await temporaryFolder();
  const repository = await buildToyRepository({ folder: join(folder.path, 'repository') });
  const clock = new ManualClock(Date.now() - HEAD_START_MS);
  const manager = await createFleetManager(folder.path, clock);
  const { admin, managerUrl } = manager;
  const hosts: FleetHost[] = [];
  const status = async (): Promise<AuthorityStatus> =>
    AuthorityStatus.parse((await admin('/ca')).json().data);
  await manager.startManager();
  return {
    ...manager,
    clock,
    hosts,
    status,
    async addHost(enrollment = []) {
      const number = hosts.length + 41;
      const address = `127.0.0.${number}`;
      const lab = await createLabHost({
        root: join(folder.path, `host${number}`),
        name: `host${number}.lab.test`,
        address,
        repository,
        enrollment: [`manager_url: ${managerUrl}`, `report_ip: ${address}`, ...enrollment],
      });
      const text = await readFile(lab.configFile, 'utf8');
      await lab.configure(`${text}rate_limit:\n  enabled: false\n`);
      const host = fleetHost(lab, clock);
      hosts.push(host);
      return host;
    },
    step: (step, more = {}) => admin('/ca/rotation', { step, ...more }),
    followed: (except = []) =>
      askUntil('every host to follow', async () => {
        const now = await status();
        if (now.laggards.every(({ host }) => except.includes(host))) return now;
        await clock.advance(5_000);
        return undefined;
      }).catch(async (error: unknown) => {
        const { phase, laggards } = await status();
        const said = hosts.map((host) => host.said()).join('\n');
        throw new Error(`${phase}: ${JSON.stringify(laggards)}\n${said}`, { cause: error });
      }),
    async approve(host, body = {}) {
      await askUntil(`a request of ${host.name}`, async () => {
        const answer = await admin(`/enrollments/${host.name}/approve`, body);
        return answer.status === 200 ? true : undefined;
      });
    },
    probe: () => probeHosts({ hosts, admin, isUp: manager.isUp }),
    async [Symbol.asyncDispose]() {
      for (const host of hosts) if (host.up) await host.stop();
      await manager.stopManager();
      await folder[Symbol.asyncDispose]();
    },
  };
}
