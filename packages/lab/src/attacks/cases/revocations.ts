import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { createRenewalProof, createRequest, generateKey } from '@linux-patch/pki';
import { readProcess } from '../../bench/proc.ts';
import type { ManagerProcess } from '../../manager-process.ts';
import { askUntil } from '../../wait.ts';
import type { AttackCase } from '../attack-case.ts';
import { callAsStranger } from '../stranger.ts';

const REVOKED = 100_000;
/** What a list for one host may take; with a hundred thousand entries it would be four million. */
const LIST_LIMIT_BYTES = 2_000;

/** Records of hosts that came and went, as a year of an autoscaling fleet leaves them. */
function fillDatabase(manager: ManagerProcess): void {
  const database = new DatabaseSync(join(manager.root, 'var/lib/linux_patch_manager/manager.sqlite'));
  const now = Date.now();
  database.exec(`
    insert into certificates (serial, kind, ca, host_id, subject, spki_sha256, not_before, not_after, issued_at,
      revoked_at, revoke_reason)
    with recursive many(n) as (select 1 union all select n + 1 from many where n < ${REVOKED})
    select printf('a0%030x', n), 'agent', 'ca-1', printf('gone-%d', n), 'CN=gone', printf('key-%d', n),
      ${now}, ${now + 300 * 86_400_000}, ${now}, ${now}, 'cessationOfOperation' from many`);
  database.close();
}

/** Renews as the host would, with its own key. @returns the length of the list that comes with it */
async function renew(url: string, root: string): Promise<number> {
  const at = (name: string) => readFile(join(root, 'etc/linux_patch_api/certs', name), 'utf8');
  const csrPem = await createRequest({
    privateKeyPem: await generateKey(),
    commonName: 'x',
    dnsNames: [],
    ipAddresses: [],
  });
  const proof = createRenewalProof({
    privateKeyPem: await at('server.key.pem'),
    certificateChainPem: await at('server.pem'),
    audience: `${url}/api/v1/enroll/renew`,
    csrPem,
    nowS: Math.floor(Date.now() / 1000),
    jti: randomUUID(),
  });
  const answer = await callAsStranger({ url, path: '/api/v1/enroll/renew', body: { csr: csrPem, proof } });
  if (answer.status !== 200) throw new Error(`no renewal: ${answer.status} ${answer.text}`);
  return (JSON.parse(answer.text) as { crl_pem: string }).crl_pem.length;
}

export const MANY_REVOCATIONS: AttackCase = {
  name: 'a2-revocations',
  tried: `The certificates of ${REVOKED} hosts are revoked, by churn or by somebody who has a join string and makes hosts come and go; then hosts join, renew, fetch their list and are revoked.`,
  now: 'Each host has a list of its own, of the same half kilobyte whatever is revoked; everything goes on, and a revocation reaches its host at once.',
  async run(world) {
    const manager = await world.manager();
    fillDatabase(manager);
    const before = await readProcess(manager.program.pid);
    const host = await world.servingHost(manager);
    const { serial } = (await host.status()).identity;
    const renewed = await renew(manager.url, host.root);
    const fetched = await callAsStranger({
      url: manager.url,
      path: `/api/v1/pki/crl.pem?serial=${serial}`,
    });
    const sizes = [renewed, fetched.text.length];
    if (fetched.status !== 200 || sizes.some((size) => size > LIST_LIMIT_BYTES))
      throw new Error(`lists of ${sizes.join(' and ')} bytes (HTTP ${fetched.status})`);
    const startedMs = performance.now();
    const { delivery } = (await manager.json(
      'certificates',
      'revoke',
      String(serial),
      '--reason',
      'keyCompromise',
    )) as { delivery: { hosts: number; taken: number } };
    const tookMs = performance.now() - startedMs;
    if (delivery.hosts !== 1 || delivery.taken !== 1)
      throw new Error(`the host did not hear of it: ${JSON.stringify(delivery)}`);
    const audit = join(host.root, 'var/log/linux_patch_api/audit.log');
    await askUntil('the host to know that it is revoked', async () =>
      (await readFile(audit, 'utf8')).includes('"identity_revoked"') ? true : undefined,
    );
    const moreMb = (await readProcess(manager.program.pid)).rssAnonMb - before.rssAnonMb;
    if (moreMb > 150) throw new Error(`${Math.round(moreMb)} MB more memory`);
    return `joined and renewed; lists of ${sizes.join(' and ')} bytes; revoked and delivered in ${Math.round(tookMs)} ms; ${Math.round(moreMb)} MB more memory`;
  },
};
