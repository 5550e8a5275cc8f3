import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AGENT_AUDIT_EVENTS } from '@linux-patch/contract';
import { parseRequest, spkiFingerprint } from '@linux-patch/pki';
import type { Files } from '@linux-patch/runtime';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { startMiddlebox } from '@linux-patch/runtime/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CurrentManager, startCurrentManager } from './current-manager.ts';
import { createJoiningHost, type JoiningHost, NOW } from './joining-host.ts';
import { TOKEN } from './older-manager.ts';

let host: JoiningHost;
let manager: CurrentManager;

beforeEach(async () => {
  host = await createJoiningHost();
  manager = await startCurrentManager(NOW);
});
afterEach(async () => {
  await manager[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

const url = () => new URL(manager.url);
const pending = { status: 200, body: { status: 'pending' } };

async function readCode(): Promise<string> {
  const state = await readFile(join(host.root, 'data/enrollment.json'), 'utf8');
  return (JSON.parse(state) as { host_code: string }).host_code;
}

/** Enrols until the manager was polled, then lets "the administrator" type the code that the host shows. */
async function waitForCode(): Promise<string> {
  manager.before = [pending, pending];
  await host.enrol({ managerUrl: url() }, () => manager.verdicts.length >= 1);
  manager.before = [];
  return readCode();
}

describe('the host code', () => {
  it('proves the manager: the identity is installed, acknowledged and marked', async () => {
    manager.code = await waitForCode();
    expect(await host.enrol({ managerUrl: url() })).toEqual({ kind: 'installed' });
    expect(await host.status()).toBe('valid');
    expect(new Set(manager.verdicts)).toEqual(new Set(['ok']));
    expect(manager.acknowledged).toMatchObject([{ state: 'installed' }]);
    expect(manager.registrations).toHaveLength(1);
    expect(manager.registrations[0]?.ext?.modes).toEqual(['code']);
    const meta = JSON.parse(await readFile(join(host.root, 'etc/certs/current/meta.json'), 'utf8')) as object;
    expect(meta).toMatchObject({
      trust: 'code',
      key_origin: 'host',
      manager_client: { cn: 'patch-manager-client' },
    });
    expect(await systemFiles.facts(join(host.root, 'data/enrollment.json'))).toBeUndefined();
    expect(await systemFiles.facts(join(host.root, 'etc/certs/pending.key.pem'))).toBeUndefined();
  });

  it('leaves a record of every step, each known to the table of events', async () => {
    manager.code = await waitForCode();
    await host.enrol({ managerUrl: url() });
    expect(host.audited.map((one) => one.event)).toEqual([
      'enrollment_key_created',
      'enrollment_trust_found',
      'enrollment_requested',
      'enrollment_resumed',
      'enrollment_trust_found',
      'enrollment_approved',
      'allow_list_extended',
      'identity_installed',
      'enrollment_acknowledged',
    ]);
    const known: Readonly<Record<string, { readonly fields: readonly string[] }>> = AGENT_AUDIT_EVENTS;
    for (const { event, fields } of host.audited) {
      expect(known[event]?.fields).toEqual(expect.arrayContaining(Object.keys(fields as object)));
    }
    expect(host.audited[1]?.fields).toMatchObject({ by: 'code' });
    expect(host.audited[5]?.fields).toMatchObject({ trust: 'code' });
  });

  it('never leaves the host, and neither do token and key reach a log', async () => {
    const code = await waitForCode();
    manager.code = code;
    const key = await readFile(join(host.root, 'etc/certs/pending.key.pem'), 'utf8');
    await host.enrol({ managerUrl: url() });
    const sent = JSON.stringify(manager.registrations);
    for (const secret of [code, code.replaceAll('-', ''), TOKEN, key.split('\n')[1] ?? 'no key']) {
      expect(host.said()).not.toContain(secret);
    }
    expect(sent).not.toContain(code);
    expect(sent).not.toContain('PRIVATE KEY');
  });

  it('proves the manager also when its TLS key changed meanwhile, which is audited', async () => {
    manager.code = await waitForCode();
    await manager.replaceWebCertificate();
    manager.before = [pending];
    expect(await host.enrol({ managerUrl: url() })).toEqual({ kind: 'installed' });
    expect(host.audited.filter((one) => one.event === 'enrollment_peer_changed')).toHaveLength(1);
  });

  it('is not needed where the CA is pinned', async () => {
    const caFingerprint = spkiFingerprint(manager.authority.root.certificatePem);
    // The double does not publish its CA, so what arrives is held against the pin.
    expect(await host.enrol({ managerUrl: url(), caFingerprint })).toEqual({ kind: 'installed' });
    expect(manager.registrations[0]?.ext?.modes).toEqual(['code', 'click']);
  });
});

describe('a refusal that nothing proves', () => {
  const word = { status: 'denied', reason: 'go away' };
  const JSON_TYPE = { 'content-type': 'application/json' };
  it.each<[string, 'poll' | 'registration', number, object]>([
    ['a denial', 'poll', 200, word],
    ['a denial with a wrong MAC', 'poll', 200, { ...word, tag_m: 'A'.repeat(43) }],
    ['403 in the words of a manager', 'poll', 403, { error: { code: 'ENROLLMENT_DENIED', message: 'no' } }],
    ['403 of a gateway', 'poll', 403, { message: 'Forbidden' }],
    ['403 in the words of a manager', 'registration', 403, { error: 'DENIED' }],
    ['403 of a gateway', 'registration', 403, { message: 'Forbidden' }],
  ])(
    '(%s to a %s, %d) costs neither key nor code, and the agent asks on',
    async (_what, when, status, body) => {
      if (when === 'poll') await waitForCode();
      let refusals = 0;
      const path = when === 'poll' ? '/api/v1/enroll/status/self' : '/api/v1/enroll';
      manager.odd = (asked) => {
        if (asked !== path || refusals >= 3) return undefined;
        refusals += 1;
        return { status, text: JSON.stringify(body), headers: JSON_TYPE };
      };
      manager.before = [pending, pending, pending];
      const outcome = await host.enrol({ managerUrl: url() }, async () => {
        if (refusals === 3) manager.code ??= await readCode();
        return false;
      });
      expect(outcome).toEqual({ kind: 'installed' });
      expect(host.audited.filter((one) => one.event === 'enrollment_key_created')).toHaveLength(1);
      expect(host.audited.filter((one) => one.event === 'enrollment_denied')).toEqual([]);
      expect(host.said()).toMatch(/nothing proves that it is the manager|no manager uses/);
    },
  );

  it('is in the audit log once in a row', async () => {
    manager.odd = (path) =>
      path === '/api/v1/enroll' ? { status: 403, text: '{"error":"DENIED"}', headers: JSON_TYPE } : undefined;
    const told = () => host.said().split('asks on').length - 1;
    expect(await host.enrol({ managerUrl: url() }, () => told() >= 4)).toEqual({ kind: 'stopped' });
    expect(host.audited.filter((one) => one.event === 'enrollment_denial_unproven')).toHaveLength(1);
    expect(await host.pending()).toMatchObject({ state: 'retrying' });
  });

  const asked = async () =>
    Promise.all(
      manager.registrations.map(async ({ ext }) => [
        ext?.nonce_a,
        ext?.tag_a,
        (await parseRequest(ext?.csr ?? '')).spkiSha256,
      ]),
    );
  const denials = (count: number) => Array.from({ length: count }, () => ({ status: 200, body: word }));

  /** Hears three denials in one run of the agent. */
  async function hearDenials(mode: 'service' | 'once'): Promise<void> {
    const before = manager.verdicts.length;
    manager.before = denials(4);
    await host.enrol({ managerUrl: url(), mode }, () => manager.verdicts.length >= before + 3);
  }

  it.each(['service', 'once'] as const)(
    'does not outlive a start (%s): the same key and code ask once more',
    async (mode) => {
      const code = await waitForCode();
      await hearDenials(mode);
      // As long as the agent runs it asks about the request that it made.
      expect(manager.registrations).toHaveLength(1);
      expect(await host.pending()).toMatchObject({ denial_unproven: true });
      manager.before = [pending];
      manager.code = code;
      expect(await host.enrol({ managerUrl: url(), mode })).toEqual({ kind: 'installed' });
      const [first, second, ...others] = await asked();
      expect(second).toEqual(first);
      expect(others).toEqual([]);
      expect(host.audited.filter((one) => one.event === 'enrollment_key_created')).toHaveLength(1);
    },
  );

  it('leads to one more request, not to one at every start', async () => {
    await waitForCode();
    await hearDenials('service');
    const before = manager.verdicts.length;
    manager.before = [pending, pending, pending, pending, pending];
    for (const polls of [1, 2])
      await host.enrol({ managerUrl: url() }, () => manager.verdicts.length >= before + polls);
    expect(manager.registrations).toHaveLength(2);
  });

  it('is forgotten when the manager says later that the request waits', async () => {
    await waitForCode();
    const before = manager.verdicts.length;
    manager.before = [...denials(2), pending, pending, pending, pending, pending, pending];
    for (const polls of [4, 5])
      await host.enrol({ managerUrl: url() }, () => manager.verdicts.length >= before + polls);
    expect(host.audited.filter((one) => one.event === 'enrollment_denial_unproven')).toHaveLength(1);
    expect(manager.registrations).toHaveLength(1);
  });

  it('from something that refuses everything for ever is asked for as rarely after a start as before', async () => {
    const slowest = { ...systemRandom, fraction: () => 0.99 };
    await waitForCode();
    await hearDenials('service');
    let requests = 0;
    manager.odd = () => {
      requests += 1;
      return { status: 403, text: '{"error":"DENIED"}', headers: JSON_TYPE };
    };
    for (const _start of [1, 2]) {
      const [from, before] = [host.clock.now(), requests];
      await host.enrol({ managerUrl: url(), random: slowest }, () => requests >= before + 6);
      expect(host.clock.now() - from).toBeGreaterThan(900_000);
    }
    manager.odd = undefined;
    manager.code = await readCode();
    manager.before = [];
    expect(await host.enrol({ managerUrl: url() })).toEqual({ kind: 'installed' });
    expect(manager.registrations).toHaveLength(2);
  });
});

describe('an enrolment', () => {
  it('goes on with the time of the manager when its own clock is wrong', async () => {
    manager.code = await waitForCode();
    manager.before = [{ status: 401, body: { server_time: Math.floor(NOW / 1000) + 5_000 } }];
    expect(await host.enrol({ managerUrl: url() })).toEqual({ kind: 'installed' });
  });

  it('through something that cuts large packets says so once, and goes on without the hybrid key exchange', async () => {
    const caFile = join(host.root, 'ca.pem');
    await writeFile(caFile, manager.authority.root.certificatePem);
    await using middlebox = await startMiddlebox(Number(url().port), 'cuts');
    manager.before = [pending, pending];
    expect(await host.enrol({ managerUrl: new URL(middlebox.url), caFile })).toEqual({ kind: 'installed' });
    expect(host.said().split('cuts connections whose first packet is large')).toHaveLength(2);
    expect(middlebox.greetings.filter((size) => size > 1_400)).toHaveLength(1);
  });

  it('keeps key and code over a restart, and begins anew for another manager', async () => {
    const code = await waitForCode();
    await host.enrol({ managerUrl: url() }, () => manager.verdicts.length >= 2);
    expect(await readCode()).toBe(code);
    const second = await startCurrentManager(NOW);
    second.before = [pending, pending, pending];
    await host.enrol({ managerUrl: new URL(second.url) }, () => second.verdicts.length >= 1);
    expect(await readCode()).not.toBe(code);
    await second[Symbol.asyncDispose]();
  });

  it('waits for a disk that is full, and tells the manager only afterwards', async () => {
    await host[Symbol.asyncDispose]();
    let failures = 0;
    const full: Files = new Proxy(systemFiles, {
      get(target, name: keyof Files) {
        const real = target[name] as (...args: unknown[]) => unknown;
        return (...args: unknown[]) => {
          const write = args[0] as { path?: string };
          if (name === 'writeDurably' && write.path?.includes('generations') && failures < 3) {
            failures += 1;
            throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
          }
          return real.apply(target, args);
        };
      },
    });
    host = await createJoiningHost(full);
    manager.code = await waitForCode();
    expect(await host.enrol({ managerUrl: url() })).toEqual({ kind: 'installed' });
    expect(failures).toBe(3);
    expect(host.said()).toContain('no space left');
    expect(manager.acknowledged).toHaveLength(1);
  });

  it('that a person refused over a connection that proves the manager says so and leaves nothing', async () => {
    const caFile = join(host.root, 'ca.pem');
    await writeFile(caFile, manager.authority.root.certificatePem);
    manager.before = [pending, { status: 200, body: { status: 'denied', reason: 'not ours' } }];
    expect(await host.enrol({ managerUrl: url(), caFile })).toEqual({ kind: 'denied', reason: 'not ours' });
    expect(await systemFiles.facts(join(host.root, 'data/enrollment.json'))).toBeUndefined();
  });
});
