import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issueCertificate, parseCertificates, publicKeySpki, serialFrom } from '@linux-patch/pki';
import { systemRandom } from '@linux-patch/runtime/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const at = (file: string) => join(world.paths.caFolder, file);
const pem = (file: string) => readFile(at(file), 'utf8');

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
    await world.restart();
    for (const name of ['web', 'client'])
      expect(parseCertificates(await pem(`${name}.pem`))[0]?.extendedKeyUsage).toContain('linuxPatchManager');
    expect([await pem('web.key.pem'), await pem('client.key.pem')]).toEqual(keys);
    expect((await world.call({ path: '/api/v1/pki/ca.pem' })).status).toBe(200);
  });
});
