import { JOB_EVENTS_PATH, PatchError } from '@linux-patch/contract';
import { type AnsweredRequest, createHttpApp } from '@linux-patch/http';
import { addressPrefix } from '@linux-patch/pki';
import type { Clock, Logger, Random } from '@linux-patch/runtime';
import type { SignatureGate } from '@linux-patch/worker';
import type { Context, Hono } from 'hono';
import type { AuditLog } from '../audit/audit-log.ts';
import type { Installation } from '../health/report.ts';
import type { MetricSources } from '../metrics/collect.ts';
import type { AgentEnv } from './agent-env.ts';
import { refuseOtherInstance } from './other-instance.ts';
import { createRateLimiter, type RateLimits } from './rate-limit.ts';
import { refuseRepeatedHeaders } from './repeated-headers.ts';
import { serveHealth } from './routes/health.ts';
import { type IdentitySources, serveIdentity } from './routes/identity.ts';
import { type JobRouteSources, serveJobs } from './routes/jobs.ts';
import { serveMetrics } from './routes/metrics.ts';
import { type PackageSources, serveHolds, servePackages } from './routes/packages.ts';
import { type PatchSources, servePatches } from './routes/patches.ts';
import { servePlans } from './routes/plans.ts';
import { type SystemSources, serveSystem } from './routes/system.ts';
import { serveTrust, type TrustSources } from './routes/trust.ts';
import { showChallenge } from './signed-changes.ts';

/** This installation, and what says whose changes it does. */
export interface ServedInstallation extends Installation {
  readonly gate: SignatureGate;
}

export interface AgentAppOptions
  extends MetricSources,
    SystemSources,
    PackageSources,
    PatchSources,
    JobRouteSources,
    IdentitySources,
    TrustSources {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly audit: AuditLog;
  readonly rateLimits: RateLimits;
  readonly installation: ServedInstallation;
}

/** The agent's HTTP API as a Hono app; every answer it gives carries the envelope. */
export function createAgentApp(options: AgentAppOptions): Hono<AgentEnv> {
  const limiter = createRateLimiter(options.rateLimits, options.clock);
  const app = createHttpApp<AgentEnv>({
    ...options,
    admit(context) {
      const { caller, method, path, rawHeaders } = context.env;
      refuseRepeatedHeaders(rawHeaders);
      limiter.admit(`${addressPrefix(caller.address)} ${caller.fingerprint}`, { method, path });
      refuseOtherInstance(
        { method, header: (name) => context.req.header(name) },
        options.installation.instanceId,
      );
      context.set('gate', options.installation.gate);
    },
    onAnswered(context, request) {
      showChallenge(context);
      recordAccess(options, context, request);
    },
  });
  app.get(JOB_EVENTS_PATH, () => {
    throw new PatchError('INVALID_REQUEST', 'This path speaks WebSocket; send an upgrade request.');
  });
  const server = { app, clock: options.clock };
  serveHealth(server, options);
  serveMetrics(server, options);
  serveSystem(server, options);
  serveTrust(server, options);
  servePackages(server, options);
  serveHolds(server, options);
  servePatches(server, options);
  servePlans(server, options);
  serveJobs(server, options);
  serveIdentity(server, options);
  return app;
}

function recordAccess(
  { counters, logger, audit }: AgentAppOptions,
  context: Context<AgentEnv>,
  request: AnsweredRequest,
): void {
  const { caller } = context.env;
  const fields = { ...request, client: caller.commonName, address: caller.address };
  counters.countRequest(fields);
  logger.info('request', fields);
  // Reads are in the log; whatever may change the host is in the audit trail, refused or not.
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    audit.record('api_call', {
      ...fields,
      client_fingerprint: caller.fingerprint,
      request: context.get('asked'),
      job: context.get('jobId'),
    });
  }
}
