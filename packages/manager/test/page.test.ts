import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PAGE_PATHS } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from './world.ts';

const INDEX = '<!doctype html><title>Linux Patch</title>';
const SCRIPT = 'document.title = "served";';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

async function install(files: Readonly<Record<string, string>>): Promise<void> {
  await rm(world.paths.page, { recursive: true, force: true });
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(world.paths.page, name, '..'), { recursive: true });
    await writeFile(join(world.paths.page, name), gzipSync(text));
  }
}

describe('A manager without a page', () => {
  it('says so in one sentence at its root, and serves its API', async () => {
    const answer = await world.call({ path: '/' });
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    expect(answer.text).toMatch(/^This manager is here and was installed without its page;.*\.\n$/);
    const elsewhere = await world.call({ path: '/nonsense', headers: { accept: 'text/html' } });
    expect([elsewhere.status, elsewhere.text]).toEqual([404, answer.text]);
    expect((await world.call({ path: '/assets/index.js' })).json().error.code).toBe('NOT_FOUND');
    expect((await world.admin('/status')).status).toBe(200);
  });
});

describe('The page', () => {
  beforeAll(() =>
    world.restart(() =>
      install({
        'index.html.gz': INDEX,
        'assets/index-1f.js.gz': SCRIPT,
        'assets/.hidden.js.gz': 'hidden',
        'assets/notes.txt.gz': 'notes',
        'secret.js.gz': 'secret',
      }),
    ),
  );

  it.each(PAGE_PATHS)('is the same document at %s, which the browser asks for again', async (path) => {
    const answer = await world.call({
      path: `${path.replaceAll(/\{\w+\}/g, 'web1.example')}?q=state:behind`,
    });
    expect([answer.status, answer.text]).toEqual([200, INDEX]);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html;charset=UTF-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
    });
  });

  it('may run its own files alone, in no frame, and write no HTML', async () => {
    const { headers } = await world.call({ path: '/' });
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
      ]),
    );
    expect(policy.join()).not.toMatch(/unsafe|\*|https?:/);
  });

  it('is not sent again to who has it', async () => {
    const { headers } = await world.call({ path: '/' });
    const etag = String(headers.etag);
    const again = await world.call({ path: '/', headers: { 'if-none-match': `"other", W/${etag}` } });
    expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag]);
    expect((await world.call({ path: '/', headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  it('has files that never change, compressed for those who take it', async () => {
    const plain = await world.call({ path: '/assets/index-1f.js' });
    expect([plain.status, plain.text]).toEqual([200, SCRIPT]);
    expect(plain.headers).toMatchObject({
      'content-type': 'text/javascript;charset=UTF-8',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    });
    expect(plain.headers['content-encoding']).toBeUndefined();
    for (const [accepted, coding] of [
      ['gzip, br', 'gzip'],
      ['br;q=1.0, gzip;q=0.8', 'gzip'],
      ['gzip;q=0', undefined],
      ['br', undefined],
    ] as const) {
      const answer = await world.call({
        path: '/assets/index-1f.js',
        headers: { 'accept-encoding': accepted },
      });
      expect([accepted, answer.headers['content-encoding']]).toEqual([accepted, coding]);
    }
  });

  it('answers HEAD with the headers of GET and nothing else, and no other method', async () => {
    const head = await world.call({ method: 'HEAD', path: '/' });
    expect([head.status, head.text, head.headers['content-type']]).toEqual([
      200,
      '',
      'text/html;charset=UTF-8',
    ]);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await world.call({ method, path: '/' });
      expect([method, answer.status]).toEqual([method, 405]);
    }
  });

  it.each([
    ['/nonsense', 'text/html,application/xhtml+xml,*/*;q=0.8'],
    ['/hosts/web1.example/jobs/1/more', 'TEXT/HTML;level=1'],
    ['/index.html', 'image/avif, text/html;q=0.9'],
    ['/apiary', 'text/html'],
  ])(
    'says with 404 to a browser that there is nothing at %s, and is never kept in its place',
    async (path, accept) => {
      const { etag } = (await world.call({ path: '/' })).headers;
      const answer = await world.call({ path, headers: { accept, 'if-none-match': String(etag) } });
      expect([answer.status, answer.text]).toEqual([404, INDEX]);
      expect(answer.headers).toMatchObject({
        'content-type': 'text/html;charset=UTF-8',
        'content-security-policy': expect.stringContaining("script-src 'self'"),
        'cache-control': 'no-store',
        'x-frame-options': 'DENY',
      });
      expect(answer.headers.etag).toBeUndefined();
      const head = await world.call({ method: 'HEAD', path, headers: { accept } });
      expect([head.status, head.text, head.headers['content-type']]).toEqual([
        404,
        '',
        'text/html;charset=UTF-8',
      ]);
    },
  );

  it.each([
    ['GET', '/nonsense', '*/*'],
    ['GET', '/nonsense', 'application/json'],
    ['GET', '/nonsense', 'text/html;q=0, */*'],
    ['GET', '/nonsense', 'text/htmlx'],
    ['POST', '/nonsense', 'text/html'],
    ['GET', '/api/v1/nonsense', 'text/html'],
    ['GET', '/api', 'text/html'],
    ['GET', '/%61pi/v2/hosts', 'text/html'],
    ['GET', '/install/nonsense', 'text/html'],
    ['GET', '/metrics/nonsense', 'text/html'],
    ['GET', '/assets/none.js', 'text/html'],
    ['GET', '/assets/more/none.js', 'text/html'],
  ])('leaves it to the API to answer %s %s for %s', async (method, path, accept) => {
    const answer = await world.call({ method, path, headers: { accept } });
    expect([answer.status, answer.json().error.code]).toEqual([404, 'NOT_FOUND']);
  });

  it.each([
    '/assets/secret.js',
    '/assets/../secret.js',
    '/assets/..%2fsecret.js',
    '/assets/%2e%2e%2fsecret.js',
    '/assets/.hidden.js',
    '/assets/notes.txt',
    '/assets/index-1f.js.gz',
    '/assets/',
    '/assets/__proto__',
    '/index.html',
    '/etc/passwd',
    '/assets/index-1f.js%00',
  ])('has nothing at %s', async (path) => {
    const answer = await world.call({ path });
    expect([answer.status, answer.json().error.code]).toEqual([404, 'NOT_FOUND']);
  });
});
