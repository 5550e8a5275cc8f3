import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { ManualClock, temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { packageEnvironment } from '../../worker/src/packages/environment.ts';
import { openPackageManager } from '../../worker/src/packages/open.ts';
import { createSigningKey, type SigningKey } from '../src/apt/signing.ts';
import { publishSuite } from '../src/apt/suite.ts';
import { askUntil } from '../src/wait.ts';
import { bench, ordersOf, policyOf, quietRun } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const DAY_MS = 86_400_000;

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A host with healthy sources that offer updates, and one more source. */
async function host(source: string) {
  const one = await bench(folder.path, ['toyhello', 'toylib']);
  await writeFile(join(one.root, 'etc/apt/sources.list.d/third.list'), `${source}\n`);
  await writeFile(join(one.root, 'etc/apt/apt.conf.d/90lab'), 'Acquire::Retries "0";\n');
  return one;
}

/** The healthy sources of `bench` taken away. */
async function onlyThird(source: string) {
  const one = await host(source);
  await rm(join(one.root, 'etc/apt/sources.list.d/lab.sources'));
  return one;
}

const everything = { selection: { kind: 'all' as const }, exclude: [] };

/** A third-party repository that was fetched once. */
async function thirdParty() {
  const base = join(folder.path, crypto.randomUUID().slice(0, 8));
  await mkdir(base);
  const key = await createSigningKey(new Date(Date.now() - DAY_MS));
  await writeFile(join(base, 'key.gpg'), key.publicKeyring);
  let nowMs = Date.now() - 60_000;
  const publish = (label: string, signer: SigningKey = key) =>
    publishSuite({
      folder: base,
      suite: { codename: 'third', suite: 'stable', label },
      packages: [{ name: 'toythird', version: '1' }],
      key: signer,
      now: new Date((nowMs += 1_000)),
    });
  await publish('Third');
  const one = await host(`deb [signed-by=${base}/key.gpg] file:${base} third main`);
  expect((await one.packages.operations.refresh(quietRun())).failed).toEqual([]);
  return { ...one, publish, key, release: join(base, 'dists/third') };
}

describe('one source that fails', () => {
  const failures = {
    'is unreachable': {
      spoil: async () => host('deb http://127.0.0.1:9/third stable main'),
      failure: { source: 'http://127.0.0.1:9/third stable', code: 'NETWORK_ERROR', reason: /refused/ },
    },
    'is gone': {
      spoil: async () => {
        const third = await thirdParty();
        await rm(third.release, { recursive: true });
        return third;
      },
      failure: { source: / third$/, code: 'NETWORK_ERROR', reason: /File not found/ },
    },
    'was renamed': {
      spoil: async () => {
        const third = await thirdParty();
        await third.publish('Fourth');
        return third;
      },
      failure: {
        source: / third$/,
        code: 'CACHE_REFRESH_ERROR',
        reason: /'Label' value from 'Third' to 'Fourth'.*--allow-releaseinfo-change/,
      },
    },
    'is signed by another key': {
      spoil: async () => {
        const third = await thirdParty();
        await third.publish('Third', await createSigningKey(new Date(Date.now() - DAY_MS)));
        return third;
      },
      failure: { source: / third$/, code: 'GPG_ERROR', reason: /NO_PUBKEY.*Check the key/ },
    },
    'is expired': {
      spoil: async () => {
        const third = await thirdParty();
        const release = (await systemFiles.readText(join(third.release, 'Release'))) ?? '';
        const expired = release.replace('\nArch', '\nValid-Until: Thu, 01 Jan 2026 00:00:00 UTC\nArch');
        await writeFile(join(third.release, 'InRelease'), await third.key.clearSign(expired, new Date()));
        return third;
      },
      failure: { source: / third$/, code: 'CACHE_REFRESH_ERROR', reason: /expired.*this host's clock/ },
    },
    'is a disc': {
      spoil: async () => host('deb cdrom:[Debian GNU/Linux 12.1.0 _Bookworm_ - Official]/ bookworm main'),
      failure: { source: /^cdrom:/, code: 'CACHE_REFRESH_ERROR', reason: /Remove the cdrom: line/ },
    },
    'needs a method that is not installed': {
      spoil: async () => host('deb foo://third.example/x stable main'),
      failure: {
        source: 'foo://third.example/x stable',
        code: 'CACHE_REFRESH_ERROR',
        reason: /method driver/,
      },
    },
  };

  it.each(Object.entries(failures))(
    'because it %s is named, and the others are applied',
    async (_how, one) => {
      const { packages } = await one.spoil();
      const { failed } = await packages.operations.refresh(quietRun());
      expect(failed).toHaveLength(1);
      const { source, reason } = one.failure;
      expect(failed[0]).toEqual({
        code: one.failure.code,
        id: failed[0]?.source,
        source: typeof source === 'string' ? source : expect.stringMatching(source),
        reason: expect.stringMatching(reason),
        security: false,
      });
      const { results } = await packages.operations.applyPatches(everything, quietRun());
      expect(results.map((each) => [each.name, each.version_after])).toEqual([
        ['toyhello', '1.1-1'],
        ['toylib', '1.0-1+deb12u1'],
      ]);
    },
  );

  it('counts as the source of security updates by its suite, and shows no password', async () => {
    const { packages } = await host('deb http://user:secret@127.0.0.1:9/debian bookworm-security main');
    const { failed } = await packages.operations.refresh(quietRun());
    expect(failed).toMatchObject([{ security: true, source: 'http://127.0.0.1:9/debian bookworm-security' }]);
    expect(JSON.stringify(failed)).not.toContain('secret');
  });

  it('may be a hook of apt.conf, which leaves the lists fresh', async () => {
    const { packages, root } = await bench(folder.path, ['toyhello']);
    await writeFile(
      join(root, 'etc/apt/apt.conf.d/hook'),
      'APT::Update::Post-Invoke-Success { "exit 3"; };\n',
    );
    expect((await packages.operations.refresh(quietRun())).failed).toMatchObject([
      { id: undefined, source: 'A hook of apt.conf', reason: expect.stringContaining("'exit 3'") },
    ]);
  });

  it('because nobody can read the list of sources fails the refresh', async () => {
    const { packages } = await host('deb [nonsense');
    await expect(packages.operations.refresh(quietRun())).rejects.toMatchObject({
      message: expect.stringContaining('Malformed entry'),
    });
  });
});

describe('a first fetch', () => {
  it.each([
    [403, /403 +Forbidden.*refuses this host/],
    [407, /407 +Proxy Authentication Required.*proxy asks for a user/],
    [429, /429 +Too Many Requests/],
    [503, /503 +Service Unavailable/],
  ])('that answers %i is a matter of the network, not of signatures', async (status, message) => {
    const url = await serve((_request, response) => response.writeHead(status).end('no'));
    const { packages } = await onlyThird(`deb ${url}/debian stable main`);
    await expect(packages.operations.refresh(quietRun())).rejects.toMatchObject({
      code: 'NETWORK_ERROR',
      message: expect.stringMatching(message),
    });
  });

  it('that answers a login page says so', async () => {
    const url = await serve((_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome to the hotel</html>'),
    );
    const { packages } = await onlyThird(`deb ${url}/debian stable main`);
    await expect(packages.operations.refresh(quietRun())).rejects.toMatchObject({
      code: 'NETWORK_ERROR',
      message: expect.stringContaining('login page'),
    });
  });
});

describe('a slow source', () => {
  /** A server that sends part after part, each when it is told to. */
  async function drip() {
    const parts: (() => void)[] = [];
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': 100_000 });
      parts.push(() => void response.write('x'.repeat(2_000)));
      response.write('-----BEGIN PGP SIGNED MESSAGE-----\n');
    });
    return { url, send: () => parts.forEach((part) => part()) };
  }

  it('may take any time while data comes, and is given up when none does', async () => {
    const source = await drip();
    const { root } = await onlyThird(`deb ${source.url}/debian stable main`);
    // apt's own limit is longer than this test; ours runs by a clock that the test moves.
    await writeFile(join(root, 'etc/apt/apt.conf.d/91lab'), 'Acquire::http::Timeout "600";\n');
    const clock = new ManualClock();
    const packages = await openPackageManager({
      root,
      files: systemFiles,
      clock,
      configured: 'auto',
      policy: policyOf(root),
      recorded: ordersOf(root).recorded,
      commands: nodeCommands(packageEnvironment(root)),
    });
    const refresh = packages.operations.refresh(quietRun({ timeoutMs: 3_600_000 }));
    const ended = refresh.then(
      () => 'done',
      (error: unknown) => error,
    );
    const partial = join(root, 'var/lib/apt/lists/partial');
    const received = async (bytes: number): Promise<void> => {
      await askUntil(`apt to have ${bytes} bytes`, async () => {
        const [name] = (await systemFiles.list(partial)).filter((one) => one.includes('InRelease'));
        const facts = name === undefined ? undefined : await systemFiles.facts(join(partial, name));
        return (facts?.sizeBytes ?? 0) > bytes ? true : undefined;
      });
    };
    for (let part = 0; part < 4; part += 1) {
      await received(part * 2_000);
      await clock.waitForSleepers();
      await clock.advance(100_000);
      await clock.waitForSleepers();
      source.send();
    }
    expect(await Promise.race([ended, Promise.resolve('still going')])).toBe('still going');
    // What came last may be noticed at the first of these looks, and begins the silence anew.
    let over = false;
    void ended.then(() => (over = true));
    for (let looks = 0; !over && looks < 6; looks += 1) {
      await clock.advance(100_000);
      await Promise.race([ended, clock.waitForSleepers()]);
    }
    expect(await ended).toMatchObject({
      code: 'NETWORK_ERROR',
      message: expect.stringContaining('nothing had moved for 180 s'),
    });
  });
});
