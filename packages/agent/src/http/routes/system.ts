import { AGENT_ROUTES, isoOf, type SystemInfo, VERSION } from '@linux-patch/contract';
import type { PackageInventory } from '@linux-patch/worker';
import { type HealthSources, healthOf } from '../../health/report.ts';
import { type HostFacts } from '../../host/facts.ts';
import { type RouteServer } from '../agent-request.ts';
import { serveRoute } from '../serve-route.ts';

export interface SystemSources {
  readonly health: HealthSources;
  readonly hostFacts: () => Promise<HostFacts>;
  readonly inventory: PackageInventory;
}

/** `/api/v1/system/info`. */
export function serveSystem(server: RouteServer, { health, hostFacts, inventory }: SystemSources): void {
  serveRoute(server, AGENT_ROUTES.systemInfo, async (): Promise<SystemInfo> => {
    const { cache } = health;
    const [facts, reboot, clean, { status }] = await Promise.all([
      hostFacts(),
      inventory.rebootRequired(),
      inventory.isDatabaseClean(),
      healthOf(health, server.clock),
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
      service_status: status === 'healthy' ? 'serving' : 'degraded',
    };
  });
}
