import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, clientOptions, exchange, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  // Nothing below may have become a job.
  expect(world.jobs.list()).toEqual([]);
  await world[Symbol.asyncDispose]();
});

const post = (body: string | Uint8Array | object, headers: Record<string, string> = {}) =>
  call(world, '/api/v1/packages', { method: 'POST', body, headers });

/** Status line and body of what a raw request is answered with. */
const raw = async (send: string) => {
  const text = await exchange(clientOptions(world), (socket) => socket.write(send));
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body: body === '' ? undefined : JSON.parse(body) };
};

describe('hostile input', () => {
  it.each([
    ['JSON that ends early', '{"packages": [', 'body'],
    ['a list instead of an object', '[]', 'body'],
    ['wrong types', '{"packages": "curl"}', 'body.packages'],
    ['no packages', '{"packages": []}', 'body.packages'],
    ['an unknown member', '{"packages": [{"name": "curl"}], "shell": "id"}', 'body.shell'],
    ['a name that is an option', '{"packages": [{"name": "-oDpkg::Pre-Invoke=id"}]}', 'body.packages.0.name'],
    ['a name with a command', '{"packages": [{"name": "a;id"}]}', 'body.packages.0.name'],
    ['a name with a path', '{"packages": [{"name": "../etc"}]}', 'body.packages.0.name'],
    ['a version with a space', '{"packages": [{"name": "a", "version": "1 2"}]}', 'body.packages.0.version'],
  ])('%s is refused with the path of the fault', async (_what, body, path) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.envelope.error).toMatchObject({ code: 'INVALID_REQUEST', retryable: false });
    const faults = answer.envelope.error?.details['faults'] as { path: string }[];
    expect(faults.map((fault) => fault.path)).toContain(path);
  });

  it.each(['-oX', 'a%3Bb', '..%2Fetc', '%252e%252e', 'a%00b', '%zz', 'x'.repeat(300)])(
    'the package name %s is refused whatever is done with it',
    async (name) => {
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const answer = await call(world, `/api/v1/packages/${name}`, { method });
        expect(answer.status).toBe(400);
        expect(answer.envelope.error?.code).toBe('INVALID_REQUEST');
      }
    },
  );

  it.each(['limit=abc', 'limit=-1', 'limit=0', 'colour=red', 'name=a&name=b', 'sort=id%3B', 'status=broken'])(
    'the query %s is refused',
    async (query) => {
      expect((await call(world, `/api/v1/packages?${query}`)).status).toBe(400);
    },
  );

  it('bytes that are not UTF-8 are refused', async () => {
    expect((await post(new Uint8Array([0x7b, 0xff, 0x7d]))).status).toBe(400);
  });

  it('a body that is not JSON by its own word is refused with 415', async () => {
    const answer = await post('packages=curl', { 'content-type': 'application/x-www-form-urlencoded' });
    expect(answer).toMatchObject({ status: 415, envelope: { error: { code: 'UNSUPPORTED_MEDIA_TYPE' } } });
  });

  it('a body of 2 MiB is refused as soon as its length is known', async () => {
    const answer = await raw(
      'POST /api/v1/packages HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2097152\r\n\r\n',
    );
    expect(answer).toMatchObject({ status: 413, body: { error: { code: 'BODY_TOO_LARGE' } } });
  });

  it('a body without an end is refused at the limit', async () => {
    const head =
      'POST /api/v1/packages HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n';
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
    const text = await exchange(clientOptions(world), (socket) => {
      socket.write(head);
      const more = (): void => {
        while (!socket.destroyed && socket.write(chunk));
      };
      socket.on('drain', more);
      more();
    });
    expect(text === '' || text.startsWith('HTTP/1.1 413')).toBe(true);
    expect(world.logger.records.at(-1)?.fields['status']).toBe(413);
  });

  it.each([
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n', '{}'],
    [
      'two types',
      'Content-Length: 2\r\nContent-Type: application/json\r\nContent-Type: text/plain\r\n',
      '{}',
    ],
    ['a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'],
    ['two hosts', 'Host: b\r\nContent-Length: 2\r\n', '{}'],
  ])('a request with %s is refused', async (_what, headers, body) => {
    const answer = await raw(
      `POST /api/v1/packages HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}\r\n${body}`,
    );
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ success: false, error: { code: 'INVALID_REQUEST' } });
  });

  it('headers of more than 8 KiB are refused with 431', async () => {
    const answer = await raw(`GET /health HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(9000)}\r\n\r\n`);
    expect(answer).toMatchObject({ status: 431, body: { success: false } });
  });

  it('what is not HTTP is answered with 400 in the envelope', async () => {
    expect(await raw('EHLO mail.example\r\n\r\n')).toMatchObject({ status: 400, body: { success: false } });
  });

  it('a request without a Host header and one for another host are served like any other', async () => {
    expect((await raw('GET /health HTTP/1.1\r\nConnection: close\r\n\r\n')).status).toBe(200);
    const absolute = 'GET http://evil.example/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    expect((await raw(absolute)).status).toBe(400);
  });
});

describe('the rate limit', () => {
  it('answers 429 with the time to wait, for reads and changes apart, and spares probes', async () => {
    await using limited = await startWorld({
      app: { rateLimits: { readsPerMinute: 3, changesPerMinute: 1 } },
    });
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await call(limited, '/api/v1/jobs')).status);
    expect(statuses).toEqual([200, 200, 200, 429]);
    const refused = await call(limited, '/api/v1/jobs');
    expect(refused.envelope.error).toMatchObject({
      code: 'RATE_LIMIT_EXCEEDED',
      retryable: true,
      details: { retry_after_seconds: expect.any(Number) },
    });
    expect(refused.headers['retry-after']).toBe(
      String(refused.envelope.error?.details['retry_after_seconds']),
    );
    const remove = () => call(limited, '/api/v1/packages/alpha', { method: 'DELETE' });
    expect((await remove()).status).toBe(202);
    expect((await remove()).status).toBe(429);
    for (let n = 0; n < 5; n += 1) {
      expect((await call(limited, '/health')).status).toBe(200);
      expect((await call(limited, '/api/v1/system/info')).status).toBe(200);
    }
  });
});
