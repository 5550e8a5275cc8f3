import type { IncomingMessage, ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { REPOSITORY } from '../../checkout.ts';
import { openFront } from '../../faults/front.ts';
import { waitingHost } from '../../waiting-host.ts';
import type { AttackCase } from '../attack-case.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers everything with this. */
function answering(status: number, body: object): Handler {
  return (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
}

export const UNPROVEN_DENIAL: AttackCase = {
  name: 'c1-unproven-denial',
  tried:
    'Something between a host and its manager refuses the request (403 in the words of a manager), and later the poll of the request that waits (`denied`).',
  now: 'The agent says that nothing proves the manager, keeps key and code, asks on, and serves as soon as the manager has approved.',
  limitMs: 240_000,
  waits: true,
  async run(world) {
    const manager = await world.manager();
    const front = world.use(
      await openFront({ folder: join(world.folder, 'front'), managerUrl: manager.url }),
    );
    front.become({
      kind: 'answer',
      with: answering(403, { error: { code: 'ENROLLMENT_DENIED', message: 'go away' } }),
    });
    const host = await world.host({ ...manager, url: front.url });
    const agent = world.use(host.start());
    await agent.logged('(go away)');
    front.become({ kind: 'pass' });
    const { request_id: id, host_code: code } = await waitingHost(host);
    front.become({ kind: 'answer', with: answering(200, { status: 'denied', reason: 'never come back' }) });
    await agent.logged('(never come back)');
    front.become({ kind: 'pass' });
    await manager.json('enrollments', 'approve', id, '--code', code);
    await agent.listening;
    return 'refused twice, asked on, serves with the key of its first request';
  },
};

/** A TLS inspection before a hostile manager: it opens the connection and lets the host say that a click is enough. */
function inspecting(target: string): Handler {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { host: _host, 'content-length': _length, ...headers } = request.headers;
      let body = Buffer.concat(chunks).toString('utf8');
      if (request.url === '/api/v1/enroll') {
        // The proof covers the body; without one the manager takes a first request all the same.
        delete headers['enroll-proof'];
        body = body.replace('"modes":["code"]', '"modes":["code","click"]');
      }
      const url = new URL(request.url ?? '/', target);
      const { method } = request;
      const outgoing = httpsRequest(url, { method, headers, rejectUnauthorized: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      outgoing.on('error', () => response.destroy());
      outgoing.end(body);
    });
  };
}

interface Proof {
  readonly enrollment: {
    readonly manager_proof: { readonly by: string; readonly issuer: string | null } | null;
  } | null;
}

export const TLS_INSPECTION: AttackCase = {
  name: 'c7-tls-inspection',
  tried:
    "A CA that the host's system believes (TLS inspection) stands for a hostile manager, which approves the host without its code.",
  now: 'With `enrollment.trust: code` nothing is installed; without it the CA is named in `status` and at approval.',
  limitMs: 180_000,
  async run(world) {
    const hostile = await world.manager();
    const folder = join(world.folder, 'front');
    const front = world.use(await openFront({ folder, managerUrl: hostile.url }));
    front.become({ kind: 'answer', with: inspecting(hostile.url) });
    const at = { ...hostile, url: front.url };
    const believing = {
      env: { SSL_CERT_FILE: join(folder, 'ca.pem') },
      // The start script drops this variable; here it stands for the store in /etc/ssl.
      program: [process.execPath, join(REPOSITORY, 'packages/agent/src/main.ts')],
    };

    const careful = await world.host(at, ['trust: code']);
    const agent = world.use(careful.start(believing));
    const { request_id: id } = await waitingHost(careful);
    await hostile.json('enrollments', 'approve', id, '--no-code');
    await agent.logged("nobody typed this host's code");
    const { identity } = await careful.status();
    if (identity.status !== 'missing') throw new Error(`its identity is ${identity.status}`);

    const trusting = await world.host(at);
    world.use(trusting.start(believing));
    const { request_id: other } = await waitingHost(trusting);
    const { enrollment } = (await trusting.status()) as unknown as Proof;
    const seen = enrollment?.manager_proof;
    if (seen?.by !== 'system' || !seen.issuer?.includes('Handmade CA'))
      throw new Error(`status names ${JSON.stringify(seen)}`);
    const shown = (await hostile.json('enrollments', 'show', other)) as {
      readonly manager_proof: { readonly issuer: string };
    };
    if (!shown.manager_proof.issuer.includes('Handmade CA'))
      throw new Error(`the request names ${shown.manager_proof.issuer}`);
    return `nothing installed; elsewhere "${seen.issuer}" is named`;
  },
};
