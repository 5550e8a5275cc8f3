import { hostname as osHostname } from 'node:os';
import { HOUR_MS, MANAGER_ADMIN_ROUTES, METRICS_MEDIA_TYPE, VERSION } from '@linux-patch/contract';
import { answerWith } from '@linux-patch/http';
import type { Clock, Files, Logger, ProcessUsage, Random, Threads } from '@linux-patch/runtime';
import { createTokenHolders } from './api-tokens/holders.ts';
import { serveApiTokenRoutes } from './api-tokens/routes.ts';
import { createAuditLog } from './audit/audit-log.ts';
import { keepOwnCertificates, type OwnCertificates } from './audit/own-certificates.ts';
import { serveAuditRoutes } from './audit/routes.ts';
import { findAdminToken } from './authority/admin-token.ts';
import { type Authority, openAuthority } from './authority/authority.ts';
import { composeFleet, type Fleet, serveFleet } from './compose-fleet.ts';
import { composePeople, servePeople } from './compose-people.ts';
import { olderAgentRule } from './config/older-agent-rule.ts';
import { isOwnUrl } from './config/own-url.ts';
import type { ManagerPaths } from './config/paths.ts';
import { readRunning } from './config/running.ts';
import type { ManagerConfig } from './config/schema.ts';
import { webNamesOf } from './config/web-names.ts';
import { type ChosenDatabase, openChosenDatabase } from './database/choose.ts';
import type { ReadDatabase } from './database/reader-threads/open-reads.ts';
import { inTransaction } from './database/transactions.ts';
import type { EnrollmentContext } from './enrollment/context.ts';
import { tellOlderAgents } from './enrollment/older-agents.ts';
import { createRenewalPlan } from './enrollment/renewal-plan.ts';
import { serveEnrollmentRoutes } from './enrollment/routes-admin.ts';
import { servePublicRoutes } from './enrollment/routes-public.ts';
import { tidy } from './enrollment/tidy.ts';
import { createWaiting } from './enrollment/waiting.ts';
import { auditAdminCalls } from './http/admin-calls.ts';
import { createApp } from './http/app.ts';
import { createIdentify } from './http/callers.ts';
import { openLocalServer } from './http/local-server.ts';
import { serveProbes } from './http/probes.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { createRoutes, type Routes } from './http/routes.ts';
import { type ManagerServer, openManagerServer, type ServerLimits, TIME_LIMITS } from './http/server.ts';
import { serveStatus } from './http/status.ts';
import { openRepositoryFiles } from './install/repository-files.ts';
import { serveInstallRoutes } from './install/routes.ts';
import { openSetIndex, type SetIndex } from './inventory/set-index/set-index.ts';
import { establishJobKey } from './job-key/establish.ts';
import { jobKeyFile } from './job-key/stored-key.ts';
import { serveJoinTokenRoutes } from './join-tokens/routes.ts';
import { collectManagerMetrics } from './metrics/collect.ts';
import { createManagerCounters, type ManagerCounters } from './metrics/counters.ts';
import { openPage } from './page/page.ts';
import { servePage } from './page/routes.ts';
import { useSession } from './people/find-session.ts';
import { openFirstLink } from './people/first-link.ts';
import { openRotation, type Rotation, serveRotationRoutes } from './rotation/rotation.ts';

/** The doors a manager uses. */
export interface ManagerDoors {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly logger: Logger;
  readonly processUsage: () => ProcessUsage;
  readonly threads: Threads;
}

export interface ManagerOptions extends ManagerDoors {
  readonly config: ManagerConfig;
  readonly paths: ManagerPaths;
}

/** A running manager. */
export interface Manager extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly url: string;
}

/** What agents and the command line call. */
export function managerUrlOf(config: ManagerConfig): string {
  return config.server.url ?? `https://${osHostname()}:${config.server.port}`;
}

interface Data extends ReadDatabase {
  readonly sets: SetIndex;
}

interface Parts {
  readonly options: ManagerOptions;
  readonly database: Data;
  readonly authority: Authority;
  readonly enrollment: EnrollmentContext;
  readonly adminToken: string | undefined;
  readonly counters: ManagerCounters;
  readonly own: OwnCertificates;
  /** Takes up own certificates that were made anew. */
  readonly renewOwn: () => Promise<void>;
  readonly fleet: Fleet;
  readonly rotation: Rotation;
}

/** Builds the manager and binds its port. */
export async function composeManager(options: ManagerOptions): Promise<Manager> {
  const { config, paths, files, clock, random, logger } = options;
  await using stack = new AsyncDisposableStack();
  const authority = await openAuthority({
    files,
    clock,
    random,
    paths,
    webNames: webNamesOf(config),
    agentDays: config.certificates.agent_days,
    crlHours: config.certificates.crl_hours,
    localHosts: config.certificates.local_hosts,
  });
  warnOfNames(options);
  const adminToken = await findAdminToken(options, paths.adminToken);
  const database = stack.use(await openData(options));
  const counters = createManagerCounters(clock);
  const enrollment = enrollmentContext(options, { database, authority, counters });
  const { audit } = enrollment;
  if (database.begun !== undefined) await tellDatabaseBegun(enrollment, database.begun, database.place);
  await establishJobKey(enrollment, authority.jobKey, jobKeyFile(paths.caFolder));
  let started = false;
  stack.defer(async () => {
    if (!started) return;
    await recordStop(enrollment);
  });
  const life = await openOwnLife(options, enrollment, database);
  const app = composeApp({
    options,
    database,
    authority,
    enrollment,
    adminToken,
    counters,
    ...life,
  });
  servePage(app, await openPage(files, paths.page));
  const server = stack.use(
    await openManagerServer({
      listen: config.server,
      limits: limitsOf(config),
      tls: await authority.webPair(),
      app,
      clock,
      random,
      logger,
      onHandshakeFailed: () => counters.countHandshakeFailed(),
    }),
  );
  life.serveWith(server);
  stack.use(await openLocalServer({ path: paths.adminSocket, app, files, clock, logger }));
  const startFields = { version: VERSION, url: managerUrlOf(config) };
  await audit.record(database.db, { actor: 'manager', event: 'manager_started', fields: startFields });
  started = true;
  if (adminToken !== undefined) await recordToken(enrollment, paths.adminToken);
  await tellOlderAgents(enrollment);
  const stopping = new AbortController();
  const upkeep = keepInOrder({ ...life, options, enrollment, signal: stopping.signal });
  const telling = life.rotation.run(stopping.signal);
  const asking = life.fleet.poll.keepPolling(stopping.signal);
  const listing = life.fleet.keepListing(stopping.signal);
  stack.defer(async () => {
    stopping.abort();
    await Promise.all([upkeep, telling, asking, listing]);
  });
  const owned = stack.move();
  return {
    address: server.address,
    port: server.port,
    url: managerUrlOf(config),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function limitsOf({ server }: ManagerConfig): ServerLimits {
  return {
    ...TIME_LIMITS,
    connections: { total: server.max_connections, unprovenPerCaller: server.max_connections_per_address },
  };
}

/** The database, and the thread that has the package sets. */
async function openData(options: ManagerOptions): Promise<Data & ChosenDatabase> {
  await using stack = new AsyncDisposableStack();
  const database = stack.use(await openChosenDatabase(options));
  const sets = stack.use(openSetIndex({ ...options, reads: database.reads }));
  const owned = stack.move();
  return { ...database, sets, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Says that the manager begins with nothing; in the audit as well when something is lost. */
async function tellDatabaseBegun(
  { audit, db, logger }: EnrollmentContext,
  { message, isLoss }: NonNullable<ChosenDatabase['begun']>,
  path: string,
): Promise<void> {
  if (!isLoss) return logger.info(message, { path });
  logger.error(message, { path });
  await audit.record(db, { actor: 'manager', event: 'database_made', fields: { path } });
}

/** A way in from everywhere is on record. */
async function recordToken({ audit, db }: EnrollmentContext, path: string): Promise<void> {
  await audit.record(db, { actor: 'manager', event: 'admin_token_accepted', fields: { path } });
}

/** What widens, or narrows in a way that surprises, whom this manager certifies. */
function warnOfNames({ config, logger }: ManagerOptions): void {
  const { local_hosts } = config.certificates;
  if (local_hosts.length > 0) {
    logger.warn(
      'Hosts may be certified for names or addresses of this very machine (certificates.local_hosts); whoever gets such a certificate can pose as what listens there',
      { local_hosts },
    );
  }
  const wildcards = config.server.names.filter((name) => name.includes('*'));
  if (wildcards.length > 0) {
    logger.warn(
      'server.names has a wildcard, so no host whose name fits it gets a certificate; name the manager itself instead',
      { names: wildcards },
    );
  }
}

/** A manager that cannot write down that it stops stops all the same. */
async function recordStop({ audit, db, logger }: EnrollmentContext): Promise<void> {
  try {
    await audit.sumUp(db, { all: true });
    await audit.record(db, { actor: 'manager', event: 'manager_stopped' });
  } catch (error) {
    logger.error('That the manager stops is not in the audit log', { error });
  }
}

/** What belongs to the manager's own certificates: their renewal, the calls made with them, the life of the CAs. */
async function openOwnLife(options: ManagerOptions, enrollment: EnrollmentContext, { reads, sets }: Data) {
  const { authority, audit, db } = enrollment;
  const own = keepOwnCertificates(authority, audit, db);
  let server: ManagerServer | undefined;
  const renewOwn = async (): Promise<void> => {
    const web = await own.pair('web');
    server?.replaceCertificate(web);
    await own.pair('client');
  };
  await renewOwn();
  const fleet = composeFleet(enrollment, { config: options.config, own, reads, sets });
  const agentDays = options.config.certificates.agent_days;
  const rotation = await openRotation({ ...enrollment, fleet: fleet.client, agentDays, renewOwn });
  return { own, fleet, rotation, renewOwn, serveWith: (bound: ManagerServer) => (server = bound) };
}

function enrollmentContext(
  options: ManagerOptions,
  { database, authority, counters }: Pick<Parts, 'database' | 'authority' | 'counters'>,
): EnrollmentContext {
  const { db } = database;
  const { config, clock, random, logger } = options;
  return {
    db,
    authority,
    audit: createAuditLog({ clock, onEvent: (event) => counters.countEvent(event) }),
    clock,
    random,
    logger,
    renewalPlan: createRenewalPlan({ clock, random }),
    waiting: createWaiting(clock),
    settings: {
      olderAgents: olderAgentRule(config.enrollment.allow_legacy_agents),
      renewExpiredDays: config.enrollment.renew_expired_days,
      requestHours: config.enrollment.request_hours,
      maxPending: config.enrollment.max_pending,
      managerUrl: managerUrlOf(config),
      isOwnUrl: (url, path) => isOwnUrl(url, path, { url: managerUrlOf(config), names: webNamesOf(config) }),
    },
  };
}

function composeApp(parts: Parts) {
  const { options, database, enrollment } = parts;
  const { config, clock } = options;
  const { db } = database;
  const { audit } = enrollment;
  const app = createApp(options, (request, outcome) => parts.counters.countAnswer(request, outcome));
  const holders = createTokenHolders({ ...options, db });
  const people = composePeople(enrollment);
  const identify = createIdentify({
    adminToken: parts.adminToken,
    holders,
    useSession: (shown, address) => useSession(people, shown, address),
    clock,
    onRefused: (call) =>
      audit.record(db, {
        actor: 'unknown',
        event: 'admin_refused',
        fields: { ...call },
        stranger: call.address,
      }),
  });
  const routes = createRoutes(app, clock, { identify, watch: auditAdminCalls(audit, db) });
  servePublicRoutes(
    routes,
    enrollment,
    createRateLimit({ perMinute: config.enrollment.requests_per_minute, clock }),
  );
  serveProbes(routes, options.logger, () => db.selectFrom('hosts').select('id').limit(1).execute());
  serveStatus(routes, { ...options, ...parts, managerUrl: managerUrlOf(config) });
  routes.serve(MANAGER_ADMIN_ROUTES.configuration, () =>
    readRunning(options.files, { config, file: options.paths.configFile }),
  );
  serveMetrics(parts, routes);
  serveEnrollmentRoutes(routes, enrollment);
  serveJoining(parts, routes);
  serveApiTokenRoutes(routes, enrollment, holders);
  servePeople(routes, people, openFirstLink(options.files, clock, options.paths.firstLink));
  serveAuditRoutes(routes, database.reads);
  serveRotationRoutes(routes, parts.rotation);
  serveFleet(routes, enrollment, parts);
  return app;
}

/** Join tokens, and what hosts that have one install. */
function serveJoining({ options, enrollment }: Parts, routes: Routes): void {
  const { config, files, paths } = options;
  const offer = {
    repository: openRepositoryFiles(files, config.install.folder ?? paths.installFolder),
    releaseKey: config.install.release_key,
    rootsPem: () => enrollment.authority.publishedRootsPem,
  };
  const tokens = {
    ...enrollment,
    get caFingerprint() {
      return enrollment.authority.caFingerprint;
    },
    managerUrl: managerUrlOf(config),
  };
  serveJoinTokenRoutes(routes, tokens, offer);
  serveInstallRoutes(routes, offer);
}

function serveMetrics(
  { options, database, enrollment, counters, fleet, rotation }: Parts,
  routes: Routes,
): void {
  const { processUsage } = options;
  routes.serveBare(MANAGER_ADMIN_ROUTES.metrics, async () =>
    answerWith(
      await collectManagerMetrics({ ...enrollment, ...fleet, database, counters, rotation, processUsage }),
      {
        headers: { 'Content-Type': METRICS_MEDIA_TYPE },
      },
    ),
  );
}

/**
 * Once an hour: issuing CAs and the manager's own certificates are renewed when they are due, how the fleet fares is kept once a day,
 * and what is over is forgotten.
 */
async function keepInOrder(parts: {
  readonly options: ManagerOptions;
  readonly enrollment: EnrollmentContext;
  readonly rotation: Rotation;
  readonly fleet: Fleet;
  readonly renewOwn: () => Promise<void>;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { enrollment, rotation, fleet, renewOwn, signal } = parts;
  const { clock, logger } = parts.options;
  const forget = (): Promise<void> =>
    inTransaction(enrollment.db, async (db) => {
      await tidy(enrollment, db);
      await enrollment.audit.sumUp(db);
    });
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    if (signal.aborted) return;
    await work().catch((error: unknown) => {
      if (!signal.aborted) logger.error('The hourly upkeep failed; it is tried again in an hour', { error });
    });
  };
  while (!signal.aborted) {
    await attempt(() => rotation.upkeep());
    await attempt(() => fleet.keepDay());
    await clock.sleep(HOUR_MS, signal).catch(() => {});
    await attempt(renewOwn);
    await attempt(forget);
  }
}
