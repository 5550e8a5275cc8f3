import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import type { Envelope, HostJobKey, ServiceList } from '@linux-patch/contract';
import { type TestAuthority, type TestIdentity, testAuthority } from '@linux-patch/pki/testing';
import { type Clock, readBoot } from '@linux-patch/runtime';
import {
  nodeCommands,
  processUsage,
  systemClock,
  systemFiles,
  systemRandom,
} from '@linux-patch/runtime/node';
import { memoryLogger, temporaryFolder } from '@linux-patch/runtime/testing';
import {
  type Executor,
  type JobContext,
  JobJournal,
  type JobReporter,
  openPackageCache,
} from '@linux-patch/worker';
import { createAdmission } from '../../../worker/src/admission/admission.ts';
import { openOrders } from '../../../worker/src/admission/orders.ts';
import { openRunPlace, type RunPlace } from '../../../worker/src/admission/run-place.ts';
import { openHostPolicy } from '../../../worker/src/policy/host-policy.ts';
import { sayChallengeFaults } from '../../../worker/src/signature/challenge-faults.ts';
import { openChallenges } from '../../../worker/src/signature/challenges.ts';
import { openAuditLog } from '../../src/audit/audit-log.ts';
import type { IdentityHealth } from '../../src/health/identity.ts';
import type { HealthSources } from '../../src/health/report.ts';
import { readHostFacts } from '../../src/host/facts.ts';
import { hostNetwork } from '../../src/host/network.ts';
import { type ApiSources, createAgentApp, type RequestOptions } from '../../src/http/app.ts';
import { createRefusalRecorder } from '../../src/http/refusals.ts';
import type { ListingSources } from '../../src/http/routes/package-lists.ts';
import { openAgentServer } from '../../src/http/server.ts';
import { openJobSockets } from '../../src/http/websocket.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import { type IdentityMeta, MANUAL_IDENTITY } from '../../src/identity/store/identity-meta.ts';
import type { Material } from '../../src/identity/store/material.ts';
import { judgeMaterial } from '../../src/identity/store/read.ts';
import { createChangeIntake } from '../../src/jobs/change-intake.ts';
import type { Changes } from '../../src/jobs/changes.ts';
import { openJobQueue } from '../../src/jobs/queue.ts';
import { createAgentCounters } from '../../src/metrics/counters.ts';
import { shelfInventory } from './shelf-inventory.ts';

const NO_SERVICES: ServiceList = {
  services: [],
  others: [],
  elsewhere: 0,
  unknown: [],
  left_out: 0,
  complete: true,
  looked_at: new Date(0).toISOString(),
};

/** Of every served world. */
export const INSTANCE_ID = '5b0f3a52-8f6d-4c0e-9d61-2f7b1f0c8a11';

/** What is odd about the server of a world. */
export interface OddServer {
  readonly bind?: string;
  readonly port?: number;
  readonly socketPath?: string;
  /** Undefined serves on the Unix socket. */
  readonly identity?: Identity | undefined;
  readonly allowedClients?: readonly string[];
  readonly isAllowedAddress?: (address: string) => boolean;
  readonly timeoutSeconds?: number;
  readonly clock?: Clock;
}

/** What is odd about what its API shows. */
export interface OddApp
  extends Partial<Pick<HealthSources, 'packageHealth' | 'refreshInBackground'>>,
    Partial<ListingSources>,
    Partial<Pick<ApiSources, 'hostFacts' | 'identity' | 'listServices'>>,
    Partial<Pick<RequestOptions, 'clock' | 'rateLimits'>> {
  readonly identityHealth?: () => IdentityHealth;
  /** What its worker says which instance it is; undefined while it has not. */
  readonly instanceId?: () => Promise<string | undefined>;
}

export interface WorldOptions {
  readonly server?: OddServer;
  readonly app?: OddApp;
  readonly execute?: Executor;
  /** Which key signs its changes; none unless one is said. */
  readonly jobKey?: () => Promise<HostJobKey>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly envelope: Envelope;
  readonly text: string;
}

const soundIdentity = (): IdentityHealth => ({
  config: 'ok',
  certificates: 'ok',
  certificateNotAfterMs: Date.now() + 86_400_000,
  crl: { status: 'missing', thisUpdateMs: undefined, nextUpdateMs: undefined },
  identityTrust: 'code',
  keyOrigin: 'host',
});

/** Where the process of a job would leave what it says. */
const placeIn = (folder: string, job: string) => openRunPlace(systemFiles, join(folder, 'worker'), job);

/** The worker's own admission of changes, in this process. */
function openAdmission(folder: string, pin: () => Promise<HostJobKey>) {
  const shared = { files: systemFiles, clock: systemClock, random: systemRandom };
  const orders = openOrders({ files: systemFiles, folder: join(folder, 'worker') });
  const challenges = join(folder, 'challenges');
  const admission = createAdmission({
    random: systemRandom,
    instant: async () => ({ acceptedAtMs: systemClock.now() }),
    orders,
    placeOf: (job) => placeIn(folder, job),
    pin,
    challenges: sayChallengeFaults(
      openChallenges({ ...shared, folder: challenges, boot: () => readBoot(systemFiles) }),
      challenges,
    ),
    instanceId: async () => INSTANCE_ID,
    policy: openHostPolicy({ files: systemFiles, path: join(folder, 'policy.yaml'), root: folder }),
  });
  const changes: Changes = {
    start: (passed, earlier) => admission.start(passed, earlier),
    cancel: (passed) => admission.cancel(passed),
    withdraw: async (job) => void (await admission.withdraw(job)),
    takeOver: async () => 0,
  };
  return { orders, changes };
}

/** Notes whether a job waits, as the worker's process of a job does. */
function notingReporter({ report }: JobContext, place: RunPlace): JobReporter {
  return {
    log: (text) => report.log(text),
    output: (line, source) => report.output(line, source),
    phase(state, message) {
      void place.noteWaiting(state !== 'running').then(() => report.phase(state, message));
    },
    progress: (percent, message, state) => report.progress(percent, message, state),
    results: (results) => report.results(results),
    exitCode: (code) => report.exitCode(code),
    oldCode: (found) => report.oldCode(found),
    reboot: (plan) => report.reboot(plan),
  };
}

/** Everything behind the server, in a folder of its own. */
async function openServices(options: WorldOptions) {
  const folder = await temporaryFolder({ inMemory: true });
  const logger = memoryLogger();
  const shared = { files: systemFiles, clock: systemClock, random: systemRandom, logger };
  const auditPath = join(folder.path, 'audit.log');
  const audit = openAuditLog({ path: auditPath, ...shared, retentionDays: 30 });
  const pin = options.jobKey ?? (async () => ({ pinned: null, by: null, foreign: null }));
  const { orders, changes } = openAdmission(folder.path, pin);
  const work = options.execute ?? (async () => ({ message: 'Nothing to do' }));
  const jobs = await openJobQueue({
    ...shared,
    journal: new JobJournal({ ...shared, folder: join(folder.path, 'jobs') }),
    limits: {
      maxConcurrent: 5,
      maxQueueDepth: 20,
      timeoutMinutes: 30,
      retentionDays: 30,
      retentionCount: 100,
    },
    async execute(request, context) {
      const place = placeIn(folder.path, context.jobId);
      await place.begin();
      try {
        return await work(request, { ...context, report: notingReporter(context, place) });
      } finally {
        await orders.end(context.jobId);
      }
    },
  });
  const sockets = openJobSockets({ ...shared, jobs });
  const counters = createAgentCounters(systemClock);
  const odd = options.app ?? {};
  const cache =
    odd.cache ?? (await openPackageCache({ ...shared, path: join(folder.path, 'state/cache.json') }));
  const host = { files: systemFiles, commands: nodeCommands(), network: hostNetwork, root: folder.path };
  const app = createAgentApp(
    {
      health: {
        installation: { instanceId: odd.instanceId ?? (async () => INSTANCE_ID), jobKey: pin },
        jobs,
        cache,
        identity: odd.identityHealth ?? soundIdentity,
        packageHealth: odd.packageHealth ?? (() => ({ words: 'ok', atMs: systemClock.now() })),
        refreshInBackground: odd.refreshInBackground ?? (() => {}),
        startedMonotonicMs: systemClock.monotonicMs(),
      },
      metrics: { counters, processUsage, enrollmentState: async () => undefined },
      hostFacts: odd.hostFacts ?? (() => readHostFacts(host)),
      listings: {
        inventory: odd.inventory ?? shelfInventory(),
        cache,
        refreshNow: odd.refreshNow ?? (async () => {}),
      },
      listServices: odd.listServices ?? (async () => NO_SERVICES),
      jobs,
      identity: odd.identity,
    },
    {
      clock: odd.clock ?? systemClock,
      random: systemRandom,
      logger,
      audit,
      intake: createChangeIntake({ changes, jobs, onDenied: () => {} }),
      names: () => ['localhost'],
      rateLimits: odd.rateLimits ?? { readsPerMinute: 1000, changesPerMinute: 1000 },
    },
  );
  return { folder, logger, auditPath, audit, counters, jobs, sockets, cache, app };
}

async function closeServices(services: Awaited<ReturnType<typeof openServices>>): Promise<void> {
  await services.sockets[Symbol.asyncDispose]();
  await services.jobs[Symbol.asyncDispose]();
  await services.audit[Symbol.asyncDispose]();
  await services.folder[Symbol.asyncDispose]();
}

/** A served agent on a free port of the loopback, with a CA and a manager's client certificate of its own. */
export async function startWorld(options: WorldOptions = {}) {
  const authority = await testAuthority({ now: Date.now() });
  const [agent, manager] = await Promise.all([authority.issueAgent(), authority.issueManagerClient()]);
  const services = await openServices(options);
  const { folder, logger, audit, jobs, sockets, cache } = services;
  const odd: OddServer = { identity: servedIdentity(materialOf(authority, agent)), ...options.server };
  const {
    bind = '127.0.0.1',
    port = 0,
    socketPath = join(folder.path, 'api.sock'),
    clock = systemClock,
  } = odd;
  const server = await openAgentServer({
    where: { bind, port, socketPath },
    identity: odd.identity,
    access: {
      allowedClients: odd.allowedClients ?? ['patch-manager-client'],
      addresses: { allows: odd.isAllowedAddress ?? (() => true) },
      onRefused: createRefusalRecorder({ audit, clock, counters: services.counters }),
    },
    app: services.app,
    onUpgrade: (request, socket, head, caller) => sockets.accept(request, socket, head, caller),
    timeoutSeconds: odd.timeoutSeconds ?? 10,
    doors: { clock, files: systemFiles, logger, random: systemRandom },
  }).catch(async (error: unknown) => {
    await closeServices(services);
    throw error;
  });
  return {
    authority,
    agent,
    manager,
    server,
    jobs,
    cache,
    logger,
    folder: folder.path,
    /** Events of the audit log, oldest first. */
    async audited(): Promise<{ event: string; details: Record<string, unknown> }[]> {
      await audit.flush();
      const text = readFileSync(services.auditPath, { encoding: 'utf8', flag: 'a+' });
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { event: string; details: Record<string, unknown> });
    },
    async [Symbol.asyncDispose]() {
      await sockets[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
      await closeServices(services);
    },
  };
}
export type World = Awaited<ReturnType<typeof startWorld>>;

export function materialOf(authority: TestAuthority, identity: TestIdentity, crlPem?: string) {
  return {
    caPem: authority.caPem,
    certificatePem: identity.certificatePem,
    keyPem: identity.privateKeyPem,
    crlPem,
  };
}

/** An identity as the server takes it. */
export function servedIdentity(material: Material, meta: Partial<IdentityMeta> = {}): Identity {
  const place = {
    files: systemFiles,
    paths: { ca: 'ca.pem', certificate: 'server.pem', key: 'server.key.pem', crl: 'crl.pem' },
    clock: systemClock,
    thresholdDays: 7,
  };
  const status = judgeMaterial(place, material);
  return createIdentity({ material, meta: { ...MANUAL_IDENTITY, ...meta }, status });
}

/** TLS options of a client; without an identity it has no certificate. */
export function clientOptions(world: World, identity: TestIdentity | undefined = world.manager) {
  return {
    host: '127.0.0.1',
    port: world.server.port,
    ca: world.authority.caPem,
    ...(identity ? { cert: identity.chainPem, key: identity.privateKeyPem } : {}),
  };
}

/** One request of the manager, or of whoever `identity` is. */
export function call(
  world: World,
  path: string,
  options: {
    readonly method?: string;
    readonly body?: string | Uint8Array | object;
    readonly headers?: Readonly<Record<string, string>>;
    readonly identity?: TestIdentity;
  } = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const raw = typeof options.body === 'string' || options.body instanceof Uint8Array;
  const body = options.body === undefined || raw ? options.body : JSON.stringify(options.body);
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const request = httpsRequest({
    ...clientOptions(world, options.identity ?? world.manager),
    agent: false,
    path,
    method: options.method ?? 'GET',
    headers: { ...json, ...options.headers },
  });
  request.once('error', reject);
  request.once('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.once('error', reject);
    response.once('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const envelope = (text.startsWith('{') ? JSON.parse(text) : undefined) as Envelope;
      resolve({ status: response.statusCode ?? 0, headers: response.headers, envelope, text });
    });
  });
  request.end(body as string | undefined);
  return promise;
}

/** Sends bytes over TLS and returns everything that comes back until the connection ends. */
export function exchange(options: ConnectionOptions, send: (socket: TLSSocket) => void): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  const socket = connect(options, () => send(socket));
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', () => {});
  socket.once('close', () => resolve(Buffer.concat(chunks).toString('utf8')));
  return promise;
}
