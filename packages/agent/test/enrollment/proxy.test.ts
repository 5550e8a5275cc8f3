import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { freePort } from '@linux-patch/runtime/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { chooseProxy } from '../../src/host/proxy.ts';
import { requestOnce } from '../../src/manager-link/client.ts';
import { answering, type ConnectProxy, startConnectProxy } from './connect-proxy.ts';
import { type CurrentManager, startCurrentManager } from './current-manager.ts';
import { createJoiningHost, NOW } from './joining-host.ts';

const MANAGER = 'manager.internal.test';
const PASSWORD = 's3cr3t-of-the-proxy';
let authority: TestAuthority;
let managerPort: number;
let close: () => Promise<void>;
let proxy: ConnectProxy;

beforeAll(async () => {
  authority = await testAuthority({ now: NOW });
  const web = await authority.issueWeb({ dnsNames: [MANAGER], ipAddresses: [] });
  const server = createServer({ cert: web.chainPem, key: web.privateKeyPem }, (_request, response) => {
    response.end('the manager');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  managerPort = typeof address === 'object' ? (address?.port ?? 0) : 0;
  close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
});
afterAll(() => close());
beforeEach(async () => {
  proxy = await startConnectProxy();
});
afterEach(() => proxy[Symbol.asyncDispose]());

const through = (configured = proxy.url) => chooseProxy({ configured, environment: {} });

/** Asks the manager that only the proxy can find. */
function ask(options: { proxyUrl?: string; ca?: string; timeoutMs?: number; host?: string } = {}) {
  const url = new URL(`https://${options.host ?? MANAGER}:${managerPort}/`);
  return requestOnce({
    url,
    shownUrl: url.href,
    method: 'GET',
    headers: { authorization: 'Enroll the-token' },
    peer: { kind: 'verified', ca: [options.ca ?? authority.root.certificatePem] },
    proxyFor: through(options.proxyUrl),
    timeoutMs: options.timeoutMs ?? 5_000,
    signal: new AbortController().signal,
  });
}

describe('a request through a proxy', () => {
  it('reaches a manager that only the proxy can find, and the proxy sees no word of it', async () => {
    expect(await ask()).toMatchObject({ status: 200, text: 'the manager' });
    expect(proxy.asked).toEqual([{ target: `${MANAGER}:${managerPort}`, authorization: undefined }]);
    expect(proxy.seen().length).toBeGreaterThan(1000);
    expect(proxy.seen()).not.toContain('the-token');
    expect(proxy.seen()).not.toContain('the manager');
  });

  it('shows the proxy its user name and password, and only the proxy', async () => {
    await ask({ proxyUrl: `http://agent:${PASSWORD}@127.0.0.1:${proxy.port}` });
    const [asked] = proxy.asked;
    expect(asked?.authorization).toBe(`Basic ${Buffer.from(`agent:${PASSWORD}`).toString('base64')}`);
  });

  it('verifies the manager inside the tunnel as without a proxy', async () => {
    const { root } = await testAuthority({ now: NOW });
    const untrusted = ask({ ca: root.certificatePem });
    await expect(untrusted).rejects.toMatchObject({ kind: 'security', code: 'MANAGER_UNTRUSTED' });
    const misnamed = ask({ host: 'other.internal.test' });
    await expect(misnamed).rejects.toMatchObject({
      kind: 'security',
      message: expect.stringContaining(`through the proxy ${proxy.url}`),
    });
  });

  it.each([
    ['407 Proxy Authentication Required', /wants a user name and a password \(HTTP 407\)/],
    ['403 Forbidden', /does not allow a tunnel to manager\.internal\.test:\d+ \(HTTP 403\)/],
    ['502 Bad Gateway', /cannot reach manager\.internal\.test:\d+ \(HTTP 502\)/],
    ['504 Gateway Timeout', /cannot reach manager\.internal\.test:\d+ \(HTTP 504\)/],
    ['302 Found', /does not make a tunnel to manager\.internal\.test:\d+ \(HTTP 302\)/],
  ])('says so and is for later when the proxy answers %s', async (status, words) => {
    proxy.answers = [answering(status)];
    await expect(ask()).rejects.toMatchObject({
      kind: 'transient',
      code: 'MANAGER_UNREACHABLE',
      message: expect.stringMatching(words),
    });
  });

  it('never shows the password, though the proxy refuses it', async () => {
    proxy.answers = [answering('407 Proxy Authentication Required')];
    const failure = await ask({ proxyUrl: `http://agent:${PASSWORD}@127.0.0.1:${proxy.port}` }).catch(
      (error: unknown) => error,
    );
    expect(String(failure)).toContain('does not take the user name and the password');
    expect(JSON.stringify(failure) + String((failure as Error).stack)).not.toContain(PASSWORD);
  });

  it('names the proxy when nobody listens there', async () => {
    const port = await freePort();
    const failure = ask({ proxyUrl: `http://agent:${PASSWORD}@127.0.0.1:${port}` });
    await expect(failure).rejects.toMatchObject({
      kind: 'transient',
      message: expect.stringMatching(
        new RegExp(`^The proxy http://127\\.0\\.0\\.1:${port} cannot be used \\(ECONNREFUSED`),
      ),
    });
  });

  it.each<[string, ConnectProxy['answers'][number], RegExp]>([
    ['nothing', () => {}, /made no tunnel .* within 0\.2 s/],
    [
      'a drop at a time',
      (socket) => {
        const drops = setInterval(() => socket.write('H'), 20);
        socket.on('close', () => clearInterval(drops));
      },
      /within 0\.2 s|does not speak HTTP/,
    ],
    ['something else than HTTP', (socket) => socket.end('220 mail.test ESMTP\r\n'), /does not speak HTTP/],
    ['a header without end', (socket) => endless(socket), /proxy .* cannot be used/],
    ['by hanging up', (socket) => socket.destroy(), /proxy .* cannot be used/],
  ])('is over in time when the proxy answers %s', async (_how, answer, words) => {
    proxy.answers = [answer];
    await expect(ask({ timeoutMs: 400 })).rejects.toMatchObject({
      kind: 'transient',
      message: expect.stringMatching(words),
    });
  });

  it('that breaks off behind the proxy names the proxy too', async () => {
    const cut = (socket: Duplex) => socket.end('HTTP/1.1 200 OK\r\n\r\n');
    proxy.answers = [cut, cut];
    await expect(ask()).rejects.toMatchObject({
      kind: 'transient',
      message: expect.stringContaining(`through the proxy ${proxy.url}`),
    });
  });

  it('ends at once when the agent is told to stop', async () => {
    const stop = new AbortController();
    proxy.answers = [() => stop.abort()];
    const url = new URL(`https://${MANAGER}:${managerPort}/`);
    const asking = requestOnce({
      url,
      shownUrl: url.href,
      method: 'GET',
      peer: { kind: 'unverified' },
      proxyFor: through(),
      timeoutMs: 30_000,
      signal: stop.signal,
    });
    await expect(asking).rejects.toMatchObject({ kind: 'stopped' });
  });
});

function endless(socket: Duplex): void {
  socket.write('HTTP/1.1 200 OK\r\n');
  const more = (): void => {
    if (socket.destroyed) return;
    if (socket.write(`X-Padding: ${'x'.repeat(4_000)}\r\n`)) setImmediate(more);
    else socket.once('drain', more);
  };
  more();
}

describe('an enrolment through a proxy', () => {
  let manager: CurrentManager;
  beforeEach(async () => {
    manager = await startCurrentManager(NOW);
  });
  afterEach(() => manager[Symbol.asyncDispose]());

  it('waits out what the proxy does, then registers, polls, installs and acknowledges through it', async () => {
    await using host = await createJoiningHost();
    proxy.answers = [answering('502 Bad Gateway'), (socket) => socket.destroy(), answering('407 Who')];
    manager.before = [{ status: 200, body: { status: 'pending' } }];
    const settings = { managerUrl: new URL(manager.url), proxyFor: through() };
    await host.enrol(settings, () => manager.verdicts.length >= 1);
    const state = await readFile(join(host.root, 'data/enrollment.json'), 'utf8');
    manager.code = (JSON.parse(state) as { host_code: string }).host_code;
    expect(await host.enrol(settings)).toEqual({ kind: 'installed' });
    expect(await host.status()).toBe('valid');
    expect(manager.acknowledged).toHaveLength(1);
    expect(new Set(proxy.asked.map((one) => one.target))).toEqual(new Set([new URL(manager.url).host]));
    expect(host.said()).toMatch(/HTTP 502.*cannot be used.*HTTP 407/s);
  });

  it('does not go around a proxy that cannot be used', async () => {
    await using host = await createJoiningHost();
    const proxyFor = chooseProxy({ configured: undefined, environment: { HTTPS_PROXY: 'socks5://x' } });
    const refused = () => host.logger.records.some((one) => one.message.includes('HTTPS_PROXY'));
    await host.enrol({ managerUrl: new URL(manager.url), proxyFor }, refused);
    expect(refused()).toBe(true);
    expect(manager.registrations).toEqual([]);
  });
});
