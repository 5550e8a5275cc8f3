import { mkdir, utimes, writeFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { join } from 'node:path';
import { DAY_MS, DoctorReport } from '@linux-patch/contract';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import type { Commands, Files } from '@linux-patch/runtime';
import { nodeCommands, processUsage, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { freePort, ManualClock, memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import type { FaultsAnswer } from '@linux-patch/worker';
import { readHostBinding } from '@linux-patch/worker';
import { openAuditLog } from '../../src/audit/audit-log.ts';
import { runAgent } from '../../src/cli/run.ts';
import { type AgentPaths, agentPaths } from '../../src/config/paths.ts';
import {
  createPending,
  type PendingEnrollment,
  pendingPlaces,
  writePending,
} from '../../src/enrollment/state/pending.ts';
import { hostNetwork } from '../../src/host/network.ts';
import type { IdentityMeta } from '../../src/identity/store/identity-meta.ts';
import { installGeneration } from '../../src/identity/store/store.ts';
import { startWebServer, type Web } from '../web-server.ts';

/** The real time, because the TLS library judges certificates by it. */
export const NOW = Date.now();
const FQDN = 'host.example.test';

/** A manager as far as the doctor asks one: it publishes its CA. Tests change what it says. */
export interface DoctoredManager extends AsyncDisposable {
  readonly url: string;
  readonly server: Server;
  respond: (path: string, response: ServerResponse) => void;
}

export async function startDoctoredManager(
  authority: TestAuthority,
  certificate?: Web,
): Promise<DoctoredManager> {
  const own = certificate ?? (await authority.issueWeb());
  const web = await startWebServer(own, (request, response) => manager.respond(request.url ?? '', response));
  const manager: DoctoredManager = {
    ...web,
    respond: (path, response) => {
      const known = path === '/api/v1/pki/ca.pem';
      response.writeHead(known ? 200 : 404, { 'content-type': 'application/x-pem-file' });
      response.end(known ? authority.root.certificatePem : '');
    },
  };
  return manager;
}

const NOTHING_WRONG: FaultsAnswer = {
  packages: 'read',
  unconfigured: [],
  commands: { audit: 'dpkg --audit', retry: 'dpkg --configure -a', mend: 'apt-get -f install' },
};

/** Finds nothing wrong with the packages, and starts faster than the real one. */
const WELL_WORKER = [
  process.execPath,
  '-e',
  `process.stdin.once('data', () => console.log(process.argv[1]))`,
  JSON.stringify({ v: 1, ok: true, value: NOTHING_WRONG }),
];

/** A host that is well until a test makes it sick. */
export interface SickHost extends AsyncDisposable {
  readonly root: string;
  readonly paths: AgentPaths;
  readonly authority: TestAuthority;
  readonly manager: DoctoredManager;
  readonly port: number;
  readonly clock: ManualClock;
  /** Doors that a test puts in place of the real ones. */
  files: Files;
  commands: Commands;
  environment: Record<string, string>;
  /** Closed when the host goes. */
  readonly stack: AsyncDisposableStack;
  /** Never to be seen in any output. */
  readonly secrets: string[];
  /** Writes the configuration; the lines are those of `enrollment`, the rest comes after it. */
  configure(enrollment: readonly string[], ...rest: readonly string[]): Promise<void>;
  /** Installs an identity; without arguments one that is fine. */
  install(change?: Partial<Installed>): Promise<void>;
  /** A host that asks to join and has no certificates. */
  enrolling(change?: Partial<PendingEnrollment>): Promise<PendingEnrollment>;
  audit(event: Parameters<ReturnType<typeof openAuditLog>['record']>[0], details?: object): Promise<void>;
  /** Makes a file look as if it had been written an hour ago. */
  age(path: string): Promise<void>;
  doctor(...args: readonly string[]): Promise<Told>;
}

export interface Told {
  readonly exitCode: number;
  readonly text: string;
  readonly report: DoctorReport;
  readonly codes: readonly string[];
}

interface Installed {
  readonly caPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly crlPem: string | undefined;
  readonly meta: Partial<IdentityMeta>;
}

let shared: Promise<TestAuthority> | undefined;

/** One CA for all hosts of a file: making keys is what takes time. */
export function sharedAuthority(): Promise<TestAuthority> {
  shared ??= testAuthority({ now: NOW });
  return shared;
}

async function writeHost(root: string, paths: AgentPaths): Promise<void> {
  const apt = ['etc/apt', 'var/lib/apt/lists/partial', 'var/cache/apt/archives/partial'];
  for (const folder of ['etc/linux_patch_api', 'var/lib/dpkg/updates', 'var/lib/dpkg/info', ...apt])
    await mkdir(join(root, folder), { recursive: true });
  await mkdir(paths.dataFolder, { recursive: true, mode: 0o700 });
  await mkdir(join(paths.auditLog, '..'), { recursive: true, mode: 0o750 });
  await writeFile(join(root, 'etc/machine-id'), `${'c'.repeat(32)}\n`);
  await writeFile(join(root, 'etc/hostname'), `${FQDN}\n`);
  const aptConfig = `Dir "${root}/";\nDir::State::status "${root}/var/lib/dpkg/status";\nDir::Bin::methods "/usr/lib/apt/methods";\n`;
  await writeFile(join(root, 'etc/apt/linux-patch-root.conf'), aptConfig);
  await writeFile(join(root, 'var/lib/dpkg/status'), '');
  await writeFile(join(root, 'var/lib/dpkg/lock'), '');
  await writeFile(paths.allowListFile, 'entries:\n  - 127.0.0.1\n');
}

/** A host in a temporary folder with a configuration, a fine identity and a manager that answers. */
export async function createSickHost(): Promise<SickHost> {
  const stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder({ inMemory: true }));
  const root = folder.path;
  const paths = agentPaths(root);
  const authority = await sharedAuthority();
  const manager = stack.use(await startDoctoredManager(authority));
  // Not the time at which the tests began: the files of a host must not lie in its future.
  const clock = new ManualClock(Date.now());
  await writeHost(root, paths);
  const port = await freePort();
  const host: SickHost = {
    root,
    paths,
    authority,
    manager,
    port,
    clock,
    files: systemFiles,
    commands: nodeCommands({}, { 'linux-patch-worker': WELL_WORKER }),
    environment: {},
    stack,
    secrets: [],
    configure: (enrollment, ...rest) =>
      writeFile(
        paths.configFile,
        [
          'enrollment:',
          ...enrollment.map((line) => `  ${line}`),
          'server:',
          '  bind: 127.0.0.1',
          `  port: ${port}`,
          ...rest,
          '',
        ].join('\n'),
        { mode: 0o600 },
      ),
    install: (change) => install(host, change),
    enrolling: (change) => enrolling(host, change),
    async audit(event, details = {}) {
      const options = {
        files: systemFiles,
        clock: new ManualClock(NOW),
        logger: memoryLogger(),
        retentionMs: 30 * DAY_MS,
      };
      await using log = openAuditLog({ ...options, path: paths.auditLog });
      log.record(event, { ...details });
    },
    age: (path) => utimes(path, NOW / 1000 - 3_600, NOW / 1000 - 3_600),
    doctor: (...args) => askDoctor(host, args),
    [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose](),
  };
  await host.configure([`manager_url: ${manager.url}`, 'report_ip: 127.0.0.1']);
  await host.install();
  return host;
}

async function install(host: SickHost, change: Partial<Installed> = {}): Promise<void> {
  const identity = await host.authority.issueAgent({ fqdn: FQDN });
  const { meta, ...material } = change;
  const all = {
    caPem: host.authority.caPem,
    certificatePem: identity.chainPem,
    keyPem: identity.privateKeyPem,
    crlPem: await host.authority.createCrl(),
    ...material,
  };
  host.secrets.push(...all.keyPem.split('\n').filter((line) => line.length > 40));
  const { paths } = host;
  await installGeneration({
    files: systemFiles,
    paths: { ca: paths.ca, certificate: paths.certificate, key: paths.key, crl: paths.crl },
    material: all,
    meta: {
      v: 1,
      trust: 'code',
      key_origin: 'host',
      manager_url: host.manager.url,
      manager_client: null,
      installed_at: new Date(NOW).toISOString(),
      renewal_draw: 0.5,
      ...meta,
    },
  });
}

async function enrolling(
  host: SickHost,
  change: Partial<PendingEnrollment> = {},
): Promise<PendingEnrollment> {
  const { paths } = host;
  await systemFiles.remove(paths.certificatesFolder);
  const places = pendingPlaces(paths.dataFolder, paths.certificatesFolder);
  const { pending, keyPem } = await createPending({
    files: systemFiles,
    places,
    clock: new ManualClock(NOW),
    random: systemRandom,
    managerUrl: host.manager.url,
    identity: { machineId: 'c'.repeat(32), fqdn: FQDN, hostname: 'host', ipAddress: '127.0.0.1' },
    binding: await readHostBinding({ files: systemFiles, root: host.root }),
    cloneOf: undefined,
  });
  const token = 'T0ken'.repeat(13).slice(0, 64);
  const changed: PendingEnrollment = {
    ...pending,
    generation: 'current',
    state: 'waiting',
    polling_token: token,
    ...change,
  };
  await writePending(systemFiles, places, changed);
  host.secrets.push(pending.host_code, token, ...keyPem.split('\n').filter((line) => line.length > 40));
  return changed;
}

/** Runs the agent's command line in this process, with the doors of the host. */
export async function runCli(
  host: SickHost,
  ...args: readonly string[]
): Promise<{ exitCode: number; text: string }> {
  let text = '';
  const exitCode = await runAgent(['--root', host.root, ...args], {
    clock: host.clock,
    random: systemRandom,
    files: host.files,
    network: hostNetwork,
    createLogger: () => memoryLogger(),
    program: {
      stdout: (part) => void (text += part),
      stderr: (part) => void (text += part),
      environment: host.environment,
      commands: host.commands,
      usage: processUsage,
      supervised: false,
      onReload: () => ({ [Symbol.dispose]: () => {} }),
      stopped: new AbortController().signal,
    },
  });
  return { exitCode, text };
}

async function askDoctor(host: SickHost, args: readonly string[]): Promise<Told> {
  const { exitCode, text } = await runCli(host, 'doctor', '--json', ...args);
  return told(exitCode, text);
}

/** What a doctor's JSON says. */
export function told(exitCode: number, text: string): Told {
  const report = DoctorReport.parse(JSON.parse(text));
  return { exitCode, text, report, codes: report.findings.map((one) => one.code) };
}

/** The same for people. */
export async function askDoctorInWords(host: SickHost, ...args: readonly string[]): Promise<string> {
  return (await runCli(host, 'doctor', ...args)).text;
}
