import { MANAGER_ADMIN_ROUTES, METRICS_MEDIA_TYPE } from '@linux-patch/contract';
import { answerWith } from '@linux-patch/http';
import { createTokenHolders } from './api-tokens/holders.ts';
import { serveApiTokenRoutes } from './api-tokens/routes.ts';
import type { OwnCertificates } from './audit/own-certificates.ts';
import { serveAuditRoutes } from './audit/routes.ts';
import type { Authority } from './authority/authority.ts';
import { type Fleet, serveFleet } from './compose-fleet.ts';
import { composePeople, servePeople } from './compose-people.ts';
import { managerUrlOf } from './config/manager-url.ts';
import { readRunning } from './config/running.ts';
import type { ReadDatabase } from './database/reader-threads/open-reads.ts';
import { type Room, requireRoom } from './database/room.ts';
import type { EnrollmentContext } from './enrollment/context.ts';
import { serveEnrollmentRoutes } from './enrollment/routes-admin.ts';
import { servePublicRoutes } from './enrollment/routes-public.ts';
import type { Hints } from './hints/hints.ts';
import { serveHintRoutes } from './hints/routes.ts';
import { auditAdminCalls } from './http/admin-calls.ts';
import { createApp } from './http/app.ts';
import { createIdentify } from './http/callers.ts';
import { serveProbes } from './http/probes.ts';
import { createRateLimit } from './http/rate-limit.ts';
import { createRoutes, type Routes } from './http/routes.ts';
import { serveStatus } from './http/status.ts';
import { openRepositoryFiles } from './install/repository-files.ts';
import { serveInstallRoutes } from './install/routes.ts';
import type { SetIndex } from './inventory/set-index/set-index.ts';
import { serveJoinTokenRoutes } from './join-tokens/routes.ts';
import type { ManagerOptions } from './manager-options.ts';
import { collectManagerMetrics } from './metrics/collect.ts';
import type { ManagerCounters } from './metrics/counters.ts';
import { createProvider, type Provider } from './oidc/provider.ts';
import { useSession } from './people/find-session.ts';
import { openFirstLink } from './people/first-link.ts';
import { type Rotation, serveRotationRoutes } from './rotation/rotation.ts';

/** The database, with the package sets of every host, and what is told of its changes. */
export interface Data extends ReadDatabase {
  readonly sets: SetIndex;
  readonly hints: Hints;
  readonly room: Room;
}

/** What the routes are served with. */
export interface Parts {
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

/** Every route of the manager but the page. */
export function composeApp(parts: Parts) {
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
  const routes = createRoutes(app, clock, {
    identify,
    watch: auditAdminCalls(audit, db),
    hosts: parts.fleet.hosts,
  });
  servePublicRoutes(
    routes,
    enrollment,
    createRateLimit({ perMinute: config.enrollment.requests_per_minute, clock }),
  );
  serveProbes(routes, options.logger, async () => {
    await db.selectFrom('hosts').select('id').limit(1).execute();
    await requireRoom(db, { room: database.room, random: options.random });
  });
  serveStatus(routes, { ...options, ...parts, managerUrl: managerUrlOf(config) });
  routes.serve(MANAGER_ADMIN_ROUTES.configuration, () =>
    readRunning(options.files, { config, file: options.paths.configFile }),
  );
  serveMetrics(parts, routes);
  serveEnrollmentRoutes(routes, enrollment);
  serveJoining(parts, routes);
  serveApiTokenRoutes(routes, enrollment, holders);
  servePeople(routes, people, {
    link: openFirstLink(options.files, clock, options.paths.firstLink),
    managerUrl: managerUrlOf(config),
    provider: providerOf(options),
  });
  serveAuditRoutes(routes, database.reads);
  serveHintRoutes(routes, { hints: database.hints, clock });
  serveRotationRoutes(routes, parts.rotation);
  serveFleet(routes, enrollment, parts);
  return app;
}

/** The identity provider with which people sign in, where one is configured. */
function providerOf({ config, files, clock }: ManagerOptions): Provider | undefined {
  const { oidc: settings } = config;
  const { origin } = new URL(managerUrlOf(config));
  return settings && createProvider({ settings, origin, files, clock });
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
