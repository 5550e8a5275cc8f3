import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type AgentProcess, createLabHost, type LabHost } from '../agent-process.ts';
import { buildToyRepository, type ToyRepository } from '../apt/repository.ts';
import { AGENT_PROGRAM, MANAGER_PROGRAM } from '../checkout.ts';
import { type ManagerProcess, startManagerProcess } from '../manager-process.ts';
import { installPage } from '../page.ts';
import { joinRecordedHosts, RECORDED_NETWORK } from '../recorded/hosts.ts';
import { claimDemoFolder } from './claim.ts';
import { checkPage, createDemoPerson, servePageSources } from './page.ts';
import { sayWhile } from './patience.ts';
import { takePictures } from './pictures.ts';

/** The demo's hosts. Loopback addresses of their own keep them apart, as different machines would be. */
const HOSTS = [
  { name: 'amber.demo.test', address: '127.0.0.11' },
  { name: 'basalt.demo.test', address: '127.0.0.12' },
  { name: 'cobalt.demo.test', address: '127.0.0.13' },
] as const;
/** Asks to join while pictures are taken. */
const NEWCOMER = { name: 'dolerite.demo.test', address: '127.0.0.14' } as const;
/** Hosts that only answer what was recorded, so that the page shows a fleet. */
const RECORDED_HOSTS = 200;
/** The same where the demo ends before anybody looks: one joins as the other does. */
const RECORDED_UNSEEN = 20;
const PACKAGES = ['toyhello', 'toylib', 'toyapp'];

export interface DemoOptions {
  readonly folder: string;
  /** End after the run instead of staying up. */
  readonly once: boolean;
  readonly showLogs: boolean;
  /** Where pictures of the page are put, after which it ends; none are taken without. */
  readonly pictures?: string;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

interface DemoAgent {
  readonly host: LabHost;
  readonly process: AgentProcess;
}

interface World {
  readonly manager: ManagerProcess;
  readonly agents: readonly DemoAgent[];
  /** Throws when the demo is to end. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Whether somebody looks at the page, or pictures of it are taken. */
function isSeen({ once, pictures }: DemoOptions): boolean {
  return !once || pictures !== undefined;
}

/** The whole product, for real: a manager and three agents, joined by host code, one of them patched; beside them hosts that are recordings. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const { folder, signal } = options;
  const say = (line: string): void => {
    signal.throwIfAborted();
    options.say(line);
  };
  await using stack = new AsyncDisposableStack();
  stack.use(await claimDemoFolder(folder));
  await rm(join(folder, 'world'), { recursive: true, force: true });
  await mkdir(join(folder, 'world'), { recursive: true });

  say('1. A signed apt repository with old versions of a few toy packages');
  const repository = await sayWhile(
    options,
    'the repository to be built and signed',
    buildToyRepository({ folder: join(folder, 'world/repository') }),
  );
  say('2. A manager: certificate authority, database, HTTPS, page');
  await sayWhile(options, 'the page to be built', installPage(join(folder, 'world/manager')));
  const starting = startManagerProcess(join(folder, 'world/manager'), {
    name: 'localhost',
    localHosts: [...[...HOSTS, NEWCOMER].map((one) => one.address), RECORDED_NETWORK],
  });
  const manager = stack.use(await sayWhile(options, 'the manager to listen', starting));
  say(`   ${manager.url}   CA ${manager.caFingerprint}`);
  say('3. Three hosts, each with a private apt root and one line of configuration');
  const startedMs = performance.now();
  const start = async (host: typeof NEWCOMER | (typeof HOSTS)[number]): Promise<DemoAgent> => {
    const agent = await startAgent(options, { manager, repository }, host);
    stack.use(agent.process);
    return agent;
  };
  const agents = await sayWhile(
    options,
    'apt to install the packages of three hosts',
    Promise.all(HOSTS.map(start)),
  );
  const world: World = { manager, agents, say, signal };
  await approveAll(world);
  const enrolledMs = Math.round(performance.now() - startedMs);
  await repository.publishUpdates();
  await showFleet(world);
  const patched = await patchFirstHost(world);
  const recorded = isSeen(options) ? RECORDED_HOSTS : RECORDED_UNSEEN;
  say(`7. Beside them ${recorded} hosts that are recordings of real ones: the group @recorded`);
  stack.use(
    await sayWhile(
      options,
      `${recorded} recorded hosts to join`,
      joinRecordedHosts(manager, recorded, signal),
    ),
  );
  say('');
  say(`demo ok: enrolled in ${enrolledMs} ms, patched ${patched} packages`);
  await checkPage(manager);
  if (!isSeen(options)) return;
  if (options.pictures !== undefined) {
    const person = await createDemoPerson(manager);
    say(`Pictures of the page, into ${options.pictures}`);
    const { name } = NEWCOMER;
    const code = await (await start(NEWCOMER)).host.hostCode();
    const [{ name: current }, { name: behind }] = HOSTS;
    await takePictures({ manager, person, current, behind, newcomer: { name, code } }, options.pictures, say);
    return;
  }
  sayWhatNext(world);
  if (options.showLogs) stack.use(servePageSources(manager, (line) => say(`   [page] ${line}`)));
  if (!signal.aborted) await once(signal, 'abort');
}

async function startAgent(
  options: DemoOptions,
  { manager, repository }: { readonly manager: ManagerProcess; readonly repository: ToyRepository },
  { name, address }: { readonly name: string; readonly address: string },
): Promise<DemoAgent> {
  const host = await createLabHost({
    root: join(options.folder, 'world', name),
    name,
    address,
    repository,
    packages: PACKAGES,
    enrollment: [`manager_url: ${manager.url}`, `report_ip: ${address}`],
  });
  const process = host.start({
    onLine: (line) => {
      if (options.showLogs) options.say(`   [${name}] ${line}`);
    },
  });
  return { host, process };
}

interface PendingRequest {
  readonly id: string;
  readonly fqdn: string;
  readonly key_id: string;
}

/** Does what an administrator does: reads the code on the host, types it on the manager. */
async function approveAll({ manager, agents, say, signal }: World): Promise<void> {
  say('4. They ask to join; the administrator reads the code on each host and approves with it');
  for (const agent of agents) {
    const code = await sayWhile({ say, signal }, `the code of ${agent.host.name}`, agent.host.hostCode());
    const { enrollments } = (await manager.json('enrollments', 'list')) as { enrollments: PendingRequest[] };
    const request = enrollments.find((one) => one.fqdn === agent.host.name);
    if (!request) throw new Error(`${agent.host.name} shows a code but the manager has no request from it`);
    say(`   ${agent.host.name}: key ${request.key_id}, code ${code}`);
    await manager.json('enrollments', 'approve', request.id, '--code', code);
  }
  await sayWhile(
    { say, signal },
    'the three agents to serve',
    Promise.all(agents.map((agent) => agent.process.listening)),
  );
}

interface PackageRow {
  readonly name: string;
  readonly version: string;
}

interface PatchRow {
  readonly name: string;
  readonly current_version: string;
  readonly available_version: string;
  readonly security: boolean;
}

async function packagesOf(manager: ManagerProcess, host: string): Promise<PackageRow[]> {
  return ((await manager.json('packages', host)) as { packages: PackageRow[] }).packages;
}

async function patchesOf(manager: ManagerProcess, host: string): Promise<PatchRow[]> {
  return ((await manager.json('patches', host)) as { patches: PatchRow[] }).patches;
}

async function showFleet({ manager, agents, say }: World): Promise<void> {
  say('5. The repository publishes updates, one of them for security');
  for (const agent of agents) {
    await agent.host.apt.update();
    const installed = await packagesOf(manager, agent.host.name);
    say(`   ${agent.host.name}: ${installed.map((one) => `${one.name} ${one.version}`).join(', ')}`);
    for (const patch of await patchesOf(manager, agent.host.name)) {
      const kind = patch.security ? 'security' : 'update';
      say(`     ${kind.padEnd(8)} ${patch.name} ${patch.current_version} -> ${patch.available_version}`);
    }
  }
}

/** Applies the security updates of the first host and returns how many packages changed. */
async function patchFirstHost({ manager, agents, say }: World): Promise<number> {
  const host = agents[0]?.host.name ?? '';
  say(`6. The security updates go to ${host}`);
  const before = new Map((await packagesOf(manager, host)).map((one) => [one.name, one.version]));
  const exitCode = await manager.show((line) => say(`   ${line}`), 'patch', host, '--security', '--wait');
  if (exitCode !== 0) throw new Error(`patching ${host} ended with exit code ${exitCode}`);
  const changed = (await packagesOf(manager, host)).filter((one) => before.get(one.name) !== one.version);
  const left = (await patchesOf(manager, host)).filter((one) => one.security);
  if (changed.length === 0) throw new Error('the job ended well but no version changed');
  if (left.length > 0)
    throw new Error(`security updates are still pending: ${left.map((one) => one.name).join(', ')}`);
  for (const one of changed) say(`   ${one.name}: ${before.get(one.name) ?? '-'} -> ${one.version}`);
  return changed.length;
}

function sayWhatNext({ manager, agents, say }: World): void {
  const [first, second] = agents;
  if (!first || !second) return;
  const { address, port, root } = first.host;
  const pki = join(manager.root, 'var/lib/linux_patch_manager/ca');
  const curl = `curl --cacert ${pki}/root.pem --cert ${pki}/client.pem --key ${pki}/client.key.pem`;
  const cli = `${MANAGER_PROGRAM} --root ${manager.root}`;
  for (const line of [
    '',
    `Everything is up. The page: ${manager.url}/`,
    'Its first administrator is who opens this link within an hour; it works once:',
    `  ${manager.setupLink}`,
    `(A browser knows the CA from ${pki}/root.pem, or asks whether to go on.)`,
    '',
    'Or, in another terminal:',
    '',
    '  # the agent answers only the manager',
    `  ${curl} https://${address}:${port}/api/v1/health`,
    `  ${curl} https://${address}:${port}/api/v1/patches`,
    `  curl --cacert ${pki}/root.pem https://${address}:${port}/api/v1/health   # no certificate, no answer`,
    '',
    '  # the fleet',
    `  ${cli} hosts list`,
    `  ${cli} patches ${second.host.name}`,
    `  ${cli} patch ${second.host.name} --all --wait`,
    '',
    '  # a host',
    `  ${AGENT_PROGRAM} --root ${root} status`,
    `  tail -f ${first.process.logFile}`,
    '',
    'Ctrl-C ends the demo.',
  ])
    say(line);
}
