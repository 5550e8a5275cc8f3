import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bench, openOn } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let host: Awaited<ReturnType<typeof bench>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  host = await bench(folder.path, ['toyhello', 'toylib', 'toyapp', 'toyheld', 'toyphased']);
  await host.apt.run('apt-mark', ['hold', 'toyheld']);
});
afterAll(() => folder[Symbol.asyncDispose]());

const HOSTILE = [
  'APT::Get::Assume-Yes "true";',
  'APT::Get::Assume-No "true";',
  'quiet "1";',
  'quiet "2";',
  'quiet "0";',
  'APT::Get::Remove "false";',
  'APT::Get::AutomaticRemove "true";',
  'APT::Get::Purge "true";',
  'APT::Get::Download-Only "true";',
  'APT::Get::Print-URIs "true";',
  'APT::Get::Fix-Broken "true";',
  'APT::Get::Trivial-Only "true";',
  'APT::Get::Show-Versions "false";',
  'APT::Get::Show-Upgraded "false";',
  'APT::Get::Upgrade-Allow-New "false";',
  'APT::Get::Phase-Policy "true";',
  'APT::Ignore-Hold "true";',
  'APT::Solver "nowhere";',
  'APT::Color "1"; Binary::apt-get::APT::Color "1";',
  'APT::Get::Only-Source "true"; APT::Cache::AllVersions "false"; APT::Cache::ShowFull "true";',
  'Debug::pkgProblemResolver "true"; Debug::pkgDepCache::AutoInstall "true"; Debug::pkgPolicy "true";',
];

describe("settings of the host's apt.conf", () => {
  it.each(HOSTILE)('change no listing: %s', async (setting) => {
    const plain = await (await openOn(host.root)).inventory.listPatches();
    expect(plain.patches.map((one) => one.name)).toEqual([
      'toyapp',
      'toyheld',
      'toyhello',
      'toylib',
      'toyphased',
    ]);
    await writeFile(join(host.root, 'etc/apt/apt.conf'), `${setting}\n`);
    try {
      const { inventory } = await openOn(host.root);
      expect((await inventory.listPatches()).patches).toEqual(plain.patches);
    } finally {
      await writeFile(join(host.root, 'etc/apt/apt.conf'), '');
    }
  });
});
