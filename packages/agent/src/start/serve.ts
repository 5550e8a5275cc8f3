import { join } from 'node:path';
import { MANAGER_CLIENT_CN, messageOf } from '@linux-patch/contract';
import { openAllowList } from '../allow-list/allow-list.ts';
import { watchAgentConfig } from '../config/watch.ts';
import { readHostFacts } from '../host/facts.ts';
import { createAgentApp } from '../http/app.ts';
import { type AgentServer, type AgentServerOptions, openAgentServer } from '../http/server.ts';
import { type JobSockets, openJobSockets } from '../http/websocket.ts';
import { createCacheRefresher } from '../jobs/cache-refresh.ts';
import { openPackageCache } from '../jobs/cache-state.ts';
import { createExecutor } from '../jobs/executor.ts';
import { type JobQueue, openJobQueue } from '../jobs/queue.ts';
import { createReboot } from '../jobs/reboot.ts';
import { openPackageManager, type PackageManager } from '../package-manager/open.ts';
import type { AgentContext } from './agent-context.ts';
import { type IdentityKeeper, openIdentityKeeper } from './identity-keeper.ts';

/** A limit that is never reached, for hosts whose administrators turned limiting off. */
const UNLIMITED_PER_MINUTE = 1_000_000;
const MINUTE_MS = 60_000;

interface Work {
  readonly packages: PackageManager;
  readonly jobs: JobQueue;
  readonly cache: Awaited<ReturnType<typeof openPackageCache>>;
  readonly refresher: ReturnType<typeof createCacheRefresher>;
}

/** Jobs and the package manager behind them. */
async function openWork(context: AgentContext, stack: AsyncDisposableStack): Promise<Work> {
  const { files, clock, random, logger, config, commands } = context;
  const packages = await openPackageManager({ ...context, configured: config.package_manager.backend });
  const cache = await openPackageCache({
    path: join(context.paths.dataFolder, 'state/cache.json'),
    files,
    clock,
    logger,
  });
  let queue: JobQueue | undefined;
  const refresher = stack.use(
    createCacheRefresher({
      cache,
      clock,
      logger,
      refreshQuietly: packages.refreshQuietly,
      isBusy: () =>
        queue?.list().some((job) => job.state === 'running' || job.state === 'refreshing') ?? false,
    }),
  );
  const timeoutMs = config.jobs.timeout_minutes * MINUTE_MS;
  const execute = createExecutor({
    operations: packages.operations,
    refresher,
    cache,
    // Under a private root the packages are not this host's, so neither is the reboot.
    reboot: context.root === '/' ? createReboot(commands) : undefined,
    timeoutMs,
  });
  queue = stack.use(
    await openJobQueue({
      folder: config.jobs.storage_path,
      files,
      clock,
      random,
      logger,
      limits: {
        maxConcurrent: config.jobs.max_concurrent,
        maxQueueDepth: config.jobs.max_queue_depth,
        timeoutMinutes: config.jobs.timeout_minutes,
        retentionDays: config.jobs.retention_days,
        retentionCount: config.jobs.retention_count,
      },
      execute,
    }),
  );
  return { packages, jobs: queue, cache, refresher };
}

function composeApp(context: AgentContext, work: Work, identity: () => ReturnType<IdentityKeeper['health']>) {
  const { clock, random, logger, audit, config } = context;
  const limits = config.rate_limit;
  return createAgentApp({
    clock,
    random,
    logger,
    audit,
    rateLimits: {
      readsPerMinute: limits.enabled ? limits.read_per_minute : UNLIMITED_PER_MINUTE,
      changesPerMinute: limits.enabled ? limits.change_per_minute : UNLIMITED_PER_MINUTE,
    },
    jobs: work.jobs,
    cache: work.cache,
    inventory: work.packages.inventory,
    identity,
    packageManagerHealth: work.packages.health,
    refreshInBackground: () => work.refresher.refreshInBackground(),
    hostFacts: () => readHostFacts(context),
    startedMonotonicMs: clock.monotonicMs(),
  });
}

/** Who may call: by configuration, else who was learned at enrolment, else the standard name. */
function clientsOf(context: AgentContext, keeper: IdentityKeeper) {
  const learned = keeper.meta.manager_client ?? undefined;
  const configured = context.config.tls.allowed_clients;
  return { allowedClients: [...(configured ?? [learned?.cn ?? MANAGER_CLIENT_CN])], managerClient: learned };
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
 * Serves until the signal aborts.
 * @throws PatchError `BIND_FAILED`, or what is wrong with the certificates or the package manager.
 */
export async function serve(context: AgentContext): Promise<void> {
  const { config, files, clock, random, logger, audit, signal } = context;
  await using stack = new AsyncDisposableStack();
  const keeper = config.tls.enabled ? await openIdentityKeeper(context) : undefined;
  const work = await openWork(context, stack);
  const allowList = stack.use(
    await openAllowList({
      files,
      path: config.whitelist.path,
      resolve: context.network.resolve,
      clock,
      logger,
      signal,
    }),
  );
  let configHealth = 'ok';
  const app = composeApp(context, work, () => keeper?.health(configHealth) ?? plainHealth(configHealth));
  const sockets = openJobSockets({ jobs: work.jobs, clock, random, logger });
  const server = await listenWith(sockets, {
    bind: config.server.bind,
    port: config.server.port,
    material: keeper?.material,
    ...(keeper ? clientsOf(context, keeper) : { allowedClients: [] }),
    isAllowedAddress: (address) => allowList.allows(address),
    app,
    onUpgrade: sockets.accept,
    audit,
    logger,
    clock,
    files,
    random,
    timeoutSeconds: config.server.timeout_seconds,
  });
  // Disposed in reverse: open WebSockets first, then the listener, then the jobs.
  stack.use(server);
  stack.use(sockets);
  const where = server.address.includes(':')
    ? `[${server.address}]:${server.port}`
    : `${server.address}:${server.port}`;
  logger.info(`Listening on ${where}`, keeper ? { trust: keeper.meta.trust } : { tls: 'off' });
  audit.record('serving', { address: where });
  await context.notifier.ready(`Serving on ${where}`);
  work.refresher.refreshInBackground();

  const takeIdentity = (): void => {
    if (!keeper) return;
    server.replaceMaterial(keeper.material);
    server.setClients(clientsOf(context, keeper));
    server.setRevoked(keeper.revoked);
  };
  const watch = stack.use(
    watchAgentConfig({
      files,
      path: context.configFile,
      current: config,
      load: context.loadConfig,
      onChange: (_changed, sections) => {
        logger.warn('The configuration changed; restart the agent to use it', {
          sections: sections.join(','),
        });
      },
      onFault: (error) => {
        configHealth = `config.yaml has faults and the running configuration stays: ${messageOf(error).split('\n')[0]}`;
        logger.error('The changed configuration has faults; nothing changes', { error });
      },
      onRestored: () => {
        configHealth = 'ok';
      },
      logger,
    }),
  );
  stack.use(
    context.onReload(() => {
      void watch.reload();
      void allowList.reload();
      void keeper
        ?.reload()
        .then(takeIdentity)
        .catch((error: unknown) =>
          logger.error('The certificates on disk cannot be used; the old ones stay', { error }),
        );
    }),
  );
  if (keeper) await keeper.keepFresh(signal, takeIdentity);
  else if (!signal.aborted)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  logger.info('Stopping', {});
  await context.notifier.stopping();
}

function plainHealth(config: string): ReturnType<IdentityKeeper['health']> {
  return {
    config,
    certificates: 'TLS is off (tls.enabled: false); only this host can connect',
    certificateNotAfterMs: null,
    crl: { status: 'missing', thisUpdateMs: undefined, nextUpdateMs: undefined },
    identityTrust: 'manual',
    keyOrigin: 'unknown',
  };
}
