import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { spkiFingerprint } from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CONFIG, createJoiningHost, FQDN, type JoiningHost, NOW } from './joining-host.ts';
import { type Answer, type OlderManager, startOlderManager, TOKEN } from './older-manager.ts';

let host: JoiningHost;
let manager: OlderManager;

beforeEach(async () => {
  host = await createJoiningHost();
  manager = await startOlderManager(NOW);
});
afterEach(async () => {
  await manager[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

const url = () => new URL(manager.url);
const pin = () => spkiFingerprint(manager.rootPem);
const polls = () => manager.seen.filter((one) => one.path.includes('/status/'));
const registrations = () => manager.seen.filter((one) => one.path === '/api/v1/enroll');
const pending: Answer = { status: 200, body: { status: 'pending' } };

async function approved(extra: Record<string, unknown> = {}): Promise<Answer> {
  const bundle = await manager.bundle({ fqdn: FQDN, ipAddress: '127.0.0.1' });
  return { status: 200, body: { status: 'approved', ...bundle, ...extra } };
}

describe('a manager of the older generation', () => {
  it('is joined when its CA is pinned; the key it made is marked as such', async () => {
    manager.poll = [pending, await approved()];
    expect(await host.enrol({ managerUrl: url(), caFingerprint: pin() })).toEqual({ kind: 'installed' });
    expect(await host.status()).toBe('valid');
    const meta = JSON.parse(await readFile(join(host.root, 'etc/certs/current/meta.json'), 'utf8')) as object;
    expect(meta).toMatchObject({ trust: 'pin', key_origin: 'manager' });
    expect(await host.config()).toBe(CONFIG);
    expect(await host.pending()).toBeUndefined();
    expect(await host.learned()).toEqual(['127.0.0.1']);
  });

  it.each<[string, (bundle: Record<string, string>) => Answer]>([
    [
      'tagged, with chain and list',
      (bundle) => ({
        status: 200,
        body: { status: 'approved', ...bundle, ca_chain: bundle.ca_crt, crl_pem: '' },
      }),
    ],
    ['without a status', (bundle) => ({ status: 200, body: bundle })],
    ['inside pki', (bundle) => ({ status: 200, body: { status: 'approved', pki: bundle } })],
    [
      'with members nobody knows',
      (bundle) => ({ status: 200, body: { status: 'approved', ...bundle, repo_config: { a: 1 } } }),
    ],
  ])('may send its bundle %s', async (_shape, answer) => {
    manager.poll = [answer(await manager.bundle({ fqdn: FQDN, ipAddress: '127.0.0.1' }))];
    expect(await host.enrol({ managerUrl: url(), caFingerprint: pin() })).toEqual({ kind: 'installed' });
    expect(await host.status()).toBe('valid');
  });

  it.each<[string, Answer]>([
    ['202 without a body', { status: 202 }],
    ['200 pending', pending],
    ['503', { status: 503, text: 'down' }],
    [
      '429 as plain text',
      { status: 429, text: 'Too Many Requests! Wait for 12s', headers: { 'retry-after': '12' } },
    ],
    ['an HTML page', { status: 200, text: '<html>login</html>', headers: { 'content-type': 'text/html' } }],
    [
      'truncated JSON',
      { status: 200, text: '{"status":"appro', headers: { 'content-type': 'application/json' } },
    ],
    [
      'a body that breaks off',
      {
        status: 200,
        text: '{"status":',
        headers: { 'content-type': 'application/json', 'content-length': '400' },
        breakOff: true,
      },
    ],
    ['JSON that means nothing', { status: 200, body: [1, 2, 3] }],
    ['nothing at all', { status: 200 }],
    [
      'a body without end',
      { status: 200, text: 'x'.repeat(400_000), headers: { 'content-type': 'application/json' } },
    ],
  ])('that answers %s is asked again, and joined when it approves', async (_what, answer) => {
    manager.poll = [answer, await approved()];
    expect(await host.enrol({ managerUrl: url(), caFingerprint: pin() })).toEqual({ kind: 'installed' });
    expect(registrations()).toHaveLength(1);
  });

  it.each<[string, Answer]>([
    ['denied', { status: 200, body: { status: 'denied' } }],
    ['403', { status: 403, body: { error: 'ENROLLMENT_DENIED' } }],
  ])('that says %s ends the enrolment and leaves no token', async (_what, answer) => {
    const caFile = join(host.root, 'ca.pem');
    await writeFile(caFile, manager.rootPem);
    manager.poll = [pending, answer];
    expect(await host.enrol({ managerUrl: url(), caFile })).toMatchObject({ kind: 'denied' });
    expect(await host.pending()).toBeUndefined();
    expect(await host.status()).toBe('missing');
  });

  it.each<[string, Answer]>([
    ['notfound', { status: 200, body: { status: 'notfound' } }],
    ['not_found', { status: 200, body: { status: 'not_found' } }],
    ['404', { status: 404, text: 'gone' }],
    ['410', { status: 410 }],
  ])('that says %s is asked to join anew', async (_what, answer) => {
    manager.poll = [answer, await approved()];
    expect(await host.enrol({ managerUrl: url(), caFingerprint: pin() })).toEqual({ kind: 'installed' });
    expect(registrations()).toHaveLength(2);
  });

  it.each<[string, Answer]>([
    ['409', { status: 409, body: { error: 'Host collision detected' } }],
    ['500 for a duplicate', { status: 500, body: { error: 'Database error' } }],
    ['429', { status: 429, text: 'slow down' }],
    ['503', { status: 503 }],
  ])('that answers a registration with %s is asked again until it takes it', async (_what, answer) => {
    manager.register = [answer, answer, { status: 202, body: { polling_token: TOKEN } }];
    manager.poll = [await approved()];
    expect(await host.enrol({ managerUrl: url(), caFingerprint: pin() })).toEqual({ kind: 'installed' });
    expect(registrations()).toHaveLength(3);
  });

  it('that stumbles over the extension is asked once more without it', async () => {
    manager.register = [
      { status: 422, text: 'unknown field `ext`' },
      { status: 202, body: { polling_token: TOKEN } },
    ];
    manager.poll = [await approved()];
    expect(await host.enrol({ managerUrl: url(), caFingerprint: pin() })).toEqual({ kind: 'installed' });
    expect(registrations().map((one) => 'ext' in (JSON.parse(one.body) as object))).toEqual([true, false]);
  });

  it('gets every fact that some version of it reads, and the token never in a log', async () => {
    manager.poll = [pending, await approved()];
    await host.enrol({ managerUrl: url(), caFingerprint: pin() });
    const body = JSON.parse(registrations()[0]?.body ?? '') as { os_details: object };
    expect(body).toMatchObject({
      machine_id: 'c'.repeat(32),
      fqdn: FQDN,
      hostname: 'amber',
      ip_address: '127.0.0.1',
    });
    for (const key of [
      'os',
      'name',
      'distro',
      'version',
      'version_id',
      'os_version',
      'kernel',
      'architecture',
    ]) {
      expect(body.os_details).toHaveProperty(key);
    }
    expect(polls()[0]?.path).toBe(`/api/v1/enroll/status/${TOKEN}`);
    expect(host.said()).not.toContain(TOKEN);
  });

  it('whose trust nothing proves is not even asked for its answer, and the words say what to set', async () => {
    manager.poll = [await approved()];
    const outcome = await host.enrol({ managerUrl: url() }, () => host.said().includes('ca_fingerprint'));
    expect(outcome).toEqual({ kind: 'stopped' });
    expect(polls()).toEqual([]);
    expect(await host.status()).toBe('missing');
    expect(await host.enrol({ managerUrl: url(), mode: 'once' })).toMatchObject({
      kind: 'failed',
      message: expect.stringContaining('ca_file'),
    });
  });

  it('is believed blindly only with tofu, which is marked', async () => {
    manager.poll = [await approved()];
    expect(await host.enrol({ managerUrl: url(), trust: 'tofu' })).toEqual({ kind: 'installed' });
    expect(host.said()).toContain('"trust":"tofu"');
  });

  it('with another CA than the pinned one gets nothing installed, whatever it sends', async () => {
    manager.poll = [await approved()];
    const wrong = `sha256:${'ab'.repeat(32)}`;
    const outcome = await host.enrol({ managerUrl: url(), caFingerprint: wrong }, () => polls().length > 2);
    expect(outcome).toEqual({ kind: 'stopped' });
    expect(await host.status()).toBe('missing');
  });

  it('is verified from the first byte with a CA file', async () => {
    const caFile = join(host.root, 'root.pem');
    await writeFile(caFile, manager.rootPem);
    manager.poll = [await approved()];
    expect(await host.enrol({ managerUrl: url(), caFile })).toEqual({ kind: 'installed' });
    const other = await startOlderManager(NOW);
    const stopped = await host.enrol({ managerUrl: new URL(other.url), caFile }, () =>
      host.said().includes('not trusted'),
    );
    expect(stopped).toEqual({ kind: 'stopped' });
    expect(other.seen).toEqual([]);
    await other[Symbol.asyncDispose]();
  });

  it('that redirects is not followed, and the other host gets no request', async () => {
    let hits = 0;
    const elsewhere = createServer((_request, response) => {
      hits += 1;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(elsewhere, 'listening');
    const address = elsewhere.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const redirect: Answer = { status: 307, headers: { location: `http://127.0.0.1:${port}/api/v1/enroll` } };
    manager.register = [redirect, { status: 202, body: { polling_token: TOKEN } }];
    manager.poll = [await approved()];
    expect(await host.enrol({ managerUrl: url(), caFingerprint: pin() })).toEqual({ kind: 'installed' });
    expect(hits).toBe(0);
    expect(host.said()).toContain('redirects to');
    elsewhere.close();
  });

  it('is resumed after a restart with the saved token, without a second registration', async () => {
    expect(await host.enrol({ managerUrl: url(), caFingerprint: pin() }, () => polls().length >= 2)).toEqual({
      kind: 'stopped',
    });
    expect(await host.pending()).toMatchObject({ polling_token: TOKEN });
    manager.poll = [await approved()];
    expect(await host.enrol({ managerUrl: url(), caFingerprint: pin() })).toEqual({ kind: 'installed' });
    expect(registrations()).toHaveLength(1);
  });

  it('that never approves is given up after the configured polls; failures on the way do not count', async () => {
    manager.poll = [{ status: 503 }, { status: 503 }, { status: 503 }, pending];
    expect(await host.enrol({ managerUrl: url(), caFingerprint: pin(), maxPollAttempts: 4 })).toMatchObject({
      kind: 'gave_up',
    });
    expect(polls()).toHaveLength(7);
    expect(await host.pending()).toMatchObject({ polling_token: TOKEN });
  });

  it.each<[string, (bundle: Record<string, string>) => Record<string, string>]>([
    ['a key of another certificate', (bundle) => ({ ...bundle, server_key: bundle.other_key ?? '' })],
    ['no key', ({ server_key: _, ...bundle }) => bundle],
    ['a CA that is none', (bundle) => ({ ...bundle, ca_crt: bundle.server_crt ?? '' })],
    ['a certificate for another host', (bundle) => ({ ...bundle, server_crt: bundle.other_crt ?? '' })],
    [
      'a truncated certificate',
      (bundle) => ({ ...bundle, server_crt: (bundle.server_crt ?? '').slice(0, 200) }),
    ],
  ])('that sends %s gets nothing installed and the old state stays', async (_what, change) => {
    const other = await manager.bundle({ fqdn: 'other.example.test', ipAddress: '127.0.0.9' });
    const good = await manager.bundle({ fqdn: FQDN, ipAddress: '127.0.0.1' });
    const changed = change({ ...good, other_key: other.server_key ?? '', other_crt: other.server_crt ?? '' });
    manager.poll = [{ status: 200, body: { status: 'approved', ...changed } }];
    const outcome = await host.enrol({ managerUrl: url(), caFingerprint: pin() }, () => polls().length > 1);
    expect(outcome).toEqual({ kind: 'stopped' });
    expect(await host.status()).toBe('missing');
    expect(host.said()).toContain('refused');
  });
});
