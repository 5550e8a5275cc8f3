import { AGENT_ROUTES, type Health, type IdentityTrouble, VERSION } from '@linux-patch/contract';
import type { RenewalAlarm } from '@linux-patch/pki';
import type { Clock } from '@linux-patch/runtime';
import type { Hono } from 'hono';
import type { CrlStatus } from '../../identity/revocation/state.ts';
import type { PackageCache } from '../../jobs/cache-state.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import type { AgentEnv } from '../agent-env.ts';
import { serveRoute } from '../serve-route.ts';

/** What the parts that own configuration and certificates say about them. Instants are epoch milliseconds. */
export interface IdentityHealth {
  /** `ok`, or what is wrong. */
  readonly config: string;
  readonly certificates: string;
  /** The same as a code; absent where there is nothing to say. */
  readonly trouble?: IdentityTrouble | undefined;
  /** `ok`, or what is wrong with this host's clock. */
  readonly clock?: string;
  /** `ok`, or why the allow list on disk is not in force, or is not safe. */
  readonly allowList?: string;
  readonly certificateNotAfterMs: number | null;
  readonly crl: {
    readonly status: CrlStatus;
    readonly thisUpdateMs: number | undefined;
    readonly nextUpdateMs: number | undefined;
    readonly number?: bigint | undefined;
  };
  readonly identityTrust: Health['identity_trust'];
  readonly keyOrigin: Health['key_origin'];
  /** Undefined where nothing is renewed. */
  readonly renewal?: RenewalHealth | undefined;
}

/** How the renewal of the certificate fares. Instants are epoch milliseconds. */
export interface RenewalHealth {
  readonly alarm: RenewalAlarm;
  readonly dueMs: number;
  readonly nextAttemptMs: number | undefined;
  /** Time since the loop that renews ran last. */
  readonly keeperAgeMs: number;
}

export interface HealthSources {
  readonly jobs: JobQueue;
  readonly cache: PackageCache;
  readonly identity: () => IdentityHealth;
  /** `ok`, or why packages cannot be managed; must answer at once. */
  readonly packageManagerHealth: () => Promise<string> | string;
  /** Refreshes outdated package lists behind the request's back; called with every health request. */
  readonly refreshInBackground: () => void;
  /** `Clock.monotonicMs` at which the agent started. */
  readonly startedMonotonicMs: number;
}

const DAY_MS = 86_400_000;
/** So that health stays within the 64 KiB that managers read of it, whatever is wrong. */
const CHECK_CHARACTERS = 4_000;

/** `/health` and `/api/v1/health`: always 200, never waits for a refresh. */
export function serveHealth(
  server: { readonly app: Hono<AgentEnv>; readonly clock: Clock },
  sources: HealthSources,
): void {
  const answer = async (): Promise<Health> => {
    const health = await healthOf(sources, server.clock);
    sources.refreshInBackground();
    return health;
  };
  serveRoute(server, AGENT_ROUTES.rootHealth, answer);
  serveRoute(server, AGENT_ROUTES.health, answer);
}

/** The state of health now. */
export async function healthOf(sources: HealthSources, clock: Clock): Promise<Health> {
  const { cache, jobs } = sources;
  const identity = sources.identity();
  const { crl, certificateNotAfterMs } = identity;
  const found = {
    config: identity.config,
    certificates: identity.certificates,
    clock: identity.clock ?? 'ok',
    allow_list: identity.allowList ?? 'ok',
    package_manager: await sources.packageManagerHealth(),
    job_queue: jobs.health(),
    package_cache: cache.health(),
  };
  const checks = Object.fromEntries(
    Object.entries(found).map(([name, result]) => [name, result.slice(0, CHECK_CHARACTERS)]),
  ) as typeof found;
  const crlWrong = crl.status !== 'valid' && crl.status !== 'missing';
  const healthy = !crlWrong && Object.values(checks).every((check) => check === 'ok');
  return {
    status: healthy ? 'healthy' : 'degraded',
    version: VERSION,
    uptime_seconds: Math.floor((clock.monotonicMs() - sources.startedMonotonicMs) / 1_000),
    checks,
    identity_trouble: identity.trouble ?? null,
    last_cache_update: isoOf(cache.lastUpdateMs),
    cache_status: cache.status(),
    crl_status: crl.status,
    crl_age_seconds:
      crl.thisUpdateMs === undefined
        ? null
        : Math.max(0, Math.floor((clock.now() - crl.thisUpdateMs) / 1_000)),
    crl_next_update: isoOf(crl.nextUpdateMs),
    crl_number: crl.number?.toString() ?? null,
    certificate_expires_at: isoOf(certificateNotAfterMs),
    certificate_days_left:
      certificateNotAfterMs === null ? null : Math.floor((certificateNotAfterMs - clock.now()) / DAY_MS),
    identity_trust: identity.identityTrust,
    key_origin: identity.keyOrigin,
  };
}

function isoOf(epochMs: number | null | undefined): string | null {
  return epochMs === null || epochMs === undefined ? null : new Date(epochMs).toISOString();
}
