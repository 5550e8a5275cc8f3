import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer as createPlainServer } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { DAY_MS } from '@linux-patch/contract';
import { testAuthority } from '@linux-patch/pki/testing';
import { freePort, startMiddlebox } from '@linux-patch/runtime/testing';
import { answering, startConnectProxy } from '../enrollment/connect-proxy.ts';
import type { BrokenState } from './case.ts';
import { NOW, type SickHost, startDoctoredManager } from './sick-host.ts';

function pointAt(host: SickHost, url: string, ...more: readonly string[]): Promise<void> {
  return host.configure([`manager_url: ${url}`, 'report_ip: 127.0.0.1', ...more]);
}

/** A manager that is not on this machine; it could not reach a host at a loopback address. */
function pointFar(host: SickHost, url: string): Promise<void> {
  return host.configure([`manager_url: ${url}`, 'report_ip: 192.0.2.10']);
}

/** A manager that answers everything with this. */
const answers =
  (status: number, contentType: string, body: string) =>
  (host: SickHost): void => {
    host.manager.respond = (_path, response) => {
      response.writeHead(status, {
        'content-type': contentType,
        ...(status === 429 ? { 'retry-after': '60' } : {}),
      });
      response.end(body);
    };
  };

/** A manager whose web certificate is this one. */
const shows =
  (...wish: Parameters<SickHost['authority']['issueWeb']>) =>
  async (host: SickHost): Promise<void> => {
    const web = await host.authority.issueWeb(...wish);
    const manager = host.stack.use(await startDoctoredManager(host.authority, web));
    await pointAt(host, manager.url);
  };

/** Something that takes connections and does this with them. */
async function pointAtSocket(host: SickHost, meet: (socket: Socket) => void): Promise<void> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    socket.once('data', () => meet(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  host.stack.defer(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  await pointAt(host, `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
}

const proxied =
  (status: string) =>
  async (host: SickHost): Promise<void> => {
    const proxy = host.stack.use(await startConnectProxy());
    proxy.answers = Array.from({ length: 8 }, () => answering(status));
    await pointAt(host, host.manager.url, `proxy: http://user:s3cretOfTheProxy@127.0.0.1:${proxy.port}`);
    host.secrets.push('s3cretOfTheProxy');
  };

const network: readonly BrokenState[] = [
  {
    code: 'PROXY_INVALID',
    arrange: (host) => {
      host.environment = { HTTPS_PROXY: 'socks5://user:s3cretOfTheProxy@127.0.0.1:1080' };
      host.secrets.push('s3cretOfTheProxy');
    },
  },
  {
    code: 'PROXY_UNREACHABLE',
    arrange: async (host) => pointAt(host, host.manager.url, `proxy: http://127.0.0.1:${await freePort()}`),
  },
  { code: 'PROXY_WANTS_PASSWORD', arrange: proxied('407 Proxy Authentication Required') },
  { code: 'PROXY_REFUSES', arrange: proxied('403 Forbidden') },
  { code: 'PROXY_CANNOT_REACH', arrange: proxied('502 Bad Gateway') },
  {
    code: 'DNS_FAILED',
    says: /nobody\.invalid/,
    arrange: (host) => pointFar(host, 'https://nobody.invalid:8443'),
  },
  {
    code: 'MANAGER_PORT_CLOSED',
    says: /ECONNREFUSED/,
    arrange: async (host) => pointAt(host, `https://127.0.0.1:${await freePort()}`),
  },
  {
    // A network namespace without a single route: not a packet leaves.
    code: 'MANAGER_UNREACHABLE',
    arrange: async (host) => {
      await pointFar(host, 'https://10.1.2.3:8443');
      await writeFile(host.paths.allowListFile, 'entries:\n  - 10.1.2.3\n');
    },
    namespace: { flags: ['-n'], before: () => 'true' },
  },
];

const manager: readonly BrokenState[] = [
  {
    code: 'MANAGER_NOT_TLS',
    arrange: async (host) => {
      const server = createPlainServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1');
      await once(server, 'listening');
      host.stack.defer(async () => {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      });
      const address = server.address();
      await pointAt(host, `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    },
  },
  { code: 'MANAGER_NAME_MISMATCH', arrange: shows({ dnsNames: ['other.example.test'], ipAddresses: [] }) },
  {
    code: 'MANAGER_CERT_OUT_OF_DATE',
    arrange: shows({}, { now: NOW - 10 * DAY_MS, lifetimeMs: 5 * DAY_MS }),
  },
  {
    code: 'MANAGER_CA_UNKNOWN',
    arrange: async (host) => {
      const other = await testAuthority({ now: NOW });
      const foreign = host.stack.use(await startDoctoredManager(other));
      await pointAt(host, foreign.url);
    },
  },
  {
    code: 'MANAGER_PIN_MISMATCH',
    arrange: (host) => pointAt(host, host.manager.url, `ca_fingerprint: "sha256:${'ab'.repeat(32)}"`),
  },
  { code: 'MANAGER_DOWN', says: /503/, arrange: answers(503, 'text/html', '<h1>Service Unavailable</h1>') },
  { code: 'MANAGER_THROTTLES', says: /429/, arrange: answers(429, 'application/json', '{}') },
  {
    code: 'MANAGER_IS_WEB_PAGE',
    arrange: answers(200, 'text/html; charset=utf-8', '<h1>Please log in</h1>'),
  },
  { code: 'MANAGER_IS_OTHER_SERVICE', arrange: answers(404, 'application/json', '{"error":"not here"}') },
  {
    code: 'CLOCK_AHEAD',
    variant: "by which the manager's certificate is out of date",
    arrange: async (host) => {
      await shows({}, { now: NOW - 10 * DAY_MS, lifetimeMs: 5 * DAY_MS })(host);
      host.clock.setWallClock(NOW + 3 * 3_600_000);
    },
    lacks: 'MANAGER_CERT_OUT_OF_DATE',
  },
  {
    code: 'MANAGER_CUTS',
    says: /cut/,
    arrange: (host) => {
      host.manager.respond = (_path, response) => void response.destroy();
    },
  },
  {
    code: 'MANAGER_CUTS',
    variant: 'in the handshake',
    arrange: (host) => pointAtSocket(host, (socket) => socket.resetAndDestroy()),
  },
  { code: 'MANAGER_NO_HANDSHAKE', arrange: (host) => pointAtSocket(host, () => {}) },
  {
    code: 'MANAGER_SMALL_HELLO',
    arrange: async (host) => {
      const port = Number(new URL(host.manager.url).port);
      const middlebox = host.stack.use(await startMiddlebox(port, 'cuts'));
      await pointAt(host, middlebox.url);
    },
  },
  {
    code: 'MANAGER_SILENT',
    says: /did not answer/,
    arrange: (host) => {
      host.manager.respond = () => {};
    },
  },
];

export const NETWORK_STATES: readonly BrokenState[] = [...network, ...manager];
