import {
  AGENT_METRICS,
  CRL_STATUSES,
  JOB_STATUSES,
  oneOf,
  type Readings,
  renderMetrics,
  VERSION,
} from '@linux-patch/contract';
import { alarmLevel } from '@linux-patch/pki';
import type { Clock, ProcessUsage } from '@linux-patch/runtime';
import { type HealthSources, healthOf } from '../health/report.ts';
import type { AgentCounters } from './counters.ts';

/** What is measured beside health. */
export interface MetricSources {
  readonly counters: AgentCounters;
  readonly processUsage: () => ProcessUsage;
  /** State of the enrolment under way; undefined when none is. */
  readonly enrollmentState: () => Promise<string | undefined>;
}

/** States of an enrolment as metrics know them. */
const ENROLLMENT_STATES = [
  'none',
  'starting',
  'registering',
  'waiting',
  'installing',
  'needs_person',
  'retrying',
] as const;

const seconds = (epochMs: number | null | undefined): number | null =>
  epochMs === null || epochMs === undefined ? null : epochMs / 1_000;

/** Everything that can be measured, in Prometheus' text format. */
export async function collectAgentMetrics(
  health: HealthSources,
  sources: MetricSources,
  clock: Clock,
): Promise<string> {
  const usage = sources.processUsage();
  return renderMetrics(AGENT_METRICS, {
    linux_patch_agent_build_info: [
      { labels: { version: VERSION, node_version: usage.nodeVersion }, value: 1 },
    ],
    ...(await stateReadings(health, clock)),
    linux_patch_agent_enrollment_state: oneOf(
      'state',
      ENROLLMENT_STATES,
      (await sources.enrollmentState()) ?? 'none',
    ),
    ...counterReadings(sources),
    process_start_time_seconds: sources.counters.startedAtMs / 1_000,
    process_cpu_seconds_total: usage.cpuSeconds,
    process_resident_memory_bytes: usage.residentBytes,
  });
}

type All = Readings<typeof AGENT_METRICS>;

async function stateReadings(sources: HealthSources, clock: Clock) {
  const health = await healthOf(sources, clock);
  const { certificateNotAfterMs: notAfterMs, crl, identityTrust, keyOrigin, renewal } = sources.identity();
  const nowMs = clock.now();
  const jobs = sources.jobs.list();
  return {
    linux_patch_agent_healthy: health.status === 'healthy' ? 1 : 0,
    linux_patch_agent_check_ok: Object.entries(health.checks).map(([check, result]) => ({
      labels: { check },
      value: result === 'ok' ? 1 : 0,
    })),
    linux_patch_agent_identity_info: [{ labels: { trust: identityTrust, key_origin: keyOrigin }, value: 1 }],
    linux_patch_agent_identity_not_after_timestamp_seconds: seconds(notAfterMs),
    linux_patch_agent_identity_remaining_seconds: notAfterMs === null ? null : (notAfterMs - nowMs) / 1_000,
    linux_patch_agent_identity_renewal_alarm: renewal ? alarmLevel(renewal.alarm) : null,
    linux_patch_agent_identity_renewal_due_timestamp_seconds: seconds(renewal?.dueMs),
    linux_patch_agent_identity_renewal_next_attempt_timestamp_seconds: seconds(renewal?.nextAttemptMs),
    linux_patch_agent_identity_keeper_age_seconds: seconds(renewal?.loopAgeMs),
    linux_patch_agent_crl_status: oneOf('status', CRL_STATUSES, crl.status),
    linux_patch_agent_crl_age_seconds:
      crl.thisUpdateMs === undefined ? null : (nowMs - crl.thisUpdateMs) / 1_000,
    linux_patch_agent_crl_next_update_timestamp_seconds: seconds(crl.nextUpdateMs),
    linux_patch_agent_package_lists_update_timestamp_seconds: seconds(sources.cache.lastUpdateMs),
    linux_patch_agent_jobs: JOB_STATUSES.map((status) => ({
      labels: { status },
      value: jobs.filter((job) => job.status === status).length,
    })),
  } satisfies Partial<All>;
}

function counterReadings({ counters }: MetricSources) {
  return {
    linux_patch_agent_identity_renewals_total: counters.renewals(),
    linux_patch_agent_identity_renewal_failing: counters.renewalFailing,
    linux_patch_agent_http_requests_total: counters.requests(),
    linux_patch_agent_connections_refused_total: counters.refusals(),
    linux_patch_agent_audit_events_total: counters.events(),
  } satisfies Partial<All>;
}
