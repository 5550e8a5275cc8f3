import { join } from 'node:path';
import { createCrl, type Issuer, parseCertificate } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock } from '@linux-patch/runtime/testing';
import WebSocket from 'ws';
import { openIdentityService } from '../../src/app/identity.ts';
import { identityHealth } from '../../src/health/identity.ts';
import type { IdentityService } from '../../src/identity/service.ts';
import { type IdentityMeta, MANUAL_IDENTITY } from '../../src/identity/store/identity-meta.ts';
import { pathsIn } from '../../src/identity/store/paths.ts';
import { installGeneration } from '../../src/identity/store/store.ts';
import { contextBeside } from '../start/agent-context.ts';
import { clientOptions, startWorld, type World } from './world.ts';
import type { OddApp } from './world-services.ts';

// TLS judges certificates by the machine's own clock. When many files of tests share a process, this was a while ago.
export const NOW = Math.floor(Date.now() / 1000) * 1000;
export const HOUR_MS = 3_600_000;

export interface ListWish {
  readonly serials?: readonly string[];
  readonly number?: number;
  readonly at?: number;
  readonly issuer?: Issuer;
}

/** A served agent whose identity and revocation list lie on disk, kept as the agent keeps them. */
export async function startRevokingWorld(
  options: {
    readonly crl?: string;
    readonly files?: Files;
    /** How it came to its identity; by default somebody copied it by hand. */
    readonly meta?: IdentityMeta;
    readonly app?: OddApp;
  } = {},
) {
  const files = options.files ?? systemFiles;
  const clock = new ManualClock(NOW);
  const opened: { service: IdentityService | undefined } = { service: undefined };
  const serviceNow = (): IdentityService => {
    if (opened.service) return opened.service;
    throw new Error('the identity is not open yet');
  };
  const world = await startWorld({
    now: NOW,
    server: { clock },
    app: {
      clock,
      rateLimits: { readsPerMinute: 10_000, changesPerMinute: 10_000 },
      identityHealth: () => identityHealth('ok', serviceNow().state),
      identity: {
        get current() {
          return serviceNow().current;
        },
        takeCrl: (pem) => serviceNow().takeCrl(pem),
        setTrust: (bundle) => serviceNow().setTrust(bundle),
      },
      ...options.app,
    },
  });
  const certs = join(world.folder, 'certs');
  const paths = pathsIn(certs);
  const material = {
    caPem: world.authority.caPem,
    certificatePem: world.agent.chainPem,
    keyPem: world.agent.privateKeyPem,
    crlPem: options.crl,
  };
  await installGeneration({ files: systemFiles, paths, material, meta: options.meta ?? MANUAL_IDENTITY });
  const { context, audited } = contextBeside(world, { clock, certificates: paths, files });
  const service = await openIdentityService(context);
  opened.service = service;
  await world.server.take(service.current.value);
  service.current.subscribe((identity) => world.server.take(identity));
  return {
    ...world,
    clock,
    service,
    paths,
    identityAudit: audited,
    /** What SIGHUP does. */
    reload: () => service.reload(),
    list: ({ serials = [], number = 1, at = NOW, issuer = world.authority.issuing }: ListWish = {}) =>
      createCrl({
        issuer,
        revoked: serials.map((serialHex) => ({ serialHex, revokedAtMs: at, reasonCode: 1 })),
        number: BigInt(number),
        now: at,
        nextUpdateMs: at + 24 * HOUR_MS,
      }),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}
export type RevokingWorld = Awaited<ReturnType<typeof startRevokingWorld>>;

export function serialOf(identity: { readonly certificatePem: string }): string {
  return parseCertificate(identity.certificatePem).serialHex;
}

/** An open WebSocket of a client, and how it ended. */
export async function openSocket(world: World, identity: World['manager']) {
  const { host, port, ...tls } = clientOptions(world, identity);
  const socket = new WebSocket(`wss://${host}:${port}/api/v1/ws/jobs`, tls);
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    socket.once('message', () => resolve());
    socket.once('error', reject);
  });
  return {
    closed,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    [Symbol.dispose]: () => socket.terminate(),
  };
}
