import { systemAuthorities } from '@linux-patch/http/client';
import { type ClientBase, Pool } from 'pg';
import type { PostgresAddress } from '../../config/database-url.ts';
import { BoundedClient, type BoundedConfig } from './bounded-client.ts';
import type { Sessions } from './driver.ts';
import { explain } from './failures.ts';
import { watchLiveness } from './liveness.ts';
import { PLAIN_TYPES } from './types.ts';

/** Waiting for others included: what takes longer than a minute is not waited for by any caller. */
const WAIT_LIMIT_MS = 60_000;
const ANSWER_LIMIT_MS = 120_000;
const READERS = 4;
/** A server that does not say a word to a new connection for so long answers nobody. */
const PROBE_LIMIT_MS = 5_000;

const SILENT_SERVER = `it takes connections, and said nothing in one for ${PROBE_LIMIT_MS / 1000} s: its machine is frozen or overloaded, or the network loses what it says`;

/** How the server is reached. */
export interface PostgresAccess {
  readonly address: PostgresAddress;
  /** Asked at every connection, so that a new one counts at once; undefined where none is needed. */
  readonly password: (() => Promise<string>) | undefined;
  /** Certificates that prove the server, PEM; undefined for those that the system trusts. */
  readonly rootCertificates: string | undefined;
  /** What the server shows of this manager; 63 characters of it count. */
  readonly name: string;
}

function configOf({ address, password, rootCertificates, name }: PostgresAccess): BoundedConfig {
  const { host, port, user, database, tls } = address;
  return {
    host,
    port,
    user,
    database,
    ...(password ? { password } : {}),
    ssl: tls && { rejectUnauthorized: true, ca: rootCertificates ?? systemAuthorities() },
    application_name: name.slice(0, 63),
    keepAlive: true,
    query_timeout: ANSWER_LIMIT_MS,
    connectionTimeoutMillis: WAIT_LIMIT_MS,
    types: PLAIN_TYPES,
    Client: BoundedClient,
  };
}

/**
 * Sessions with a server, opened when they are first used and again when they were lost.
 * @param prepare what is done in every new session that writes, before anything else
 * @param watch told of what goes wrong, also with a session that nobody uses
 */
export function openSessions(
  access: PostgresAccess,
  prepare: (session: ClientBase) => Promise<void>,
  watch: Sessions['watch'],
): Sessions {
  const config = configOf(access);
  // oxlint-disable-next-line typescript/no-misused-promises -- the pool waits for it; its types do not say so
  const writer = new Pool({ ...config, max: 1, idleTimeoutMillis: 0, onConnect: prepare });
  const readers = new Pool({
    ...config,
    max: READERS,
    // A change that came here by mistake fails instead of passing by the session that writes.
    options: '-c default_transaction_read_only=on',
  });
  for (const pool of [writer, readers]) pool.on('error', (error) => watch.failed(explain(error)));
  return { writer, readers, watch, liveness: watchLiveness(() => askAnything(config)) };
}

/** @throws Error when the server does not answer in time, or cannot be reached */
async function askAnything(config: BoundedConfig): Promise<void> {
  const client = new BoundedClient(config);
  const late = Promise.withResolvers<never>();
  const signal = AbortSignal.timeout(PROBE_LIMIT_MS);
  signal.addEventListener('abort', () => late.reject(new Error(SILENT_SERVER)), { once: true });
  try {
    await Promise.race([client.connect().then(() => client.query('select 1')), late.promise]);
  } finally {
    client.hangUp();
  }
}
