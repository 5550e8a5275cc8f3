import { VERSION } from '@linux-patch/contract';
import { type AuditLog, createAuditLog } from './audit/audit-log.ts';
import { keepOwnCertificates } from './audit/own-certificates.ts';
import type { Sealing } from './audit/seal.ts';
import { findAdminToken } from './authority/admin-token.ts';
import { openAuthority } from './authority/authority.ts';
import { noteServed } from './authority/initialised.ts';
import { composeApp, type Data, type Parts } from './compose-app.ts';
import { composeFleet } from './compose-fleet.ts';
import { managerUrlOf } from './config/manager-url.ts';
import { olderAgentRule } from './config/older-agent-rule.ts';
import { isOwnUrl } from './config/own-url.ts';
import type { ManagerConfig } from './config/schema.ts';
import { webNamesOf } from './config/web-names.ts';
import { type ChosenDatabase, openChosenDatabase } from './database/choose.ts';
import { watchRoom } from './database/room.ts';
import type { ChangeListener } from './database/told-dialect.ts';
import type { EnrollmentContext } from './enrollment/context.ts';
import { tellOlderAgents } from './enrollment/older-agents.ts';
import { createRenewalPlan } from './enrollment/renewal-plan.ts';
import { createWaiting } from './enrollment/waiting.ts';
import { createHints } from './hints/hints.ts';
import { topicsOf } from './hints/topics.ts';
import { openLocalServer } from './http/local-server.ts';
import { type ManagerServer, openManagerServer, type ServerLimits, TIME_LIMITS } from './http/server.ts';
import { openSetIndex } from './inventory/set-index/set-index.ts';
import { establishJobKey } from './job-key/establish.ts';
import { jobKeyFile } from './job-key/stored-key.ts';
import type { ManagerOptions } from './manager-options.ts';
import { createManagerCounters } from './metrics/counters.ts';
import { openPage } from './page/page.ts';
import { servePage } from './page/routes.ts';
import { openRotation } from './rotation/rotation.ts';
import { keepInOrder } from './upkeep.ts';

/** A running manager. */
export interface Manager extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
  readonly url: string;
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
  stack.use(await openLocalServer({ path: paths.adminSocket, app, files, clock, random, logger }));
  const startFields = { version: VERSION, url: managerUrlOf(config) };
  await audit.record(database.db, { actor: 'manager', event: 'manager_started', fields: startFields });
  started = true;
  await noteServed(files, clock, paths);
  if (adminToken !== undefined) await recordToken(enrollment, paths.adminToken);
  await tellOlderAgents(enrollment);
  const stopping = new AbortController();
  const sealing = sealingOf(options, audit, database);
  const upkeep = keepInOrder({ ...life, enrollment, sealing, signal: stopping.signal });
  const telling = life.rotation.run(stopping.signal);
  const asking = life.fleet.poll.keepPolling(stopping.signal);
  const listing = life.fleet.keepListing(stopping.signal);
  const hinting = database.hints.run(stopping.signal);
  stack.defer(async () => {
    stopping.abort();
    await Promise.all([upkeep, telling, asking, listing, hinting]);
  });
  const owned = stack.move();
  return {
    address: server.address,
    port: server.port,
    url: managerUrlOf(config),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function sealingOf(
  { config, paths, files, clock }: ManagerOptions,
  audit: AuditLog,
  { db, reads }: Data,
): Sealing {
  const { retention_days: retentionDays } = config.audit;
  return { db, reads, audit, files, clock, folder: paths.auditFolder, retentionDays };
}

function limitsOf({ server }: ManagerConfig): ServerLimits {
  return {
    ...TIME_LIMITS,
    connections: { total: server.max_connections, unprovenPerCaller: server.max_connections_per_address },
  };
}

/** The database, what is told of it, and the thread that has the package sets. */
async function openData(options: ManagerOptions): Promise<Data & ChosenDatabase> {
  await using stack = new AsyncDisposableStack();
  const hints = createHints({ clock: options.clock, epoch: options.random.uuid() });
  const room = watchRoom(options.logger);
  const committed: ChangeListener['committed'] = (tables) => {
    room.committed(tables);
    hints.changed(topicsOf(tables));
  };
  const database = stack.use(
    await openChosenDatabase({
      ...options,
      listener: { committed, refused: (error) => room.refused(error) },
    }),
  );
  const sets = stack.use(openSetIndex({ ...options, reads: database.reads }));
  const owned = stack.move();
  return { ...database, sets, hints, room, [Symbol.asyncDispose]: () => owned.disposeAsync() };
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
