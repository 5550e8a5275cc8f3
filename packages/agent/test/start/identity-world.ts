import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  agentProfile,
  generateKey,
  issueCertificate,
  parseCertificates,
  publicKeySpki,
  serialFrom,
} from '@linux-patch/pki';
import type { TestAuthority } from '@linux-patch/pki/testing';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { ManualClock } from '@linux-patch/runtime/testing';
import { openIdentityService } from '../../src/app/identity.ts';
import { identityHealth } from '../../src/health/identity.ts';
import type { Network } from '../../src/host/network.ts';
import type { Liveness } from '../../src/identity/liveness.ts';
import type { IdentityService } from '../../src/identity/service.ts';
import { type IdentityMeta, MANUAL_IDENTITY } from '../../src/identity/store/identity-meta.ts';
import { pathsIn } from '../../src/identity/store/paths.ts';
import { installGeneration } from '../../src/identity/store/store.ts';
import { startWorld } from '../http/world.ts';
import { contextBeside } from './agent-context.ts';
import { startRenewingManager } from './renewing-manager.ts';

// TLS judges certificates by the machine's own clock. When many files of tests share a process, this was a while ago.
export const NOW = Math.floor(Date.now() / 1000) * 1000;
export const DAY_MS = 86_400_000;
const BEAT_MS = 20_000;
export const NAMES = { fqdn: 'amber.example.test', ipAddress: '127.0.0.1' };

/** A set for this host, valid for a year from an instant on. */
export async function issueSet(issuer: TestAuthority, now: number) {
  const keyPem = await generateKey();
  const leaf = await issueCertificate({
    profile: agentProfile(NAMES),
    subjectSpki: publicKeySpki(keyPem),
    issuer: issuer.issuing,
    serial: serialFrom(systemRandom.bytes(16)),
    now,
    lifetimeMs: 365 * DAY_MS,
  });
  const certificatePem = leaf + issuer.issuing.certificatePem;
  return { caPem: issuer.root.certificatePem, certificatePem, keyPem, crlPem: undefined };
}

async function writeHost(root: string): Promise<void> {
  await mkdir(join(root, 'etc'));
  await writeFile(join(root, 'etc/machine-id'), `${'c'.repeat(32)}\n`);
  await writeFile(join(root, 'etc/hostname'), `${NAMES.fqdn}\n`);
}

/** Tells when the loop that keeps the identity has done what there was to do, and sleeps. */
function turnsOf(liveness: Liveness) {
  let turns = 0;
  let told = Promise.withResolvers<void>();
  const beat = liveness.beat.bind(liveness);
  Object.defineProperty(liveness, 'beat', {
    value: () => {
      beat();
      turns += 1;
      told.resolve();
      told = Promise.withResolvers();
    },
  });
  return {
    get count() {
      return turns;
    },
    async beyond(count: number): Promise<void> {
      while (turns <= count) await told.promise;
    },
  };
}

/** What moves the agent's time. */
function movedBy(clock: ManualClock, turns: ReturnType<typeof turnsOf>) {
  return {
    /** Wakes the loop, which may wait for something else then. */
    async beat(): Promise<void> {
      await clock.waitForSleepers();
      await clock.advance(BEAT_MS);
      await clock.waitForSleepers();
    },
    /** Lets the loop run once, to the end of what it asks of others; no time passes meanwhile. */
    async turn(): Promise<void> {
      const { count } = turns;
      await clock.advance(BEAT_MS);
      await turns.beyond(count);
    },
    /** Sets the date, in days since the certificate was issued. */
    travelTo(day: number): void {
      clock.setWallClock(NOW + day * DAY_MS);
    },
  };
}

/** A served agent whose certificate lies on disk and is kept as the agent keeps it, with a manager that renews. */
export async function startIdentityWorld(
  options: { readonly meta?: Partial<IdentityMeta>; readonly network?: Network } = {},
) {
  await using stack = new AsyncDisposableStack();
  const clock = new ManualClock(NOW);
  const opened: { service: IdentityService | undefined } = { service: undefined };
  const world = stack.use(
    await startWorld({
      now: NOW,
      app: { clock, identityHealth: () => identityHealth('ok', serviceNow().state) },
    }),
  );
  const serviceNow = (): IdentityService => {
    if (opened.service) return opened.service;
    throw new Error('the identity is not open yet');
  };
  const renewer = stack.use(await startRenewingManager(world.authority, NAMES));
  renewer.now = () => clock.now();
  const certs = join(world.folder, 'certs');
  const paths = pathsIn(certs);
  const issue = (from = clock.now(), issuer = world.authority) => issueSet(issuer, from);
  const first = await issue();
  await writeHost(world.folder);
  const meta: IdentityMeta = {
    ...MANUAL_IDENTITY,
    trust: 'code',
    key_origin: 'host',
    renewal_draw: 0.5,
    ...options.meta,
  };
  await installGeneration({ files: systemFiles, paths, material: first, meta });
  const stop = new AbortController();
  const { context, audited, notifier } = contextBeside(world, {
    clock,
    certificates: paths,
    config: { enrollment: { manager_url: renewer.url } },
    signal: stop.signal,
    ...(options.network ? { network: options.network } : {}),
  });
  const turns = turnsOf(context.run.liveness);
  let running: Promise<void> = Promise.resolve();
  /** As a start of the agent does. */
  const open = async (): Promise<void> => {
    const service = await openIdentityService(context);
    opened.service = service;
    await world.server.take(service.current.value);
    service.current.subscribe((identity) => world.server.take(identity));
    const { count } = turns;
    running = service.keepFresh(stop.signal);
    // Once before the first turn, and once after it.
    await turns.beyond(count + 1);
  };
  await open();
  stack.defer(async () => {
    stop.abort();
    await running;
  });
  const owned = stack.move();
  return {
    ...world,
    clock,
    renewer,
    paths,
    certs,
    context,
    identityAudit: audited,
    statusLines: notifier.troubles,
    issue,
    first,
    get service() {
      return serviceNow();
    },
    /** Serial number of the certificate in use. */
    get serialHex() {
      return serviceNow().current.value.facts?.serialHex;
    },
    serialOf: (pem: string) => parseCertificates(pem)[0]?.serialHex ?? '',
    names: (event: string) => audited.filter((one) => one.event === event),
    ...movedBy(clock, turns),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
export type IdentityWorld = Awaited<ReturnType<typeof startIdentityWorld>>;
