import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aptTool } from '../../worker/src/packages/apt/neutral-options.ts';
import { bench, openOn, plainWish, quietRun } from './apt-bench.ts';
import { ownBench } from './own-bench.ts';

/** What stands before everything else. */
const NEUTRAL = aptTool('apt-get', []).args;

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

describe('marks of packages that came as dependencies', () => {
  it.each([
    'APT::Mark::Simulate "true";',
    'APT::MarkAuto::Verbose "true"; quiet "2";',
    'APT::Color "1"; Binary::apt-mark::APT::Mark::Simulate "true";',
  ])('are set again after an update, whatever apt.conf says: %s', async (setting) => {
    const { apt, root, packages } = await bench(folder.path, ['toyapp']);
    const marks = async () => (await apt.run('apt-mark', ['showauto'])).stdout.trim();
    expect(await marks()).toBe('toylib');
    await writeFile(join(root, 'etc/apt/apt.conf'), `${setting}\n`);
    const said: string[] = [];
    const run = quietRun({ onLine: (line) => said.push(line) });
    const update = { ...plainWish, onlyUpgrade: true, packages: [{ name: 'toylib' }] };
    const { results } = await packages.operations.install(update, run);
    expect(results).toMatchObject([{ name: 'toylib', action: 'upgraded' }]);
    expect(await marks()).toBe('toylib');
    expect(said.join('\n')).not.toContain('count as installed by hand');
  });
});

it('every program of apt that the agent starts is given the same neutral options first', async () => {
  const { root } = await ownBench(folder.path, {
    old: [
      { name: 'toylib', version: '1.0-1' },
      { name: 'toymail', version: '1.0-1', provides: 'mail-toy' },
    ],
    next: [{ name: 'toylib', version: '1.1-1' }],
    installed: ['toylib'],
  });
  const started: (readonly [program: string, args: readonly string[]])[] = [];
  const { inventory, operations } = await openOn(root, (commands) => ({
    run: (command) => {
      if (command.program.startsWith('apt')) started.push([command.program, command.args]);
      return commands.run(command);
    },
  }));
  await inventory.listPatches({ explain: true });
  await inventory.findPackage('toylib');
  await inventory.sources();
  await operations.refresh(quietRun());
  await operations.install({ ...plainWish, packages: [{ name: 'mail-toy' }] }, quietRun());
  const update = { ...plainWish, onlyUpgrade: true, packages: [{ name: 'toylib' }] };
  await operations.install(update, quietRun());
  await operations.remove({ name: 'toylib', purge: false, force: false }, quietRun());
  expect(new Set(started.map(([program]) => program))).toEqual(
    new Set(['apt-get', 'apt-cache', 'apt-mark', 'apt-config']),
  );
  for (const word of [
    'policy',
    'show',
    'rdepends',
    'showpkg',
    'indextargets',
    'update',
    'showauto',
    'remove',
  ])
    expect(started.some(([, args]) => args.includes(word))).toBe(true);
  for (const [, args] of started) expect(args.slice(0, NEUTRAL.length)).toEqual(NEUTRAL);
});
