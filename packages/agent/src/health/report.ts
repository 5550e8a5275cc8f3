import { DAY_MS, type Health, type HostJobKey, isoOf, messageOf, VERSION } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { PackageCache } from '@linux-patch/worker';
import type { JobQueue } from '../jobs/queue.ts';
import type { IdentityHealth } from './identity.ts';

/** This installation of the agent on this host. */
export interface Installation {
  /** Undefined while nobody could say it. */
  readonly instanceId: () => Promise<string | undefined>;
  /** Which key signs the changes that it does. @throws PatchError `SERVICE_UNHEALTHY` where that is not known */
  readonly jobKey: () => Promise<HostJobKey>;
}

export interface HealthSources {
  readonly installation: Installation;
  readonly jobs: JobQueue;
  readonly cache: PackageCache;
  readonly identity: () => IdentityHealth;
  /** `ok`, or why packages cannot be managed, and when that was found; answers at once. */
  readonly packageHealth: () => { readonly words: string; readonly atMs: number | undefined };
  /** Refreshes outdated package lists behind the request's back; called with every health request. */
  readonly refreshInBackground: () => void;
  /** `Clock.monotonicMs` at which the agent started. */
  readonly startedMonotonicMs: number;
}

/** So that health stays within the 64 KiB that managers read of it, whatever is wrong. */
const CHECK_CHARACTERS = 4_000;

/** The state of health now. */
export async function healthOf(sources: HealthSources, clock: Clock): Promise<Health> {
  const { cache, jobs } = sources;
  const packages = sources.packageHealth();
  const identity = sources.identity();
  const { crl, certificateNotAfterMs } = identity;
  const jobKey = await sources.installation.jobKey().catch((error: unknown) => messageOf(error));
  const found = {
    config: identity.config,
    certificates: identity.certificates,
    clock: identity.clock ?? 'ok',
    allow_list: identity.allowList ?? 'ok',
    policy: identity.policy ?? 'ok',
    job_key: typeof jobKey === 'string' ? jobKey : 'ok',
    package_manager: packages.words,
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
    instance_id: await sources.installation.instanceId(),
    uptime_seconds: Math.floor((clock.monotonicMs() - sources.startedMonotonicMs) / 1_000),
    checks,
    allowed_operations: identity.allowedOperations && [...identity.allowedOperations],
    identity_trouble: identity.trouble ?? null,
    last_package_check: isoOf(packages.atMs),
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
    job_key: typeof jobKey === 'string' ? undefined : jobKey,
  };
}
