import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type ConnectionOptions, connect } from 'node:tls';
import { readProcess } from '../../bench/proc.ts';
import type { AttackCase } from '../attack-case.ts';
import { renewWith, stolenFrom } from '../stolen-identity.ts';
import { callAsStranger } from '../stranger.ts';

const MIB = 1024 * 1024;
const CONNECTIONS = 1_500;
const BATCH = 100;

/** A connection that begins a request with a large body, and sends of it what the manager takes. */
async function pour(url: string, from: string, path: string): Promise<() => boolean> {
  const { hostname, port } = new URL(url);
  const options: ConnectionOptions = { host: hostname, port: Number(port), rejectUnauthorized: false };
  const socket = connect({ ...options, localAddress: from } as ConnectionOptions);
  let open = true;
  socket.on('error', () => undefined).on('close', () => (open = false));
  socket.resume();
  const head = `POST ${path} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: ${MIB}\r\n\r\n`;
  socket.once('secureConnect', () => socket.write(head + 'x'.repeat(MIB - 1)));
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]).catch(() => undefined);
  return () => {
    const was = open;
    socket.destroy();
    return was;
  };
}

export const LARGE_BODIES: AttackCase = {
  name: 'b5-large-bodies',
  tried: `A stranger opens ${CONNECTIONS} connections from one address and sends a body of 1 MiB on each, to the routes of agents and of administrators.`,
  now: 'No body is read before the token was checked, and 16 KiB of one at most from a stranger; beyond 256 connections without a credential the address gets no more. Everybody else is served.',
  async run(world) {
    const { url, program } = await world.manager();
    const before = await readProcess(program.pid);
    const ends: (() => boolean)[] = [];
    let peakMb = 0;
    let slowestMs = 0;
    for (let made = 0; made < CONNECTIONS; made += BATCH) {
      const paths = Array.from({ length: BATCH }, (_, index) =>
        index % 2 === 0 ? '/api/v1/enroll' : '/api/v1/./tokens',
      );
      ends.push(...(await Promise.all(paths.map((path) => pour(url, world.address, path)))));
      const other = await callAsStranger({ url, path: '/api/v1/pki/ca.pem', from: '127.0.9.200' });
      if (other.status !== 200) throw new Error(`another caller is not served: ${other.text}`);
      slowestMs = Math.max(slowestMs, other.tookMs);
      peakMb = Math.max(peakMb, (await readProcess(program.pid)).rssAnonMb - before.rssAnonMb);
    }
    const open = ends.filter((end) => end()).length;
    if (open > 300) throw new Error(`${open} connections of one address are open`);
    if (peakMb > 250) throw new Error(`${Math.round(peakMb)} MB more memory`);
    return `${open} of ${CONNECTIONS} connections open at the end, ${Math.round(peakMb)} MB more memory, another caller waits ${Math.round(slowestMs)} ms at most`;
  },
};

export const PATH_SPELLINGS: AttackCase = {
  name: 'b6-path-spellings',
  tried:
    'A stranger spells the path of the enrolment in other ways (`/./`, `%65`, `/x/../`) and sends lists and texts without measure.',
  now: 'Every spelling is one path with one limit of 16 KiB; what is longer than its schema allows is refused.',
  async run(world) {
    const { url } = await world.manager();
    const facts = { machine_id: 'a', fqdn: 'a.lab.test', ip_address: '192.0.2.1', os_details: {} };
    const ext = { v: 1, csr: 'x', nonce_a: 'x', tag_a: 'x' };
    for (const path of ['/api/v1/./enroll', '/api/v1/%65nroll', '/api/v1/x/../enroll', '/api/v1/enroll']) {
      const big = await callAsStranger({ url, path, body: { ...facts, filler: 'x'.repeat(20_000) } });
      if (big.status !== 413) throw new Error(`${path} takes 20 kB: ${big.status} ${big.text}`);
      const modes = Array.from({ length: 1_000 }, () => 'click');
      const many = await callAsStranger({ url, path, body: { ...facts, ext: { ...ext, modes } } });
      if (many.status !== 400) throw new Error(`${path} takes 1,000 modes: ${many.status} ${many.text}`);
    }
    return 'each 413 or 400';
  },
};

export const STRANGE_HOST: AttackCase = {
  name: 'c11-strange-host',
  tried:
    'A stranger sends `Host` headers that name no host; and somebody who got a host to renew at a site of its own hands that proof on to the manager, with the name of that site as `Host`.',
  now: 'The headers are answered 400, the proof 401: it counts only when it is addressed to a name of the manager’s certificate. The log has no trace of a fault.',
  async run(world) {
    const manager = await world.manager();
    const { url, program } = manager;
    for (const host of ['a b', '[', 'a/../b', 'a@b']) {
      const body = { csr: 'x', proof: 'a.b.c' };
      const answer = await callAsStranger({ url, path: '/api/v1/enroll/renew', headers: { host }, body });
      if (answer.status !== 400) throw new Error(`Host ${host}: ${answer.status} ${answer.text}`);
    }
    const identity = await stolenFrom(await world.servingHost(manager));
    const foreign = await renewWith(url, identity, 'https://evil.example:8443');
    if (foreign.status !== 401) throw new Error(`the foreign proof: ${foreign.status} ${foreign.code}`);
    // Nothing else is wrong with it.
    const own = await renewWith(url, identity);
    if (own.status !== 200) throw new Error(`a proof for the manager: ${own.status} ${own.code}`);
    const log = await readFile(program.logFile, 'utf8');
    if (/ {4}at .*:\d+:\d+/.test(log)) throw new Error('the log has a stack');
    return 'headers 400, the foreign proof 401, the same for the manager 200; no stack';
  },
};
