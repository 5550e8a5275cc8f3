import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { spkiFingerprint } from '@linux-patch/pki';
import type { DurableWrite } from '@linux-patch/runtime';
import { systemFiles, systemRandom } from '@linux-patch/runtime/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnrollmentSummary } from '../../src/enrollment/state/summary.ts';
import { type CurrentManager, provenDenial, startCurrentManager } from './current-manager.ts';
import { CONFIG, createJoiningHost, FQDN, type JoiningHost, NOW } from './joining-host.ts';
import { type Answer, type OlderManager, startOlderManager, TOKEN } from './older-manager.ts';

let host: JoiningHost;
let manager: CurrentManager;
let older: OlderManager;

beforeEach(async () => {
  host = await createJoiningHost();
  manager = await startCurrentManager(NOW);
  older = await startOlderManager(NOW);
});
afterEach(async () => {
  await manager[Symbol.asyncDispose]();
  await older[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

const pending = { status: 200, body: { status: 'pending' } };
const lost = { status: 200, body: { status: 'notfound' } };
const url = () => new URL(manager.url);
const pinned = () => ({ managerUrl: new URL(older.url), caFingerprint: spkiFingerprint(older.rootPem) });
const registrations = () => older.seen.filter((one) => one.path === '/api/v1/enroll');
const slowest = { ...systemRandom, fraction: () => 0.99 };
const places = () => ({ stateFile: join(host.root, 'data/enrollment.json'), keyFile: '' });

async function approved(issuedAt = NOW): Promise<Answer> {
  const bundle = await older.bundle({ fqdn: FQDN, ipAddress: '127.0.0.1' }, issuedAt);
  return { status: 200, body: { status: 'approved', ...bundle } };
}

async function waitForCode(): Promise<string> {
  manager.before = [pending, pending];
  await host.enrol({ managerUrl: url() }, () => manager.verdicts.length >= 1);
  manager.before = [];
  return (await host.pending())?.host_code ?? '';
}

function disk(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}

describe('waiting', () => {
  it('shows what a person needs to know, and neither token nor key', async () => {
    const code = await waitForCode();
    const view = await readEnrollmentSummary(systemFiles, places());
    expect(view).toMatchObject({ state: 'waiting', manager_url: manager.url + '/', host_code: code });
    const key = await readFile(join(host.root, 'etc/certs/pending.key.pem'), 'utf8');
    expect(JSON.stringify(view)).not.toContain(TOKEN);
    expect(JSON.stringify(view)).not.toContain(key.split('\n')[1]);
  });

  it('asks a manager that keeps losing the request less and less often', async () => {
    older.poll = [lost];
    const settings = { ...pinned(), random: slowest };
    await host.enrol(settings, () => registrations().length >= 7);
    expect(host.clock.now() - NOW).toBeGreaterThan(100_000);
  });

  it('asks a manager with an impossible clock, or one that says "held" at once, less and less often', async () => {
    manager.before = Array.from({ length: 8 }, () => ({ status: 401, body: { server_time: 1 } }));
    manager.before.push({ status: 401, body: { server_time: 1.5 } }, { ...lost });
    await host.enrol({ managerUrl: url(), random: slowest }, () => manager.verdicts.length >= 8);
    expect(host.clock.now() - NOW).toBeGreaterThan(200_000);
    const held = { ...pending, headers: { 'preference-applied': 'wait=50' } };
    manager.before = Array.from({ length: 12 }, () => held);
    const [from, asked] = [host.clock.now(), manager.verdicts.length];
    await host.enrol({ managerUrl: url(), random: slowest }, () => manager.verdicts.length >= asked + 8);
    expect(host.clock.now() - from).toBeGreaterThan(200_000);
  });

  it('follows Retry-After of a busy manager, for an hour at most', async () => {
    const busy: Answer = { status: 503, text: 'busy', headers: { 'retry-after': '240' } };
    older.register = [busy, { ...busy, headers: { 'retry-after': '999999' } }, { status: 503 }];
    await host.enrol(pinned(), () => registrations().length >= 3);
    expect(host.clock.now() - NOW).toBeGreaterThanOrEqual(3_840_000);
    expect(host.clock.now() - NOW).toBeLessThan(4_000_000);
  });

  it('outlasts a manager that is down, and joins when it is back', async () => {
    const reserved = createServer().listen(0, '127.0.0.1');
    await once(reserved, 'listening');
    const address = reserved.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    reserved.close();
    await once(reserved, 'close');
    const managerUrl = new URL(`https://127.0.0.1:${port}`);
    const down = await host.enrol({ managerUrl, trust: 'tofu' }, () => host.clock.now() - NOW > 3_600_000);
    expect(down).toEqual({ kind: 'stopped' });
    expect(host.said()).toContain('ECONNREFUSED');
    expect((await host.pending())?.polls).toBe(0);
    await using back = await startOlderManager(NOW, port);
    const bundle = await back.bundle({ fqdn: FQDN, ipAddress: '127.0.0.1' });
    back.poll = [{ status: 200, body: { status: 'approved', ...bundle } }];
    expect(await host.enrol({ managerUrl, trust: 'tofu' })).toEqual({ kind: 'installed' });
  });
});

describe('a restart', () => {
  it('goes on with a token that an earlier agent left in the configuration', async () => {
    const config = `# ours\nenrollment:\n  polling_token: ${TOKEN}\n`;
    await writeFile(join(host.root, 'etc/config.yaml'), config);
    older.poll = [pending];
    await host.enrol(pinned(), () => older.seen.length >= 2);
    expect(await host.pending()).toMatchObject({ adopted: true, polling_token: TOKEN });
    older.poll = [await approved()];
    expect(await host.enrol(pinned())).toEqual({ kind: 'installed' });
    expect(registrations()).toEqual([]);
    expect(await host.config()).toBe(config);
  });

  it('uses a token of the configuration once, though the file keeps it', async () => {
    await writeFile(join(host.root, 'etc/config.yaml'), `enrollment:\n  polling_token: ${TOKEN}\n`);
    const settings = { managerUrl: new URL(older.url), caFile: join(host.root, 'ca.pem') };
    await writeFile(settings.caFile, older.rootPem);
    older.poll = [{ status: 200, body: { status: 'denied' } }];
    expect(await host.enrol(settings)).toMatchObject({ kind: 'denied' });
    older.poll = [await approved()];
    expect(await host.enrol(settings)).toEqual({ kind: 'installed' });
    expect(registrations()).toHaveLength(1);
  });

  it('takes over the token of a request that an earlier version made and that waits', async () => {
    const code = await waitForCode();
    // As an earlier version kept it: the token in the configuration, the rest in the state.
    const stateFile = join(host.root, 'data/enrollment.json');
    const { polling_token: token, ...state } = JSON.parse(await readFile(stateFile, 'utf8')) as {
      polling_token: string;
    };
    await writeFile(stateFile, JSON.stringify(state));
    await writeFile(join(host.root, 'etc/config.yaml'), `enrollment:\n  polling_token: ${token}\n`);
    manager.before = [pending];
    await host.enrol({ managerUrl: url() }, () => manager.before.length === 0);
    expect(await host.pending()).toMatchObject({ polling_token: token });
    // The line may go now.
    await writeFile(join(host.root, 'etc/config.yaml'), '');
    manager.code = code;
    expect(await host.enrol({ managerUrl: url() })).toEqual({ kind: 'installed' });
    expect(manager.registrations).toHaveLength(1);
  });

  it('asks anew instead where only the host code could prove the answer', async () => {
    await writeFile(join(host.root, 'etc/config.yaml'), `enrollment:\n  polling_token: ${TOKEN}\n`);
    const code = await waitForCode();
    expect(manager.registrations).toHaveLength(1);
    manager.code = code;
    expect(await host.enrol({ managerUrl: url() })).toEqual({ kind: 'installed' });
  });

  it('keeps a request that waits, though the host knows only its short name while it boots', async () => {
    const code = await waitForCode();
    await writeFile(join(host.root, 'etc/hostname'), 'amber\n');
    manager.code = code;
    const network = {
      addresses: () => [],
      resolve: async () => [],
      ownNames: async () => [],
      sourceAddressTowards: async () => undefined,
    };
    expect(await host.enrol({ managerUrl: url(), network })).toEqual({ kind: 'installed' });
    expect(manager.registrations).toHaveLength(1);
  });

  it('begins anew on a clone with another machine-id', async () => {
    const code = await waitForCode();
    await writeFile(join(host.root, 'etc/machine-id'), `${'d'.repeat(32)}\n`);
    expect(await waitForCode()).not.toBe(code);
    expect(manager.registrations).toHaveLength(2);
  });
});

describe('a manager that proved itself by the extension', () => {
  it('is not believed without it later, not even with tofu', async () => {
    manager.before = [pending, lost];
    manager.older = false;
    const settings = { managerUrl: url(), trust: 'tofu' } as const;
    await host.enrol(settings, () => manager.verdicts.length >= 1);
    manager.older = true;
    const outcome = await host.enrol(settings, () => host.said().includes('and now does not'));
    expect(outcome).toEqual({ kind: 'stopped' });
    expect(await host.pending()).toMatchObject({
      state: 'needs_person',
      extension_seen: true,
      polling_token: null,
    });
  });

  it('refuses a host provably when the refusal carries its MAC', async () => {
    manager.before = [await provenDenial(manager, await waitForCode(), 'not ours')];
    expect(await host.enrol({ managerUrl: url() })).toEqual({ kind: 'denied', reason: 'not ours' });
    expect(host.audited.find((one) => one.event === 'enrollment_denied')?.fields).toMatchObject({
      proven: true,
    });
  });
});

describe('this host', () => {
  it('joins though its state cannot be written any more', async () => {
    older.poll = [pending, await approved()];
    let written = 0;
    const full = new Proxy(systemFiles, {
      get(target, name: keyof typeof systemFiles) {
        if (name !== 'writeDurably') return target[name];
        return (write: DurableWrite) => {
          written += Number(write.path.endsWith('enrollment.json'));
          const isFull = write.path.endsWith('enrollment.json') && written > 1;
          return isFull ? Promise.reject(disk('EROFS')) : target.writeDurably(write);
        };
      },
    });
    expect(await host.enrol({ ...pinned(), files: full })).toEqual({ kind: 'installed' });
    expect(host.said()).toContain('a restart may ask to join once more');
  });

  it('sends nothing before key and state are on disk: a service waits, a command says why', async () => {
    let failures = 0;
    const full = new Proxy(systemFiles, {
      get(target, name: keyof typeof systemFiles) {
        if (name === 'writeDurably' && failures < 3) {
          failures += 1;
          return () => Promise.reject(disk('ENOSPC'));
        }
        return target[name];
      },
    });
    const once_ = await host.enrol({ ...pinned(), files: full, mode: 'once' });
    expect(once_).toMatchObject({ kind: 'failed', message: expect.stringContaining('ENOSPC') });
    expect(older.seen).toEqual([]);
    older.poll = [await approved()];
    expect(await host.enrol({ ...pinned(), files: full })).toEqual({ kind: 'installed' });
  });

  it('takes a certificate that begins two minutes from now, because clocks differ', async () => {
    older.poll = [await approved(NOW + 420_000)];
    expect(await host.enrol(pinned())).toEqual({ kind: 'installed' });
  });

  it('installs an answer that can be read once even when it is told to stop just then', async () => {
    older.poll = [await approved()];
    const stop = new AbortController();
    const onProgress = (): void => void (older.seen.length >= 3 && stop.abort());
    expect(await host.enrol({ ...pinned(), onProgress, signal: stop.signal })).toEqual({ kind: 'installed' });
    expect(stop.signal.aborted).toBe(true);
    expect(await host.status()).toBe('valid');
  });

  it('is installed though the addresses of its manager cannot be kept, and says what that means', async () => {
    older.poll = [await approved()];
    const locked = new Proxy(systemFiles, {
      get(target, name: keyof typeof systemFiles) {
        if (name !== 'writeDurably') return target[name];
        return (write: DurableWrite) =>
          write.path.endsWith('manager-addresses.json')
            ? Promise.reject(disk('EACCES'))
            : target.writeDurably(write);
      },
    });
    expect(await host.enrol({ ...pinned(), files: locked })).toEqual({ kind: 'installed' });
    expect(host.said()).toContain('the manager cannot reach this agent');
  });

  it('tells the manager at the next start when it could not be told at once', async () => {
    manager.code = await waitForCode();
    manager.acknowledgementStatus = 503;
    expect(await host.enrol({ managerUrl: url() })).toEqual({ kind: 'installed' });
    manager.acknowledgementStatus = 200;
    await rm(join(host.root, 'data/state'), { recursive: true });
    await host.finishInterrupted({ managerUrl: url() });
    expect(manager.acknowledged).toHaveLength(2);
    expect(new Set(manager.verdicts)).toEqual(new Set(['ok']));
    expect(await host.learned()).toEqual(['127.0.0.1']);
    expect(await host.config()).toBe(CONFIG);
    expect(await host.pending()).toBeUndefined();
  });
});
