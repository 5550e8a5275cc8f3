import {
  byLabel,
  DAY_MS,
  HOST_IDENTITY_STATES,
  MANAGER_METRICS,
  type Reading,
  type Readings,
  ROTATION_PHASES,
  renderMetrics,
  VERSION,
} from '@linux-patch/contract';
import { parseCertificates } from '@linux-patch/pki';
import type { Clock, ProcessUsage } from '@linux-patch/runtime';
import { sql } from 'kysely';
import type { Authority } from '../authority/authority.ts';
import type { ReadDatabase } from '../database/reader-threads/open-reads.ts';
import type { Waiting } from '../enrollment/waiting.ts';
import type { FleetPoll } from '../fleet-watch/poll.ts';
import type { HostStore } from '../hosts/store.ts';
import type { Rotation } from '../rotation/rotation.ts';
import type { ManagerCounters } from './counters.ts';

export interface MetricSources {
  readonly database: ReadDatabase;
  readonly clock: Clock;
  readonly authority: Authority;
  readonly waiting: Waiting;
  readonly counters: ManagerCounters;
  readonly rotation: Pick<Rotation, 'status'>;
  readonly hosts: HostStore;
  readonly poll: FleetPoll;
  readonly processUsage: () => ProcessUsage;
}

/** Of what hosts were asked, what is not over. */
const OPEN_JOB_STATES = ['waiting', 'asked', 'accepted'] as const;
const ENROLLMENT_STATES = ['pending', 'approved', 'installed', 'denied'] as const;

/** Everything that can be measured, in Prometheus' text format. */
export async function collectManagerMetrics(sources: MetricSources): Promise<string> {
  const { counters, processUsage, waiting } = sources;
  const usage = processUsage();
  return renderMetrics(MANAGER_METRICS, {
    linux_patch_manager_build_info: [
      { labels: { version: VERSION, node_version: usage.nodeVersion }, value: 1 },
    ],
    ...(await fleetReadings(sources)),
    ...(await certificateReadings(sources)),
    ...(await rotationReadings(sources)),
    ...(await identityReadings(sources)),
    linux_patch_manager_polls_held: waiting.held,
    linux_patch_manager_http_requests_total: counters.requests(),
    linux_patch_manager_requests_refused_total: counters.refusals(),
    linux_patch_manager_tls_handshakes_failed_total: counters.handshakesFailed,
    linux_patch_manager_audit_events_total: counters.events(),
    process_start_time_seconds: counters.startedAtMs / 1_000,
    process_cpu_seconds_total: usage.cpuSeconds,
    process_resident_memory_bytes: usage.residentBytes,
  });
}

type All = Readings<typeof MANAGER_METRICS>;

async function identityReadings({ database, authority, hosts, poll }: MetricSources) {
  const fleet = await hosts.list('everywhere');
  const list = await authority.revocationList(database.db);
  return {
    linux_patch_manager_hosts_by_identity: byLabel(
      'state',
      HOST_IDENTITY_STATES.map(
        (state) => [state, fleet.filter((host) => host.identity.state === state).length] as const,
      ),
    ),
    linux_patch_manager_hosts_reboot_needed: byLabel('needed', [
      ['yes', fleet.filter((host) => host.left_at === null && host.reboot.needed === true).length],
      ['no', fleet.filter((host) => host.left_at === null && host.reboot.needed === false).length],
      ['unknown', fleet.filter((host) => host.left_at === null && host.reboot.needed === null).length],
    ]),
    linux_patch_manager_hosts_crl_behind: fleet.filter(
      (host) => host.left_at === null && host.identity.crl_current === false,
    ).length,
    linux_patch_manager_crl_number: list.number,
    linux_patch_manager_crl_next_update_timestamp_seconds: list.nextUpdateMs / 1_000,
    linux_patch_manager_last_poll_timestamp_seconds:
      poll.lastRoundMs === undefined ? null : poll.lastRoundMs / 1_000,
  } satisfies Partial<All>;
}

async function fleetReadings({ database: { reads: db }, clock }: MetricSources) {
  const hosts = await db
    .selectFrom('hosts')
    .select((select) => [
      select.fn.countAll<number>().as('all'),
      select.fn.count<number>('last_error').as('unreachable'),
    ])
    .executeTakeFirstOrThrow();
  const states = await db
    .selectFrom('enrollments')
    .select((select) => [
      'state',
      select.fn.countAll<number>().as('number'),
      select.fn.min<number>('created_at').as('oldest'),
    ])
    .groupBy('state')
    .execute();
  const jobs = await db
    .selectFrom('host_jobs')
    .where('state', 'in', OPEN_JOB_STATES)
    .groupBy('state')
    .select((select) => ['state', select.fn.countAll<number>().as('number')])
    .execute();
  const countOf = (state: string): number => Number(states.find((one) => one.state === state)?.number ?? 0);
  const oldest = states.find((one) => one.state === 'pending')?.oldest;
  return {
    linux_patch_manager_hosts: Number(hosts.all),
    linux_patch_manager_hosts_unreachable: Number(hosts.unreachable),
    linux_patch_manager_enrollments: byLabel(
      'state',
      ENROLLMENT_STATES.map((state) => [state, countOf(state)] as const),
    ),
    linux_patch_manager_host_jobs_open: byLabel(
      'state',
      OPEN_JOB_STATES.map(
        (state) => [state, Number(jobs.find((one) => one.state === state)?.number ?? 0)] as const,
      ),
    ),
    linux_patch_manager_oldest_pending_enrollment_seconds:
      oldest === undefined ? null : (clock.now() - Number(oldest)) / 1_000,
  } satisfies Partial<All>;
}

async function certificateReadings({ database: { reads: db }, clock, authority }: MetricSources) {
  const now = clock.now();
  const counts = await db
    .selectFrom('certificates')
    .where('kind', '=', 'agent')
    .select([
      sql<number>`coalesce(sum(case when revoked_at is not null then 1 else 0 end), 0)`.as('revoked'),
      sql<number>`coalesce(sum(case when revoked_at is null and not_after < ${now} then 1 else 0 end), 0)`.as(
        'expired',
      ),
      sql<number>`coalesce(sum(case when revoked_at is null and not_after >= ${now}
        and (not_after - ${now}) * 10 < not_after - not_before then 1 else 0 end), 0)`.as('expiring'),
      sql<number>`coalesce(sum(case when revoked_at is null and not_after >= ${now}
        and (not_after - ${now}) * 10 >= not_after - not_before then 1 else 0 end), 0)`.as('valid'),
    ])
    .executeTakeFirstOrThrow();
  const newest = db
    .selectFrom('certificates')
    .innerJoin('hosts', 'hosts.id', 'certificates.host_id')
    .where('revoked_at', 'is', null)
    .groupBy('host_id')
    .select((select) => select.fn.max<number>('not_after').as('until'));
  const overdue = await db
    .selectFrom('certificates as own')
    .innerJoin('hosts', 'hosts.id', 'own.host_id')
    .where('own.renew_at', '<', now - DAY_MS)
    .where('own.revoked_at', 'is', null)
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('certificates as newer')
            .select('newer.serial')
            .whereRef('newer.host_id', '=', 'own.host_id')
            .whereRef('newer.not_after', '>', 'own.not_after')
            .where('newer.revoked_at', 'is', null),
        ),
      ),
    )
    .select((select) => select.fn.countAll<number>().as('hosts'))
    .executeTakeFirstOrThrow();
  const first = await db
    .selectFrom(newest.as('newest'))
    .select((select) => select.fn.min<number | null>('until').as('until'))
    .executeTakeFirstOrThrow();
  return {
    linux_patch_manager_certificates: byLabel(
      'state',
      (['valid', 'expiring', 'expired', 'revoked'] as const).map(
        (state) => [state, Number(counts[state])] as const,
      ),
    ),
    linux_patch_manager_host_certificate_not_after_timestamp_seconds:
      first.until === null ? null : Number(first.until) / 1_000,
    linux_patch_manager_renewals_overdue: Number(overdue.hosts),
    linux_patch_manager_own_certificate_not_after_timestamp_seconds: await ownCertificates(authority),
  } satisfies Partial<All>;
}

async function rotationReadings({ rotation }: MetricSources) {
  const status = await rotation.status();
  return {
    linux_patch_manager_ca_rotation_due: status.rotation_due ? 1 : 0,
    linux_patch_manager_ca_rotation_phase: byLabel(
      'phase',
      ROTATION_PHASES.map((phase) => [phase, phase === status.phase ? 1 : 0] as const),
    ),
    linux_patch_manager_ca_rotation_hosts_behind: status.laggards.length,
  } satisfies Partial<All>;
}

async function ownCertificates(authority: Authority): Promise<Reading<'name'>[]> {
  const pems = {
    root: authority.rootPem,
    issuing: authority.issuingPem,
    client: (await authority.clientPair()).certificatePem,
    web: (await authority.webPair()).certificatePem,
  };
  return Object.entries(pems).flatMap(([name, pem]) => {
    const [certificate] = parseCertificates(pem);
    return certificate ? [{ labels: { name }, value: certificate.notAfterMs / 1_000 }] : [];
  });
}
