import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from '@linux-patch/runtime';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { freePort } from '@linux-patch/runtime/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OWN_PROGRAMS } from '../../../worker/test/worker-process.ts';
import { learnAddresses } from '../../src/access/learned-addresses.ts';
import { createSickHost, runCli, type SickHost } from '../doctor/sick-host.ts';

/** A host with the real worker. */
async function workingHost(): Promise<SickHost> {
  const made = await createSickHost();
  made.commands = nodeCommands({}, OWN_PROGRAMS);
  return made;
}

let host: SickHost;
beforeEach(async () => {
  host = await workingHost();
});
afterEach(() => host[Symbol.asyncDispose]());

/** A manager that lets hosts leave, and the paths it was asked for. */
function letsGo(status = 200, body = '{"fqdn":"host.example.test","revoked":1}'): string[] {
  const asked: string[] = [];
  host.manager.respond = (path, response) => {
    asked.push(path);
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  };
  return asked;
}

/** Every file of the host with its content. */
async function contents(): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(host.root, { recursive: true, withFileTypes: true });
  const files = names.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  return new Map(await Promise.all(files.map(async (path) => [path, await readFile(path, 'utf8')] as const)));
}

async function expectNothingLeft(): Promise<void> {
  expect(await systemFiles.list(host.paths.certificatesFolder, { missingOk: true })).toEqual([]);
  for (const [path, text] of await contents()) {
    for (const secret of host.secrets) expect(text, path).not.toContain(secret);
    expect(text, path).not.toContain('PRIVATE KEY');
  }
  const names = await systemFiles.list(host.paths.dataFolder);
  expect(names.filter((name) => name.endsWith('.json'))).toEqual([]);
}

const audited = async (): Promise<string> => readFile(host.paths.auditLog, 'utf8');

describe('a host that leaves', () => {
  it('tells the manager and wipes keys, certificates and sets; configuration and audit log stay', async () => {
    const asked = letsGo();
    await host.install();
    const before = await readFile(host.paths.configFile, 'utf8');
    const { exitCode, text } = await runCli(host, 'leave');
    expect(exitCode).toBe(0);
    expect(text).toContain('no identity any more');
    expect(asked).toEqual(['/api/v1/enroll/leave']);
    await expectNothingLeft();
    expect(await readFile(host.paths.configFile, 'utf8')).toBe(before);
    expect(await audited()).toMatch(/"leaving".*"told":true[^]*"identity_wiped"/);
  });

  it('finds nothing to leave the second time', async () => {
    const asked = letsGo();
    await runCli(host, 'leave');
    const { exitCode, text } = await runCli(host, 'leave');
    expect([exitCode, text]).toEqual([
      0,
      'This host has no identity and no request; there is nothing to leave.\n',
    ]);
    expect(asked).toHaveLength(1);
  });

  it('takes a waiting request back: key, host code and token', async () => {
    await host.enrolling();
    expect((await runCli(host, 'leave')).exitCode).toBe(0);
    await expectNothingLeft();
  });

  it('forgets where its manager is', async () => {
    letsGo();
    const path = host.paths.learnedAddresses;
    const addresses = ['192.0.2.7'];
    await learnAddresses({ files: systemFiles, path, managerUrl: host.manager.url, addresses });
    expect((await runCli(host, 'status')).text).toContain('Calls from   192.0.2.7');
    expect((await runCli(host, 'leave')).exitCode).toBe(0);
    expect(await systemFiles.facts(path)).toBeUndefined();
  });

  it('uses no token that is left in the configuration, and says so; the file stays as it is', async () => {
    await rm(host.paths.certificatesFolder, { recursive: true });
    await host.configure([
      `manager_url: ${host.manager.url}`,
      'polling_token: word  # of an earlier version',
    ]);
    const before = await readFile(host.paths.configFile, 'utf8');
    const { exitCode, text } = await runCli(host, 'leave', '--force');
    expect([exitCode, text]).toEqual([
      2,
      expect.stringContaining('it is not used any more, remove the line'),
    ]);
    expect(await readFile(host.paths.configFile, 'utf8')).toBe(before);
    expect((await runCli(host, 'leave')).text).toContain('nothing to leave');
  });

  it('counts a certificate that is revoked already as known to the manager', async () => {
    letsGo(403, '{"error":{"code":"CERT_REVOKED","message":"revoked"}}');
    expect((await runCli(host, 'leave')).exitCode).toBe(0);
    await expectNothingLeft();
  });
});

describe('a manager that cannot be told', () => {
  it('keeps everything in place unless it is forced, and then says what the manager still believes', async () => {
    const port = await freePort();
    await host.install({ meta: { manager_url: `https://127.0.0.1:${port}` } });
    const before = await contents();
    const refused = await runCli(host, 'leave');
    expect(refused.exitCode).toBe(1);
    expect(refused.text).toMatch(/ECONNREFUSED[^]*leave --force/);
    const after = await contents();
    for (const [path, text] of before)
      if (!path.endsWith('audit.log')) expect(after.get(path), path).toBe(text);

    const forced = await runCli(host, 'leave', '--force');
    expect(forced.exitCode).toBe(2);
    expect(forced.text).toMatch(/certificates revoke [0-9a-f]+/);
    await expectNothingLeft();
  });

  it('of the older generation has no such endpoint, which is said', async () => {
    letsGo(404, '{"error":"not found"}');
    const { exitCode, text } = await runCli(host, 'leave');
    expect([exitCode, text.includes('older generation')]).toEqual([1, true]);
    expect((await host.doctor()).codes).not.toContain('IDENTITY_MISSING');
  });

  it('is not asked with a key that does not fit, and force wipes such a set too', async () => {
    const asked = letsGo();
    await writeFile(host.paths.key, 'no key');
    expect((await runCli(host, 'leave')).exitCode).toBe(1);
    expect(asked).toEqual([]);
    expect((await runCli(host, 'leave', '--force')).exitCode).toBe(2);
    await expectNothingLeft();
  });
});

/** Calls that change something on the disk. */
const CHANGES = new Set<PropertyKey>([
  'writeDurably',
  'shred',
  'remove',
  'makeFolder',
  'replaceLink',
  'append',
  'rename',
  'setMode',
]);

/** A file system whose machine loses power before the n-th change. */
function dyingAfter(changes: number): { readonly files: Files; readonly died: () => boolean } {
  let left = changes;
  let dead = false;
  const files = new Proxy(systemFiles, {
    get(target, name) {
      const work = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      if (!CHANGES.has(name)) return work;
      return (...args: unknown[]) => {
        dead ||= left === 0;
        left -= 1;
        return dead ? Promise.reject(new Error('the power is gone')) : work(...args);
      };
    },
  });
  return { files, died: () => dead };
}

describe('a leave that is cut off', () => {
  it('before any change to the disk goes on when it is asked for again', async () => {
    let cuts = 0;
    for (let changes = 0; ; changes += 1) {
      await using sick = await workingHost();
      host = sick;
      letsGo();
      await sick.install();
      const dying = dyingAfter(changes);
      sick.files = dying.files;
      const first = await runCli(sick, 'leave');
      if (!dying.died()) {
        expect(first.exitCode).toBe(0);
        break;
      }
      cuts += 1;
      sick.files = systemFiles;
      expect((await runCli(sick, 'leave')).exitCode, `after ${changes} changes`).toBe(0);
      await expectNothingLeft();
    }
    expect(cuts).toBeGreaterThan(15);
    host = await workingHost();
  });

  it('by force goes on without force and without asking the manager for leave', async () => {
    await host.install({ meta: { manager_url: `https://127.0.0.1:${await freePort()}` } });
    host.files = dyingAfter(8).files;
    expect((await runCli(host, 'leave', '--force')).exitCode).toBe(1);
    host.files = systemFiles;
    expect((await runCli(host, 'leave')).exitCode).toBe(2);
    await expectNothingLeft();
  });
});
