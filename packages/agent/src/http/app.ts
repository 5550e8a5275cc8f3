import { JOB_EVENTS_PATH, PatchError } from '@linux-patch/contract';
import { type AnsweredRequest, createHttpApp, type HttpApp } from '@linux-patch/http';
import { addressPrefix } from '@linux-patch/pki';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { AuditLog } from '../audit/audit-log.ts';
import type { HealthSources } from '../health/report.ts';
import type { HostFacts } from '../host/facts.ts';
import type { ChangeIntake } from '../jobs/change-intake.ts';
import type { JobQueue } from '../jobs/queue.ts';
import type { MetricSources } from '../metrics/collect.ts';
import type { AgentRequest } from './agent-request.ts';
import { refuseOtherInstance, refuseRepeatedHeaders } from './header-checks.ts';
import { createRateLimiter, type RateLimits } from './rate-limit.ts';
import { serveHealth, serveMetrics } from './routes/health.ts';
import { type ServedIdentity, serveIdentity } from './routes/identity.ts';
import { serveJobEvents } from './routes/job-events.ts';
import { serveJobs } from './routes/jobs.ts';
import { servePackages } from './routes/packages.ts';
import { servePatches } from './routes/patches.ts';
import { servePlans } from './routes/plans.ts';
import { serveReboots } from './routes/reboots.ts';
import { type ServiceSources, serveServices } from './routes/services.ts';
import { serveSystem } from './routes/system.ts';
import type { ServedListings } from './served-listings.ts';
import { showChallenge } from './signed-changes.ts';

/** What the API shows and works on. */
export interface ApiSources {
  readonly health: HealthSources;
  readonly metrics: MetricSources;
  readonly hostFacts: () => Promise<HostFacts>;
  readonly listings: ServedListings;
  readonly services: ServiceSources;
  readonly jobs: JobQueue;
  readonly identity: ServedIdentity | undefined;
}

/** How requests are taken, limited and written down. */
export interface RequestOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly audit: AuditLog;
  readonly rateLimits: RateLimits;
  readonly intake: ChangeIntake;
  /** Names for which this host is certified now. */
  readonly names: () => readonly string[];
}

/** The agent's HTTP API; every answer it gives carries the envelope. */
export function createAgentApp(sources: ApiSources, options: RequestOptions): HttpApp<AgentRequest> {
  const { health, metrics, hostFacts, listings, services, jobs, identity } = sources;
  const { clock, random, logger, audit, intake, names } = options;
  const limiter = createRateLimiter(options.rateLimits, clock);
  const app = createHttpApp<AgentRequest>({
    clock,
    random,
    logger,
    async admit({ request }) {
      const { caller, method, path, rawHeaders } = request;
      refuseRepeatedHeaders(rawHeaders);
      limiter.admit(`${addressPrefix(caller.address)} ${caller.fingerprint}`, { method, path });
      await refuseOtherInstance(request, health.installation.instanceId);
    },
    onAnswered({ request }, answered, { answer }) {
      showChallenge(request, answer);
      const fields = accessFields(request, answered);
      metrics.counters.countRequest(fields);
      logger.info('request', fields);
      // Reads are in the log; whatever may change the host is in the audit trail, refused or not.
      if (request.method !== 'GET' && request.method !== 'HEAD')
        audit.record('api_call', { ...fields, ...changeFields(request) });
    },
  });
  app.serve({ method: 'GET', path: JOB_EVENTS_PATH }, () => {
    throw new PatchError('INVALID_REQUEST', 'This path speaks WebSocket; send an upgrade request.');
  });
  const server = { app, clock, intake, names };
  serveHealth(server, health);
  serveMetrics(server, health, metrics);
  serveSystem(server, { health, hostFacts, inventory: listings.inventory });
  serveServices(server, services);
  serveReboots(server);
  servePackages(server, listings);
  servePatches(server, listings);
  servePlans(server, listings);
  serveJobs(server, jobs);
  serveJobEvents(server, jobs);
  serveIdentity(server, identity);
  return app;
}

function accessFields({ caller }: AgentRequest, answered: AnsweredRequest) {
  return { ...answered, client: caller.commonName, address: caller.address };
}

/** What was asked for, by whom, and the job that was made of it. */
function changeFields({ caller, trail }: AgentRequest) {
  return {
    client_fingerprint: caller.fingerprint,
    signed_by: trail.signedBy,
    request: trail.asked,
    job: trail.jobId,
  };
}
