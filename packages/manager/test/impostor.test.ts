import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { MANAGER_ADMIN_ROUTES } from '@linux-patch/contract';
import {
  agentProfile,
  generateKey,
  issueCertificate,
  parseCertificates,
  publicKeySpki,
  serialFrom,
  webProfile,
} from '@linux-patch/pki';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiClient } from '../src/cli/api-client.ts';
import { ManagerConfigSchema } from '../src/config/schema.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let impostor: Server | undefined;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(async () => {
  impostor?.close();
  impostor = undefined;
  await world[Symbol.asyncDispose]();
});

const at = (file: string) => join(world.paths.caFolder, file);
const pem = (file: string) => readFile(at(file), 'utf8');
/** The command line of this manager, for whoever listens on a port. */
const commandLine = (port: number) =>
  createApiClient({
    files: systemFiles,
    paths: world.paths,
    config: ManagerConfigSchema.parse({ server: { bind: '127.0.0.1', port } }),
  });

type Profile = Parameters<typeof issueCertificate>[0]['profile'];

async function issue(profile: Profile, keyPem: string): Promise<string> {
  const issuer = { certificatePem: await pem('issuing.pem'), privateKeyPem: await pem('issuing.key.pem') };
  const leaf = await issueCertificate({
    profile,
    subjectSpki: publicKeySpki(keyPem),
    issuer,
    serial: serialFrom(systemRandom.bytes(16)),
    now: Date.now(),
  });
  return `${leaf.trimEnd()}\n${issuer.certificatePem}`;
}

/** Listens in the manager's place and keeps every byte that it is sent. */
async function listenWith(profile: Profile) {
  const key = await generateKey();
  const heard: Buffer[] = [];
  let shaken = 0;
  const server = createServer({ key, cert: await issue(profile, key), minVersion: 'TLSv1.3' }, (socket) => {
    shaken += 1;
    socket.on('data', (chunk: Buffer) => heard.push(chunk));
    socket.on('error', () => {});
  });
  impostor = server;
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return { port, heard: () => Buffer.concat(heard).toString('latin1'), shaken: () => shaken };
}

describe('the command line of the manager', () => {
  it.each<[string, Profile, RegExp]>([
    [
      'a host that was certified for the loopback address',
      agentProfile({ fqdn: 'web1.example.test', shortName: 'localhost', ipAddress: '127.0.0.1' }),
      /is the certificate of a host/,
    ],
    [
      'a certificate of the manager for another key',
      webProfile({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'] }),
      /another key/,
    ],
  ])('sends its token to nobody but the manager whose folder it reads: %s', async (_who, profile, why) => {
    const stranger = await listenWith(profile);
    await expect(commandLine(stranger.port).call(MANAGER_ADMIN_ROUTES.status)).rejects.toMatchObject({
      code: 'MANAGER_UNTRUSTED',
      message: expect.stringMatching(why),
    });
    await expect(
      commandLine(stranger.port).events('/x', new AbortController().signal).next(),
    ).rejects.toMatchObject({ code: 'MANAGER_UNTRUSTED' });
    expect(stranger.heard()).toBe('');
  });

  it('talks to the manager by its key, under whatever address, and says when there is nothing to know it by', async () => {
    expect(await commandLine(world.port).call(MANAGER_ADMIN_ROUTES.status)).toMatchObject({ hosts: 0 });
    await writeFile(at('web.pem'), 'x');
    await expect(commandLine(world.port).call(MANAGER_ADMIN_ROUTES.status)).rejects.toMatchObject({
      code: 'NOT_INITIALIZED',
      message: expect.stringContaining('web.pem is damaged'),
    });
    await world.restart();
    expect(await commandLine(world.port).call(MANAGER_ADMIN_ROUTES.status)).toMatchObject({ hosts: 0 });
  });
});

describe('certificates of the manager from before they were marked', () => {
  it('are made anew at the start, for the same key, so that agents that know it go on', async () => {
    for (const [name, usage] of [
      ['web', 'serverAuth'],
      ['client', 'clientAuth'],
    ] as const) {
      const [facts] = parseCertificates(await pem(`${name}.pem`));
      const profile = {
        commonName: facts?.commonName ?? '',
        extendedKeyUsage: [usage],
        dnsNames: facts?.dnsNames ?? [],
        ipAddresses: facts?.ipAddresses ?? [],
        lifetimeMs: 365 * 86_400_000,
      };
      await writeFile(at(`${name}.pem`), await issue(profile, await pem(`${name}.key.pem`)));
    }
    const keys = [await pem('web.key.pem'), await pem('client.key.pem')];
    // A manager of before still runs: the command line talks to it.
    await world.restart();
    for (const name of ['web', 'client'])
      expect(parseCertificates(await pem(`${name}.pem`))[0]?.extendedKeyUsage).toContain('linuxPatchManager');
    expect([await pem('web.key.pem'), await pem('client.key.pem')]).toEqual(keys);
    expect(await commandLine(world.port).call(MANAGER_ADMIN_ROUTES.status)).toMatchObject({ hosts: 0 });
  });
});
