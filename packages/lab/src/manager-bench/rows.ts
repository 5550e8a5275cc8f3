import { Client } from 'pg';
import { type FleetSize, hostId, idsOf } from './fleet.ts';
import { msSince } from './records.ts';
import type { Written } from './writes.ts';

/**
 * A row for each package of each host under ids that are texts, and for each report all rows of the host deleted and
 * inserted anew: the shape of the records of PatchMon 2 (its schema of `packages` and `host_packages`).
 */
const SCHEMA = `
create table packages (
  id text primary key,
  name text not null unique,
  latest_version text,
  updated_at timestamptz not null
);
create table host_packages (
  id text primary key,
  host_id text not null,
  package_id text not null references packages (id),
  current_version text not null,
  available_version text,
  needs_update boolean not null,
  is_security_update boolean not null,
  last_checked timestamptz not null,
  unique (host_id, package_id)
);
create index on host_packages (host_id);
create index on host_packages (package_id);
create index on host_packages (needs_update);
create index on host_packages (host_id, needs_update);
`;

const UPDATED_EVERY = 37;

/** What a host reports: names, versions, and which wait. */
function reportOf(host: number, size: FleetSize, isChanged: boolean) {
  return idsOf(host, size).map((id, index) => ({
    name: `package-${Math.floor(id / 10)}`,
    version: `1.${isChanged && index < 20 ? 1 : id % 10}-1`,
    waits: index % UPDATED_EVERY === 0,
  }));
}

type Report = ReturnType<typeof reportOf>;

/** One report, in one transaction: names first, then all rows of the host anew. */
async function keepReport(client: Client, host: string, report: Report): Promise<void> {
  // Two packages of one name are one row there; in one order, so that nobody waits for somebody who waits for them.
  const rows = [...new Map(report.map((one) => [one.name, one])).values()].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const names = rows.map(({ name }) => name);
  await client.query('begin');
  const { rows: known } = await client.query<{ readonly id: string; readonly name: string }>(
    `insert into packages (id, name, latest_version, updated_at)
     select gen_random_uuid()::text, name, version, now() from unnest($1::text[], $2::text[]) as new (name, version)
     on conflict (name) do update set latest_version = excluded.latest_version, updated_at = excluded.updated_at
     returning id, name`,
    [names, rows.map(({ version }) => version)],
  );
  const ids = new Map(known.map(({ id, name }) => [name, id]));
  await client.query('delete from host_packages where host_id = $1', [host]);
  await client.query(
    `insert into host_packages
     select gen_random_uuid()::text, $1, package, version, null, waits, false, now()
     from unnest($2::text[], $3::text[], $4::boolean[]) as new (package, version, waits)`,
    [
      host,
      names.map((name) => ids.get(name)),
      rows.map(({ version }) => version),
      rows.map(({ waits }) => waits),
    ],
  );
  await client.query('commit');
}

const bytesOf = (tables: readonly string[]): string =>
  `select sum(pg_total_relation_size(name::regclass))::float8 as bytes from unnest(array[${tables
    .map((one) => `'${one}'`)
    .join(',')}]) as t (name)`;

/** Reports that are kept at a time; more wait for the same rows of `packages`. */
const AT_ONCE = 4;

async function connect(socket: string): Promise<Client> {
  const client = new Client({ host: socket, user: 'postgres', database: 'postgres' });
  await client.connect();
  await client.query('set search_path to rows, public');
  return client;
}

/** Replays reports in that shape on the same server, and says how the records of this manager compare. */
export async function measureRows(socket: string, size: FleetSize, ours: Written): Promise<string[]> {
  await using stack = new AsyncDisposableStack();
  const clients: Client[] = [];
  for (let count = 0; count < AT_ONCE; count += 1) {
    const client = await connect(socket);
    stack.defer(() => client.end());
    clients.push(client);
  }
  const [client] = clients;
  if (!client) throw new Error('no connection');
  const sets = await client.query<{ readonly bytes: number; readonly hosts: number }>(
    `select (${bytesOf(['package_sets', 'package_versions', 'host_updates'])}) as bytes, (select count(*)::int from package_sets) as hosts`,
  );
  await client.query(`create schema rows; ${SCHEMA}`);
  const keepAll = async (isChanged: boolean): Promise<number> => {
    const reports = Array.from({ length: size.hosts }, (_, host) => reportOf(host, size, isChanged));
    const from = performance.now();
    const waiting = reports.entries();
    const work = async (own: Client): Promise<void> => {
      for (const [host, report] of waiting) await keepReport(own, hostId(host), report);
    };
    await Promise.all(clients.map(work));
    return (size.hosts * 1_000) / msSince(from);
  };
  const whole = await keepAll(false);
  const changed = await keepAll(true);
  const rows = await client.query<{ readonly bytes: number }>(bytesOf(['host_packages', 'packages']));
  const perHost = {
    rows: (rows.rows[0]?.bytes ?? 0) / size.hosts,
    ours: (sets.rows[0]?.bytes ?? 0) / (sets.rows[0]?.hosts ?? 1),
  };
  const times = (ratio: number): string => `${ratio.toFixed(ratio < 10 ? 1 : 0)} times`;
  return [
    `Beside it on the same PostgreSQL, ${size.hosts} hosts in PatchMon's shape (a row for each package of each host, all written anew with each report):`,
    `  whole inventories a second      ${whole.toFixed(1)}`,
    `  changed inventories a second    ${changed.toFixed(1)}; this manager ${ours.changesPerSecond.toFixed(0)}: ${times(ours.changesPerSecond / changed)} as many`,
    `  bytes of a host                 ${(perHost.rows / 1_024).toFixed(0)} kB; this manager ${(perHost.ours / 1_024).toFixed(1)} kB: ${times(perHost.rows / perHost.ours)} as much`,
  ];
}
