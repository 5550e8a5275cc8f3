import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import {
  AGENT_ROUTES,
  type CrlTaken,
  errorEnvelope,
  type Health,
  type SystemInfo,
  successEnvelope,
} from '@linux-patch/contract';
import { parseCrl } from '@linux-patch/pki';
import { inParallel } from '../bench/in-parallel.ts';
import { openManagerApi } from '../bench/manager-api.ts';
import type { ManagerProcess } from '../manager-process.ts';
import { createSigningAgent, type JoinedIdentity } from '../signing-agent.ts';
import { listingsOf, type RecordedPackage, readRecording } from './recording.ts';

/** Whose addresses they have; each listens on one of its own. */
export const RECORDED_NETWORK = '127.3.0.0/16';
const JOINING = 4;
const GROUP = 'recorded';
const MARK = 'No real hosts: each answers what was taken down on a real one, and nothing can be done on it.';
const NOTE = 'No real host: it answers what was taken down on a real one, and nothing can be done on it.';
const NO_ACT =
  'This host is a recording: its answers were taken down on a real Debian 12 host, so it shows what such a fleet looks like, and nothing can be done on it. The other hosts are real.';

/** A host that answers what was recorded, over mTLS with a certificate of the manager. */
interface RecordedHost {
  readonly number: number;
  readonly fqdn: string;
  readonly server: Server;
  crl: CrlTaken;
  identity: JoinedIdentity | undefined;
}

const nameOf = (number: number): string => `r${String(number + 1).padStart(3, '0')}.recorded.test`;
const addressOf = (number: number): string => `127.3.${Math.floor(number / 254)}.${(number % 254) + 1}`;

const TRIES = 5;
const PAUSE_MS = 2_000;

/** Asks again, as agents do, when the connection broke: a machine that is starved does not finish each handshake in time. */
async function patiently<T>(signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      const isBroken = error instanceof Error && error.cause instanceof Error && 'code' in error.cause;
      if (!isBroken || tries === TRIES) throw error;
      await setTimeout(PAUSE_MS, undefined, { signal });
    }
  }
}

/**
 * Lets so many hosts join that only answer what was recorded, each at its own stage of being patched.
 * @returns what ends them
 */
export async function joinRecordedHosts(
  manager: ManagerProcess,
  count: number,
  signal: AbortSignal,
): Promise<AsyncDisposable> {
  const recording = await readRecording();
  await using stack = new AsyncDisposableStack();
  using api = await openManagerApi(manager);
  await inParallel(
    Array.from({ length: count }, (_, number) => number),
    JOINING,
    async (number) => {
      signal.throwIfAborted();
      const { host, port } = await listen(number, recording);
      stack.defer(async () => {
        host.server.close();
        host.server.closeAllConnections();
        await once(host.server, 'close');
      });
      const agent = await createSigningAgent(
        {
          machineId: number.toString(16).padStart(32, 'a'),
          fqdn: host.fqdn,
          address: addressOf(number),
          os: { distro: 'Debian GNU/Linux', version_id: '12', codename: 'bookworm', agent_port: port },
        },
        { url: manager.url, caPem: api.caPem },
      );
      const id = await patiently(signal, () => agent.register());
      await api.call('POST', `/api/v1/enrollments/${id}/approve`, {});
      const identity = await patiently(signal, () => agent.fetch());
      host.identity = identity;
      host.server.setSecureContext({ cert: identity.chainPem, key: identity.keyPem, ca: api.caPem });
      await patiently(signal, () => agent.acknowledge());
      await api.call('PUT', `/api/v1/hosts/${host.fqdn}`, { note: NOTE });
    },
  );
  await manager.json('groups', 'create', GROUP, '--description', MARK);
  await manager.json('groups', 'add', GROUP, '*.recorded.test');
  const owned = stack.move();
  return { [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function listen(number: number, recording: readonly RecordedPackage[]) {
  const server = createServer({ requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' });
  const crl = { crl_number: null, crl_next_update: null, revoked: 0, changed: false };
  const host: RecordedHost = { number, fqdn: nameOf(number), server, crl, identity: undefined };
  server.on('request', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    void answer(host, recording, incoming, outgoing);
  });
  server.listen(0, addressOf(number));
  await once(server, 'listening');
  return { host, port: (server.address() as AddressInfo).port };
}

async function answer(
  host: RecordedHost,
  recording: readonly RecordedPackage[],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const body = await text(incoming);
  const { setCrl, health, systemInfo, listPackages, listPatches, listJobs } = AGENT_ROUTES;
  const listings = () => listingsOf(recording, host.number, Date.now());
  const answers: Readonly<Record<string, () => object>> = {
    [`PUT ${setCrl.path}`]: () => takeCrl(host, (JSON.parse(body) as { readonly crl_pem: string }).crl_pem),
    [`GET ${health.path}`]: () => healthOf(host),
    [`GET ${systemInfo.path}`]: () => systemOf(host),
    [`GET ${listPackages.path}`]: () => listings().packages,
    [`GET ${listPatches.path}`]: () => listings().patches,
    [`GET ${listJobs.path}`]: () => ({ jobs: [], total: 0, limit: null, offset: 0 }),
  };
  const data = answers[`${incoming.method} ${incoming.url?.split('?', 1)[0]}`]?.();
  const stamp = { requestId: randomUUID(), nowMs: Date.now() };
  const said = data
    ? successEnvelope(stamp, data)
    : errorEnvelope(stamp, { code: 'NOT_SUPPORTED', message: NO_ACT });
  outgoing.writeHead(data ? 200 : 501, { 'content-type': 'application/json' }).end(JSON.stringify(said));
}

function takeCrl(host: RecordedHost, pem: string): CrlTaken {
  const { number, nextUpdateMs, serials } = parseCrl(pem);
  host.crl = {
    crl_number: number === undefined ? null : String(number),
    crl_next_update: nextUpdateMs === undefined ? null : new Date(nextUpdateMs).toISOString(),
    revoked: serials.size,
    changed: true,
  };
  return host.crl;
}

function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function healthOf({ fqdn, crl }: RecordedHost): Health {
  const now = new Date().toISOString();
  return {
    status: 'healthy',
    version: '1.3.0',
    instance_id: uuidOf(fqdn),
    uptime_seconds: 86_400,
    checks: {
      config: 'ok',
      certificates: 'ok',
      package_manager: 'ok',
      job_queue: 'ok',
      package_cache: 'ok',
    },
    allowed_operations: [],
    last_package_check: now,
    last_cache_update: now,
    cache_status: 'fresh',
    crl_status: crl.crl_number === null ? 'missing' : 'valid',
    crl_age_seconds: null,
    crl_next_update: crl.crl_next_update,
    crl_number: crl.crl_number,
    certificate_expires_at: null,
    certificate_days_left: null,
    identity_trust: 'code',
    key_origin: 'host',
  };
}

function systemOf({ fqdn }: RecordedHost): SystemInfo {
  return {
    hostname: fqdn.split('.')[0] ?? fqdn,
    fqdn,
    os: 'Debian GNU/Linux',
    os_version: '12',
    os_codename: 'bookworm',
    kernel: '6.1.0-37-amd64',
    architecture: 'amd64',
    package_manager: 'apt',
    uptime_seconds: 86_400,
    boot_id: uuidOf(`${fqdn} boot`),
    last_boot: new Date(Date.now() - 86_400_000).toISOString(),
    last_update_check: new Date().toISOString(),
    last_update_apply: null,
    pending_reboot: false,
    reboot_reasons: [],
    package_db_clean: true,
    api_version: 'v1',
    service_status: 'serving',
  };
}
