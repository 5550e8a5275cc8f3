import { once } from 'node:events';
import { MANAGER_ADMIN_ROUTES, type ManagerStatus, PatchError } from '@linux-patch/contract';
import { createServiceNotifier, feedWatchdog, ownUid } from '@linux-patch/runtime';
import { renderFacts } from '@linux-patch/runtime/printed';
import type { Command } from 'commander';
import { managerUrlOf } from '../config/manager-url.ts';
import { webNamesOf } from '../config/web-names.ts';
import type { ManagerOptions } from '../manager-options.ts';
import { certificateName, managerUrl } from './arguments.ts';
import { type CliDoors, type CommandContext, print } from './command-context.ts';
import { type CommandLine, type GlobalOptions, quietly } from './command-line.ts';
import { EXIT } from './exit-codes.ts';
import { openContext } from './open-context.ts';
import { startPatiently } from './start-patience.ts';

/** `init` */
async function init(
  context: CommandContext,
  options: { readonly url?: string; readonly name?: readonly string[] },
): Promise<void> {
  const server = {
    ...context.config.server,
    names: [...context.config.server.names, ...(options.name ?? [])],
    ...(options.url ? { url: options.url } : {}),
  };
  const config = { ...context.config, server };
  const { initialiseAuthority } = await import('../authority/init.ts');
  const { caFingerprint } = await initialiseAuthority({
    files: context.files,
    clock: context.clock,
    random: context.random,
    paths: context.paths,
    webNames: webNamesOf(config),
  });
  const { makeFirstLink } = await import('../people/first-link.ts');
  const { secret, expiresAtMs } = await makeFirstLink(context);
  await keepSettings(context, options);
  const url = managerUrlOf(config);
  const line = `enrollment: { manager_url: "${url}", ca_fingerprint: "${caFingerprint}" }`;
  const facts = {
    ca_fingerprint: caFingerprint,
    manager_url: url,
    agent_config: line,
    setup_link: `${url}/setup#${secret}`,
    setup_link_ends_at: new Date(expiresAtMs).toISOString(),
  };
  print(context, facts, () =>
    [
      `The certificate authority is in ${context.paths.caFolder}. Back it up; whoever has it owns the fleet.`,
      '',
      `CA fingerprint  ${caFingerprint}`,
      '',
      'For every agent, this line in /etc/linux_patch_api/config.yaml:',
      `  ${line}`,
      '',
      `The first administrator, once, within an hour (until ${facts.setup_link_ends_at}), for whoever has this link:`,
      `  ${facts.setup_link}`,
      "Root needs none: 'linux-patch-manager people create NAME --role admin'.",
      '',
      "Next: 'systemctl start linux-patch-manager' (from a checkout: 'linux-patch-manager serve'), then 'linux-patch-manager enrollments list' when hosts ask to join.",
    ].join('\n'),
  );
}

/** Options of `init` are settings; they go into a configuration file unless there is one already. */
async function keepSettings(
  context: CommandContext,
  options: { readonly url?: string; readonly name?: readonly string[] },
): Promise<void> {
  if (options.url === undefined && !options.name?.length) return;
  if (await context.files.facts(context.configFile)) {
    context.stderr(
      `${context.configFile} exists and was left alone; see that server.url and server.names say what you gave here.\n`,
    );
    return;
  }
  const lines = [
    'server:',
    ...(options.url ? [`  url: ${JSON.stringify(options.url)}`] : []),
    ...(options.name?.length ? [`  names: ${JSON.stringify(options.name)}`] : []),
  ];
  await context.files.makeFolder(context.configFile.replace(/\/[^/]*$/, ''), 0o755);
  await context.files.writeDurably({ path: context.configFile, data: `${lines.join('\n')}\n`, mode: 0o644 });
}

function managerDoors(context: CommandContext): Omit<ManagerOptions, 'logger'> {
  const { config, configFile, files, clock, random, serving } = context;
  const paths = { ...context.paths, configFile };
  return { config, paths, files, clock, random, ...serving };
}

/** What root wrote into the folder of another user would be out of reach for the service afterwards. */
async function requireServersUser({ files, paths }: CommandContext): Promise<void> {
  const owner = await files.facts(paths.dataFolder);
  if (!owner || owner.uid === 0 || (await ownUid(files)) !== 0) return;
  throw new PatchError(
    'FORBIDDEN',
    `${paths.dataFolder} belongs to user ${owner.uid}, and root does not serve from it. Start the service: systemctl start linux-patch-manager; what it says: journalctl -u linux-patch-manager.`,
  );
}

/** `serve`: until told to stop. */
async function serve(doors: CliDoors, options: GlobalOptions): Promise<number> {
  // Until the configuration says how much is to be told.
  let logger = doors.createLogger('info');
  using _hangUp = doors.onHangUp(() =>
    logger.warn(
      'SIGHUP changes nothing: the configuration is read at the start; restart the manager to use it',
      {},
    ),
  );
  const { clock, commands, service, signal } = doors;
  const { notifySocket, watchdogMs: intervalMs } = service;
  const notifier = createServiceNotifier({ commands, notifySocket, logger });
  const isService = notifySocket !== undefined;
  const start = async () => {
    const context = await openContext(options, doors);
    await requireServersUser(context);
    logger = context.createLogger(context.config.logging.level);
    const { composeManager } = await import('../compose.ts');
    return await composeManager({ ...managerDoors(context), logger });
  };
  await using manager = await startPatiently(start, { clock, logger, notifier, isService, signal });
  logger.info(`Listening on ${manager.address}:${manager.port}`, { url: manager.url });
  await notifier.ready(`Serving at ${manager.url}`);
  if (intervalMs !== undefined)
    await feedWatchdog({ notifier, intervalMs, clock, isAlive: () => true, signal });
  else if (!signal.aborted) await once(signal, 'abort');
  logger.info('Stopping', {});
  await notifier.stopping();
  return EXIT.done;
}

/** What is said of agents of the older generation, unless none may come and none is left. */
function olderAgents({ allowed, hosts }: ManagerStatus['older_agents']): [string, string][] {
  if (allowed !== 'all' && hosts === 0) return [];
  const door = {
    all: 'any may ask to join; the manager makes their keys and sends them',
    known: 'these may ask to join again, others not',
    none: 'none may ask to join',
  }[allowed];
  return [['Older agents', `${hosts} hosts; ${door}. Update their agents.`]];
}

function troubleOf({ database_trouble: trouble }: ManagerStatus): [string, string][] {
  return trouble === null ? [] : [['Database', trouble]];
}

/** `status` */
async function showStatus(context: CommandContext): Promise<void> {
  const data = await context.api.call(MANAGER_ADMIN_ROUTES.status);
  print(context, data, () =>
    renderFacts([
      ['Version', data.version],
      ['URL', data.manager_url],
      ['CA fingerprint', data.ca_fingerprint],
      ['Hosts', String(data.hosts)],
      ...troubleOf(data),
      ['Waiting for approval', String(data.pending_enrollments ?? '-')],
      ...olderAgents(data.older_agents),
      ['Up', `${Math.round(data.uptime_seconds / 60)} min`],
    ]),
  );
}

/** Adds the commands of the server itself to the command line. */
export function addServerCommands({ program, add, run, runHere, runBare }: CommandLine): void {
  add(program, 'init', 'make the certificate authority, once')
    .option('--url <url>', 'URL that agents are told, for example https://patch.example.org:8443', managerUrl)
    .option(
      '--name <name>',
      "name or address for the manager's certificate; may be repeated",
      certificateName,
    )
    .action((options: { url?: string; name?: readonly string[] }, command: Command) =>
      runHere(
        command,
        quietly((context) => init(context, options)),
      ),
    );
  add(program, 'serve', 'run the server until told to stop').action((_options: object, command: Command) =>
    runBare(command, serve),
  );
  add(program, 'status', 'show the running manager').action((_options: object, command: Command) =>
    run(command, quietly(showStatus)),
  );
}
