import {
  chooseRequestId,
  ERRORS,
  errorEnvelope,
  JOB_EVENTS_PATH,
  messageOf,
  PatchError,
  unexpectedFault,
} from '@linux-patch/contract';
import { addressPrefix } from '@linux-patch/pki';
import { type Clock, findDiskFault, type Logger, type Random } from '@linux-patch/runtime';
import { type Context, Hono } from 'hono';
import type { AuditLog } from '../audit/audit-log.ts';
import type { MetricSources } from '../metrics/collect.ts';
import type { AgentEnv } from './agent-env.ts';
import { RateLimiter, type RateLimits } from './rate-limit.ts';
import { refuseRepeatedHeaders, refuseUnserved } from './request-checks.ts';
import { serveHealth } from './routes/health.ts';
import { type IdentitySources, serveIdentity } from './routes/identity.ts';
import { type JobRouteSources, serveJobs } from './routes/jobs.ts';
import { serveMetrics } from './routes/metrics.ts';
import { type PackageSources, servePackages } from './routes/packages.ts';
import { type PatchSources, servePatches } from './routes/patches.ts';
import { type SystemSources, serveSystem } from './routes/system.ts';
import { serveTrust, type TrustSources } from './routes/trust.ts';

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
}

/** The agent's HTTP API as a Hono app; every answer it gives carries the envelope. */
export function createAgentApp(options: AgentAppOptions): Hono<AgentEnv> {
  const app = new Hono<AgentEnv>({ strict: true });
  const limiter = new RateLimiter(options.rateLimits, options.clock);
  const fail = createFailureAnswer(options);
  app.onError((error, context) => fail(error, context));
  app.notFound((context) => fail(new PatchError('NOT_FOUND', 'There is nothing at this path.'), context));
  app.use('*', async (context, next) => {
    const startedMs = options.clock.monotonicMs();
    const requestId = chooseRequestId(context.req.header('x-request-id'), () => options.random.uuid());
    context.set('requestId', requestId);
    await next();
    context.header('X-Request-Id', requestId);
    context.header('Cache-Control', 'no-store');
    context.header('X-Content-Type-Options', 'nosniff');
    logAccess(options, context, options.clock.monotonicMs() - startedMs);
  });
  app.use('*', async (context, next) => {
    const { caller, fault, method, path, rawHeaders } = context.env;
    if (fault) throw fault;
    refuseRepeatedHeaders(rawHeaders);
    limiter.admit(`${addressPrefix(caller.address)} ${caller.fingerprint}`, { method, path });
    refuseUnserved(method, path);
    if (path === JOB_EVENTS_PATH) {
      throw new PatchError('INVALID_REQUEST', 'This path speaks WebSocket; send an upgrade request.');
    }
    await next();
  });
  const server = { app, clock: options.clock };
  serveHealth(server, options);
  serveMetrics(server, options);
  serveSystem(server, options);
  serveTrust(server, options);
  servePackages(server, options);
  servePatches(server, options);
  serveJobs(server, options);
  serveIdentity(server, options);
  return app;
}

/** The one place where a failure becomes an answer. */
function createFailureAnswer(
  options: AgentAppOptions,
): (error: unknown, context: Context<AgentEnv>) => Response {
  return (error, context) => {
    const requestId = context.get('requestId');
    const known = error instanceof PatchError ? error : findDiskFault(error);
    const failure = known ?? new PatchError('INTERNAL_ERROR', messageOf(error), { cause: error });
    if (ERRORS[failure.code].status >= 500) {
      options.logger.error('request failed', {
        request_id: requestId,
        path: context.env.path,
        error,
        ...(known ? {} : { stack: (error as Error | undefined)?.stack }),
      });
    }
    const shown = known ?? { code: 'INTERNAL_ERROR' as const, message: unexpectedFault(requestId) };
    const stamp = { requestId, nowMs: options.clock.now() };
    return new Response(JSON.stringify(errorEnvelope(stamp, shown)), {
      status: ERRORS[failure.code].status,
      headers: { 'Content-Type': 'application/json', ...extraHeaders(failure) },
    });
  };
}

function extraHeaders(failure: PatchError): Record<string, string> {
  const { allow, retry_after_seconds: retryAfter } = failure.details;
  if (failure.code === 'METHOD_NOT_ALLOWED' && Array.isArray(allow)) return { Allow: allow.join(', ') };
  return typeof retryAfter === 'number' ? { 'Retry-After': String(retryAfter) } : {};
}

function logAccess(options: AgentAppOptions, context: Context<AgentEnv>, durationMs: number): void {
  const { caller, method, path } = context.env;
  const fields = {
    request_id: context.get('requestId'),
    method,
    path,
    status: context.res.status,
    duration_ms: Math.round(durationMs),
    client: caller.commonName,
    address: caller.address,
  };
  options.counters.countRequest(fields);
  options.logger.info('request', fields);
  // Reads are in the log; whatever may change the host is in the audit trail, refused or not.
  if (method !== 'GET' && method !== 'HEAD') {
    options.audit.record('api_call', {
      ...fields,
      client_fingerprint: caller.fingerprint,
      request: context.get('asked'),
      job: context.get('jobId'),
    });
  }
}
