import { spkiFingerprint } from '@linux-patch/pki';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createJoiningHost, FQDN, type JoiningHost, NOW } from './joining-host.ts';
import { type Answer, type OlderManager, startOlderManager, TOKEN } from './older-manager.ts';

let host: JoiningHost;
let manager: OlderManager;
/** Listens where the agent believes the manager to be. */
let between: OlderManager;

beforeEach(async () => {
  host = await createJoiningHost();
  manager = await startOlderManager(NOW);
  between = await startOlderManager(NOW);
});
afterEach(async () => {
  await manager[Symbol.asyncDispose]();
  await between[Symbol.asyncDispose]();
  await host[Symbol.asyncDispose]();
});

const names = { fqdn: FQDN, ipAddress: '127.0.0.1' };
const pending: Answer = { status: 200, body: { status: 'pending' } };
const polls = (of: OlderManager) => of.seen.filter((one) => one.path.includes('/status/'));
const refusals = () => host.audited.filter((one) => one.event === 'enrollment_bundle_refused').length;

describe('somebody between the agent and an older manager whose CA is pinned', () => {
  const install = () => {
    const caFingerprint = spkiFingerprint(manager.rootPem);
    return host.enrol({ managerUrl: new URL(between.url), caFingerprint }, () => refusals() >= 2);
  };

  it('cannot slip in an own CA beside the real one', async () => {
    const own = await between.bundle(names);
    const both = { ...own, ca_crt: manager.rootPem + between.rootPem };
    between.poll = [{ status: 200, body: { status: 'approved', ...both } }];
    expect(await install()).toEqual({ kind: 'stopped' });
    expect(await host.status()).toBe('missing');
  });

  it('cannot pass on the real bundle, whose key would be known then', async () => {
    const real = await manager.bundle(names);
    between.poll = [{ status: 200, body: { status: 'approved', ...real } }];
    expect(await install()).toEqual({ kind: 'stopped' });
    expect(await host.status()).toBe('missing');
    expect(host.said()).toContain('Somebody is in between');
  });
});

describe('an agent that believes the first answer', () => {
  it('sends its token to nobody who comes later, and a person hears of it', async () => {
    manager.poll = [pending];
    const settings = { managerUrl: new URL(manager.url), trust: 'tofu' } as const;
    await host.enrol(settings, () => polls(manager).length >= 2);
    await manager.replaceWebCertificate();
    const before = manager.seen.length;
    const outcome = await host.enrol(settings, () => host.said().includes('another TLS key'));
    expect(outcome).toEqual({ kind: 'stopped' });
    expect(manager.seen.length).toBe(before);
    expect((await host.pending())?.state).toBe('needs_person');
  });
});

describe('what answers instead of the manager', () => {
  const managerUrl = () => new URL(manager.url);
  const join_ = () =>
    host.enrol({ managerUrl: managerUrl(), caFingerprint: spkiFingerprint(manager.rootPem) });
  const approved = async (): Promise<Answer> => ({
    status: 200,
    body: { status: 'approved', ...(await manager.bundle(names)) },
  });
  const page = (status: number): Answer => ({
    status,
    text: '<html>Access denied</html>',
    headers: { 'content-type': 'text/html' },
  });

  it.each([403, 404, 410])('has decided nothing with a web page and %s', async (status) => {
    manager.poll = [page(status), page(status), await approved()];
    expect(await join_()).toEqual({ kind: 'installed' });
    expect(manager.seen.filter((one) => one.path === '/api/v1/enroll')).toHaveLength(1);
  });

  it.each<[string, Answer]>([
    ['redirects to a path with it', { status: 308, headers: { location: `/login/enroll/status/${TOKEN}` } }],
    ['quotes it', { status: 400, text: `no handler for GET /api/v1/enroll/status/${TOKEN}` }],
    ['quotes it in JSON', { status: 500, body: { error: `no row for ${TOKEN}` } }],
    ['sends what looks like it', { status: 200, text: `{"token":"${TOKEN}` }],
  ])('gets the token into no log when it %s', async (_what, answer) => {
    manager.poll = [answer, await approved()];
    expect(await join_()).toEqual({ kind: 'installed' });
    expect(host.said()).not.toContain(TOKEN);
    expect(host.said()).not.toContain(TOKEN.slice(0, 16));
  });

  it('gets the token of a registration into no log when its type is wrong', async () => {
    const text = JSON.stringify({ polling_token: TOKEN });
    manager.register = [{ status: 202, text, headers: { 'content-type': 'text/plain' } }, { status: 503 }];
    await host.enrol({ managerUrl: managerUrl(), trust: 'tofu' }, () => manager.seen.length >= 3);
    expect(host.said()).not.toContain(TOKEN);
    expect(host.said()).toContain('text/plain instead of JSON');
  });

  it('and sends text in another encoding is asked again', async () => {
    const latin = Buffer.from('{"status":"approved","ca_crt":"\xe9"}', 'latin1');
    const headers = { 'content-type': 'application/json' };
    manager.poll = [{ status: 200, bytes: latin, headers }, await approved()];
    expect(await join_()).toEqual({ kind: 'installed' });
    expect(host.said()).toContain('not UTF-8');
  });

  it('and never ends its answer does not keep the agent from stopping', async () => {
    manager.poll = [{ status: 200, silent: true }];
    const stop = new AbortController();
    const onProgress = (): void => void (polls(manager).length > 0 && stop.abort());
    const watching = setInterval(onProgress, 10);
    const caFingerprint = spkiFingerprint(manager.rootPem);
    const outcome = await host.enrol({ managerUrl: managerUrl(), caFingerprint, signal: stop.signal });
    clearInterval(watching);
    expect(outcome).toEqual({ kind: 'stopped' });
    expect(await host.pending()).toMatchObject({ polling_token: TOKEN });
  });
});
