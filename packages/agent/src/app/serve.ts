import { type AllowList, openAllowList } from '../access/allow-list.ts';
import { watchAgentConfig } from '../config/watch.ts';
import { type IdentityHealth, identityHealth } from '../health/identity.ts';
import { findOpenFile, openFileWords } from '../host/real-file.ts';
import { createRefusalRecorder } from '../http/refusals.ts';
import { type AgentServer, type AgentServerOptions, openAgentServer } from '../http/server.ts';
import { type JobSockets, openJobSockets } from '../http/websocket.ts';
import type { ReadIdentity } from '../identity/identity.ts';
import type { IdentityService } from '../identity/service.ts';
import type { AgentContext } from './agent-context.ts';
import { composeApp } from './compose-app.ts';
import { learnManagerAgain } from './compose-enrollment.ts';
import { portHolderOf } from './compose-worker.ts';
import { reportConfigFault } from './follow-configuration.ts';
import { followPolicy, type PolicyWatch } from './follow-policy.ts';
import { openIdentityService } from './identity.ts';
import { openInstallation } from './installation.ts';
import { waitForPort } from './wait-for-port.ts';
import { openWork } from './work.ts';

/** Whoever waited for this agent to serve is answered before it looks after its certificates, lists and listings. */
const FIRST_ANSWERS_MS = 1_000;

/** That others than root can change the configuration, and with it choose the manager; it counts all the same. */
export async function configurationWeakness({
  host,
  settings,
}: Pick<AgentContext, 'host' | 'settings'>): Promise<string | undefined> {
  const open = await findOpenFile(host.files, settings.configFile).catch(() => undefined);
  if (!open) return undefined;
  const { message, repair } = openFileWords(open);
  return `${message}, and choose the manager of this host; to mend it: ${repair}`;
}

/** Who may connect, as the administrator and what was learned of the manager have it. */
function allowListOf({
  host,
  settings,
  time,
  report,
}: Pick<AgentContext, 'host' | 'settings' | 'time' | 'report'>): Promise<AllowList> {
  const { config, paths } = settings;
  return openAllowList({
    files: host.files,
    path: config.whitelist.path,
    learnedPath: paths.learnedAddresses,
    resolve: (name) => host.network.resolve(name),
    clock: time.clock,
    logger: report.logger,
    signal: time.signal,
    audit: report.audit,
  });
}

/** Binds; without a listener the WebSocket endpoint has no use either. */
async function listenWith(sockets: JobSockets, options: AgentServerOptions): Promise<AgentServer> {
  try {
    return await openAgentServer(options);
  } catch (error) {
    await sockets[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Waits until it can listen, and serves until the signal aborts. Once it serves, a changed configuration waits for a restart.
 * @param read the identity as it was read for judging it
 * @throws PatchError `BIND_FAILED`, or what is wrong with the certificates or the package manager.
 */
export async function serve(context: AgentContext, read?: ReadIdentity): Promise<void> {
  const waited = context.settings.config.tls.enabled && (await waitForPort(context));
  await context.run.reconfiguration.end();
  if (!context.time.signal.aborted) await serveNow(context, waited ? undefined : read);
}

async function serveNow(context: AgentContext, read: ReadIdentity | undefined): Promise<void> {
  const { config, paths } = context.settings;
  const { files } = context.host;
  const { clock, random, clockWatch, signal } = context.time;
  const { logger, audit, notifier } = context.report;
  await using stack = new AsyncDisposableStack();
  const identity = config.tls.enabled ? await openIdentityService(context, read) : undefined;
  const work = await openWork(context, stack);
  await learnManagerAgain(context);
  const allowList = stack.use(await allowListOf(context));
  const policy = stack.use(await followPolicy({ path: paths.policyFile, files, clock, logger, audit }));
  const soundConfig = (await configurationWeakness(context)) ?? 'ok';
  let configHealth = soundConfig;
  let isSettled = false;
  const app = composeApp(context, work, {
    identity,
    refreshInBackground: () => isSettled && work.lists.refresher.refreshInBackground(),
    installation: await openInstallation(context, identity, work.instance),
    health: () => ({
      ...(identity ? identityHealth(configHealth, identity.state) : plainHealth(configHealth)),
      clock: clockWatch.verdict.message,
      allowList: allowList.health,
      policy: policy.health,
      allowedOperations: policy.allows,
    }),
  });
  const sockets = openJobSockets({ jobs: work.jobs, clock, random, logger });
  const server = await listenWith(sockets, {
    where: { bind: config.server.bind, port: config.server.port, socketPath: paths.apiSocket },
    identity: identity?.current.value,
    access: {
      allowedClients: config.tls.allowed_clients,
      addresses: allowList,
      onRefused: createRefusalRecorder({ audit, clock, counters: context.report.counters }),
    },
    app,
    onUpgrade: (request, socket, head, caller) => sockets.accept(request, socket, head, caller),
    timeoutMs: config.server.timeoutMs,
    doors: { clock, files, logger, random, findHolder: portHolderOf(context) },
  });
  // Disposed in reverse: open WebSockets and the listener, each with its own limit at the same time, then the jobs.
  stack.defer(async () => {
    await Promise.all([sockets[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
  });
  const where = placeOf(server);
  logger.info(
    `Listening on ${where}`,
    identity ? { trust: identity.current.value.meta.trust } : { tls: 'off' },
  );
  audit.record('serving', { address: where });
  await notifier.ready(`Serving on ${where}`);

  if (identity) stack.use(identity.current.subscribe((next) => server.take(next)));
  stack.use(allowList.subscribe(() => server.reviewAddresses()));
  followChanges(context, stack, {
    allowList,
    policy,
    identity,
    onConfigHealth: (fault) => (configHealth = fault ?? soundConfig),
  });
  void clock.sleep(FIRST_ANSWERS_MS, signal).then(
    () => {
      isSettled = true;
      work.lists.refresher.keepFresh();
      work.keeper.start();
      work.state.begin();
      work.instance.confirm();
    },
    () => {},
  );
  if (identity) await identity.keepFresh(signal, FIRST_ANSWERS_MS);
  else if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  logger.info('Stopping', {});
  await notifier.stopping();
}

/** Address and port, or the path of the Unix socket. */
function placeOf({ address, port }: AgentServer): string {
  if (address.startsWith('/')) return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** Reloads configuration, allow list and certificates when they change or the service manager asks. */
function followChanges(
  context: Pick<AgentContext, 'host' | 'settings' | 'time' | 'report' | 'program'>,
  stack: AsyncDisposableStack,
  parts: {
    readonly allowList: AllowList;
    readonly policy: PolicyWatch;
    readonly identity: IdentityService | undefined;
    /** A fault of the changed configuration, or that it is gone. */
    readonly onConfigHealth: (fault: string | undefined) => void;
  },
): void {
  const { host, settings, time, report } = context;
  const { logger, audit } = report;
  const watch = stack.use(
    watchAgentConfig({
      files: host.files,
      clock: time.clock,
      settings,
      onChange: (_changed, sections) => {
        audit.record('config_changed', { sections });
        logger.warn('The configuration changed; restart the agent to use it', {
          sections: sections.join(','),
        });
      },
      onFault: (fault) => {
        const [first] = fault.split('\n');
        parts.onConfigHealth(`config.yaml has faults and the running configuration stays: ${first}`);
        reportConfigFault(report, fault);
      },
      onRestored: () => {
        parts.onConfigHealth(undefined);
        reportConfigFault(report, undefined);
      },
      logger,
    }),
  );
  const reload = async (): Promise<void> => {
    await watch.reload();
    await parts.allowList.reload();
    await parts.policy.reload();
    await parts.identity?.reload();
  };
  stack.use(context.program.onReload(() => void reload()));
  // What changed while the agent came up was told to nobody.
  void watch.reload();
}

function plainHealth(config: string): IdentityHealth {
  return {
    config,
    certificates: 'TLS is off (tls.enabled: false); only root of this host can connect, the manager cannot',
    certificateNotAfterMs: null,
    crl: { status: 'missing', thisUpdateMs: undefined, nextUpdateMs: undefined },
    identityTrust: 'manual',
    keyOrigin: 'unknown',
  };
}
