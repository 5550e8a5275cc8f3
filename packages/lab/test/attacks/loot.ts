import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentProfile, generateKey, issueCertificate, publicKeySpki, serialFrom } from '@linux-patch/pki';
import { newAgent } from '../../../manager/test/agents.ts';
import type { Field } from './field.ts';
import type { Loot } from './tricks.ts';

/** A certificate as the manager issued it once, to a host of these names with a key of then. */
async function earlierCertificate(field: Field, fqdn: string, ipAddress: string): Promise<string> {
  const read = (name: string) => readFile(join(field.manager.paths.caFolder, name), 'utf8');
  const issuer = { certificatePem: await read('issuing.pem'), privateKeyPem: await read('issuing.key.pem') };
  const leaf = await issueCertificate({
    profile: agentProfile({ fqdn, ipAddress }),
    subjectSpki: publicKeySpki(await generateKey()),
    issuer,
    serial: serialFrom(randomBytes(16)),
    now: Date.now() - 86_400_000,
  });
  return leaf + issuer.certificatePem;
}

/** What an attacker has who listened for long. */
export async function gatherLoot(field: Field): Promise<Loot> {
  const approval: object = await (await newAgent(field.manager)).join();
  return {
    ofAnotherHost: approval,
    fromBefore: async (fqdn, ipAddress) => ({
      ...approval,
      server_crt: await earlierCertificate(field, fqdn, ipAddress),
    }),
  };
}
