import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bench, openOn } from './apt-bench.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let host: Awaited<ReturnType<typeof bench>>;
let plain: Awaited<ReturnType<typeof readings>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  host = await bench(folder.path, ['toyhello', 'toylib', 'toyapp', 'toyheld', 'toyphased']);
  await host.apt.run('apt-mark', ['hold', 'toyheld']);
  plain = await readings();
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
  'APT::Cache::Show::Version "2"; APT::Cache::ShowDependencyType "true"; APT::Cache::ShowVersion "true";',
  'APT::Cache::Important "true"; APT::Cache::RecurseDepends "true"; APT::Cache::Installed "false";',
  'APT::Get::IndexTargets::Format "x"; APT::Get::IndexTargets::ReleaseInfo "true";',
  'APT::Get::Simulate "true"; APT::Get::Show-User-Simulation-Note "true";',
  'APT::Cmd::Show-Update-Stats "true"; APT::Get::Only-Upgrade "true"; APT::Get::ReInstall "true";',
  'Debug::pkgProblemResolver "true"; Debug::pkgDepCache::AutoInstall "true"; Debug::pkgPolicy "true";',
];

/** Everything that is read. */
async function readings() {
  const { inventory } = await openOn(host.root);
  return {
    patches: (await inventory.listPatches({ explain: true })).patches,
    packages: await inventory.listPackages(),
    detail: await inventory.findPackage('toylib'),
    sources: await inventory.sources(),
    clean: await inventory.isDatabaseClean(),
  };
}

describe("settings of the host's apt.conf", () => {
  it.each(HOSTILE)('change nothing that is read: %s', async (setting) => {
    expect(plain).toMatchObject({ clean: true, detail: { reverse_dependencies: ['toyapp'] } });
    expect(plain.patches.map((one) => [one.name, one.kept_back])).toEqual([
      ['toyapp', false],
      ['toyheld', false],
      ['toyhello', false],
      ['toylib', false],
      ['toyphased', false],
    ]);
    await writeFile(join(host.root, 'etc/apt/apt.conf'), `${setting}\n`);
    expect(await readings()).toEqual(plain);
  });
});
