import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { agentProfile, parseCertificates, webProfile } from '@linux-patch/pki';
import { type TestAuthority, testAuthority } from '@linux-patch/pki/testing';
import { startMiddlebox } from '@linux-patch/runtime/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { requestOnce } from '../../src/manager-link/client.ts';
import { startCurrentManager } from './current-manager.ts';
import { NOW } from './joining-host.ts';

const NAMES = { dnsNames: ['manager.example.test'], ipAddresses: ['127.0.0.1'] };
const HOST = agentProfile({ fqdn: 'manager.example.test', ipAddress: '127.0.0.1' });

let close: (() => Promise<void>) | undefined;
afterEach(() => close?.());

/** A server whose answers a test writes byte by byte. */
async function serve(answer: (response: ServerResponse) => void): Promise<URL> {
  const server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  const address = server.address();
  return new URL(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`);
}

const ask = (url: URL, timeoutMs = 5_000, signal = new AbortController().signal) =>
  requestOnce({
    url,
    shownUrl: 'SHOWN',
    method: 'GET',
    peer: { kind: 'unverified' },
    timeoutMs,
    signal,
  });

describe('a request to the manager', () => {
  it('returns what was answered, over plain HTTP too', async () => {
    const url = await serve((response) => void response.writeHead(202).end('{"ü":1}'));
    expect(await ask(url)).toMatchObject({ status: 202, text: '{"ü":1}', peerCertificate: undefined });
  });

  it('is over in time though its answer comes drop by drop', async () => {
    let timer: NodeJS.Timeout | undefined;
    const url = await serve((response) => {
      response.writeHead(200);
      timer = setInterval(() => response.write(' '), 20);
    });
    await expect(ask(url, 300)).rejects.toMatchObject({
      kind: 'transient',
      message: expect.stringMatching(/^SHOWN did not answer within 0.3 s: its answer began/),
    });
    clearInterval(timer);
  });

  it('reads 256 KiB and no more', async () => {
    const fits = await serve((response) => void response.end('x'.repeat(256 * 1024)));
    expect((await ask(fits)).text).toHaveLength(256 * 1024);
    await close?.();
    const tooLong = await serve((response) => {
      response.on('error', () => {});
      const more = (): void =>
        void (response.write('x'.repeat(64 * 1024)) ? setImmediate(more) : response.once('drain', more));
      more();
    });
    await expect(ask(tooLong)).rejects.toMatchObject({ kind: 'protocol', code: 'MANAGER_PROTOCOL' });
  });

  it.each([301, 302, 303, 307, 308])(
    'names where %d leads, without the path, and does not go there',
    async (status) => {
      const location = 'https://user:secret@login.example.test/deep/path?token=1';
      const url = await serve((response) => void response.writeHead(status, { location }).end());
      const failure = await ask(url).catch((error: unknown) => error);
      expect(failure).toMatchObject({ kind: 'protocol' });
      expect(String(failure)).toContain('redirects to https://login.example.test.');
    },
  );

  it('ends at once when the agent is told to stop', async () => {
    const stop = new AbortController();
    const url = await serve(() => stop.abort());
    await expect(ask(url, 30_000, stop.signal)).rejects.toMatchObject({ kind: 'stopped' });
  });

  it('says what is wrong when something else than TLS answers', async () => {
    const url = await serve((response) => void response.end());
    const https = new URL(url.href.replace('http:', 'https:'));
    await expect(ask(https)).rejects.toMatchObject({
      kind: 'transient',
      message: expect.stringContaining('SHOWN'),
    });
  });

  it('ends in time when a handshake is never answered', async () => {
    const silent = createTcpServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const url = new URL(`https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    await expect(ask(url, 300)).rejects.toMatchObject({
      kind: 'transient',
      message: expect.stringContaining('TLS handshake is not answered'),
    });
    silent.close();
  });
});

describe('something on the way that takes no ClientHello of two packets', () => {
  it.each(['cuts', 'drops'] as const)(
    'and %s it is got through without the hybrid key exchange, which the answer says',
    async (manner) => {
      await using manager = await startCurrentManager(NOW);
      await using middlebox = await startMiddlebox(Number(new URL(manager.url).port), manner);
      const peer = { kind: 'verified' as const, ca: [manager.authority.root.certificatePem] };
      const url = new URL(middlebox.url);
      const wish = {
        url,
        shownUrl: 'SHOWN',
        method: 'GET',
        peer,
        signal: new AbortController().signal,
      } as const;
      expect(await requestOnce({ ...wish, timeoutMs: 3_000 })).toMatchObject({
        status: 404,
        smallHello: true,
      });
      expect(middlebox.greetings).toEqual([
        expect.toSatisfy((size) => size > 1_400),
        expect.toSatisfy((size) => size < 1_000),
      ]);
      // Once known, it is not tried again.
      await requestOnce({ ...wish, timeoutMs: 3_000, smallHello: true });
      expect(middlebox.greetings).toHaveLength(3);
    },
  );

  it('is not suspected where the connection is fine', async () => {
    await using manager = await startCurrentManager(NOW);
    const url = new URL(manager.url);
    expect(await ask(url)).toMatchObject({ status: 404, smallHello: false });
  });
});

describe('whoever answers in the place of the manager', () => {
  it.each<[string, Parameters<TestAuthority['issue']>[0], boolean]>([
    ['a host of the same CA, certified for the name of the manager', HOST, false],
    ['a manager', webProfile(NAMES), true],
    [
      'a manager from before there was a mark',
      { ...webProfile(NAMES), extendedKeyUsage: ['serverAuth'] },
      true,
    ],
  ])('is told from it by its certificate: %s', async (_who, profile, isManager) => {
    const authority = await testAuthority({ now: Date.now() });
    const { chainPem, privateKeyPem } = await authority.issue(profile);
    const asked: string[] = [];
    const server = createHttpsServer({ cert: chainPem, key: privateKeyPem }, (request, response) => {
      asked.push(request.url ?? '');
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    close = async () => {
      server.close();
      await once(server, 'close');
    };
    const address = server.address();
    const answer = requestOnce({
      url: new URL(`https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`),
      shownUrl: 'SHOWN',
      method: 'GET',
      peer: { kind: 'verified', ca: parseCertificates(authority.caPem).map((one) => one.pem) },
      timeoutMs: 5_000,
      signal: new AbortController().signal,
    });
    if (isManager) expect(await answer).toMatchObject({ status: 200 });
    else
      await expect(answer).rejects.toMatchObject({
        kind: 'security',
        message: expect.stringContaining('is the certificate of a host'),
      });
    expect(asked).toHaveLength(isManager ? 1 : 0);
  });
});
