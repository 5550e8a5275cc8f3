import { AGENT_ROUTES, isoOf, type SystemInfo, VERSION } from '@linux-patch/contract';
import type { Clock } from '@linux-patch/runtime';
import type { PackageCache, PackageInventory } from '@linux-patch/worker';
import type { Hono } from 'hono';
import { type HealthSources, healthOf } from '../../health/report.ts';
import type { HostFacts } from '../../host/facts.ts';
import type { AgentEnv } from '../agent-env.ts';
import { serveRoute } from '../serve-route.ts';

export interface SystemSources extends HealthSources {
  readonly hostFacts: () => Promise<HostFacts>;
  readonly inventory: PackageInventory;
  readonly cache: PackageCache;
}

/** `/api/v1/system/info`. */
export function serveSystem(
  server: { readonly app: Hono<AgentEnv>; readonly clock: Clock },
  sources: SystemSources,
): void {
  serveRoute(server, AGENT_ROUTES.systemInfo, async (): Promise<SystemInfo> => {
    const { inventory, cache } = sources;
    const [facts, reboot, clean, health] = await Promise.all([
      sources.hostFacts(),
      inventory.rebootRequired(),
      inventory.isDatabaseClean(),
      healthOf(sources, server.clock),
    ]);
    const { osRelease } = facts;
    return {
      hostname: facts.hostname,
      fqdn: facts.fqdn,
      os: osRelease.prettyName ?? osRelease.name ?? 'Linux',
      os_version: osRelease.versionId ?? osRelease.version ?? 'unknown',
      os_codename: osRelease.codename ?? null,
      kernel: facts.kernel,
      architecture: facts.architecture,
      package_manager: inventory.name,
      uptime_seconds: facts.uptimeSeconds,
      boot_id: facts.bootId,
      last_boot: isoOf(facts.lastBootMs),
      last_update_check: isoOf(cache.lastUpdateMs),
      last_update_apply: isoOf(cache.lastApplyMs),
      pending_reboot: reboot.required,
      reboot_reasons: [...reboot.reasons],
      package_db_clean: clean,
      api_version: VERSION,
      service_status: health.status === 'healthy' ? 'serving' : 'degraded',
    };
  });
}
