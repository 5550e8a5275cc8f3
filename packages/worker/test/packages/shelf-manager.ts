import { join } from 'node:path';
import { PatchError } from '@linux-patch/contract';
import { nodeCommands, systemClock, systemFiles } from '@linux-patch/runtime/node';
import { openOrders } from '../../src/admission/orders.ts';
import type { PackageAdapter, PackageChange, Tool } from '../../src/packages/adapter.ts';
import type { PackageHost } from '../../src/packages/doors.ts';
import type { Installed, Update } from '../../src/packages/package-facts.ts';
import { openHostPolicy } from '../../src/policy/host-policy.ts';

/**
 * A package manager that is nothing like apt: names with the architecture behind a dot, versions that are newer when they
 * are longer, progress on standard output. `liar` ends well and does nothing, `rough` fails after its work is done,
 * `mortal` kills the program after it has written half, and of `signal-N` a shell says that it was ended by that signal.
 */
const PROGRAM = `
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
const [root, command, ...targets] = process.argv.slice(2);
const path = root + '/db.json';
const db = JSON.parse(readFileSync(path, 'utf8'));
if (command === 'finish') rmSync(root + '/journal');
for (const [index, target] of targets.entries()) {
  const [id, version] = target.split('=');
  const [name, architecture] = id.split('.');
  console.log('(' + (index + 1) + '/' + targets.length + ') ' + id);
  if (name === 'liar') continue;
  const at = db.findIndex((one) => one.name === name && one.architecture === architecture);
  if (command === 'hold' || command === 'free') { db[at].held = command === 'hold'; continue; }
  if (at >= 0) db.splice(at, 1);
  if (command === 'put') db.push({ name, architecture, version, broken: ['rough', 'mortal'].includes(name) });
  if (name === 'mortal') break;
}
writeFileSync(path, JSON.stringify(db));
if (targets.some((one) => one.startsWith('mortal'))) process.kill(process.pid, 'SIGKILL');
const [, signal] = /^signal-([0-9]+)/.exec(targets[0] ?? '') ?? [];
if (signal) process.exit(128 + Number(signal));
if (targets.some((one) => one.startsWith('rough'))) { console.error('SHELF: rough: shelf is uneven'); process.exit(1); }
`;

export interface Shelf {
  readonly host: PackageHost;
  readonly lockFile: string;
  /** Leaves behind what a cut off transaction would. */
  readonly cutOff: () => Promise<void>;
}

type Stored = Pick<Installed, 'name' | 'architecture' | 'version'>;

const ORIGIN = {
  origin: 'Shelf',
  lists: [],
  label: undefined,
  suite: undefined,
  codename: undefined,
  security: false,
};

/** A host with this package manager below `root`. */
export async function openShelf(
  root: string,
  given: { readonly installed: readonly Stored[]; readonly next?: readonly Stored[] },
): Promise<Shelf> {
  const write = (name: string, data: string) =>
    systemFiles.writeDurably({ path: join(root, name), data, mode: 0o600 });
  await write('shelf.mjs', PROGRAM);
  await write('db.json', JSON.stringify(given.installed));
  await write('shelf.lock', '');
  const doors = { commands: nodeCommands({}), files: systemFiles, clock: systemClock, root };
  return {
    host: {
      ...doors,
      adapter: shelfAdapter(root, given.next ?? []),
      policy: openHostPolicy({ ...doors, path: join(root, 'policy.yaml') }),
      recorded: openOrders({ ...doors, folder: root }).recorded,
    },
    lockFile: join(root, 'shelf.lock'),
    cutOff: () => write('journal', 'toy'),
  };
}

type MakeTool = (command: string, ...targets: string[]) => Tool;

async function readShelf(root: string): Promise<Installed[]> {
  const text = await systemFiles.readText(join(root, 'db.json'));
  if (text === undefined) throw new PatchError('PKG_MANAGER_ERROR', 'The shelf has no database.');
  return JSON.parse(text).map((one: Stored) => ({
    description: '',
    sizeBytes: null,
    source: null,
    held: false,
    broken: false,
    ...one,
  }));
}

function shelfAdapter(root: string, next: readonly Stored[]): PackageAdapter {
  const tool: MakeTool = (command, ...targets) => ({
    what: `shelf ${command}`,
    program: process.execPath,
    args: [join(root, 'shelf.mjs'), root, command, ...targets],
    env: {},
  });
  return {
    name: 'apt',
    rules: {
      compareVersions: (a, b) => a.length - b.length,
      isNamed: (one, name) => [one.name, `${one.name}.${one.architecture}`].includes(name),
      qualifiedName: (one) => `${one.name}.${one.architecture}`,
    },
    words: {
      solver: 'shelf',
      installer: 'shelf',
      audit: 'shelf audit',
      retry: 'shelf finish',
      mend: 'shelf mend',
      unhold: 'shelf free',
      hidden: 'it is on a higher shelf',
      sourceFiles: '/etc/shelves',
      incomplete: 'is not configured',
      afterIncomplete: '"shelf audit" lists it.',
    },
    limits: {},
    output: {
      progress(line) {
        const [, step, all, name] = /^\((\d+)\/(\d+)\) (.*)$/.exec(line) ?? [];
        if (name === undefined) return undefined;
        return { percent: (100 * Number(step)) / Number(all), message: name };
      },
      failure: ({ stderr }) => ({ code: 'SCRIPT_FAILED', words: stderr.trim().split('\n') }),
      scriptWords: ({ stderr }, name) => stderr.split('\n').filter((line) => line.includes(` ${name}: `)),
      notDownloaded: () => () => undefined,
      untrusted: () => [],
      lockedOut: () => false,
      failedScripts: () => [],
      failedHooks: () => undefined,
    },
    database: {
      lockFiles: ['shelf.lock'],
      interrupted: async () =>
        (await systemFiles.facts(join(root, 'journal'))) ? join(root, 'journal') : undefined,
      unmet: async () => undefined,
      finish: () => tool('finish'),
      complete: tool('complete'),
    },
    reading: shelfReading(root, next),
    refreshing: {
      tool: tool('refresh'),
      downloads: 'downloads',
      report: () => ({ failed: [], healthy: ['shelf:'], unknown: [] }),
    },
    changing: shelfChanging(next, tool),
  };
}

function shelfReading(root: string, next: readonly Stored[]): PackageAdapter['reading'] {
  return {
    watched: async () => ({ files: [join(root, 'db.json')], folders: [] }),
    stateKey: async () => ({ sources: '', packages: JSON.stringify(await readShelf(root)) }),
    installed: () => readShelf(root),
    sources: async () => [
      {
        id: 'shelf:',
        uri: 'shelf:',
        present: true,
        publishedAtMs: undefined,
        servedAtMs: undefined,
        fetchedAtMs: undefined,
        validUntilMs: undefined,
        ...ORIGIN,
      },
    ],
    pending: async ({ installed: now }) => ({
      updates: (await now).flatMap((one) => updateOf(one, next)),
      hiddenSecurity: [],
    }),
    offered: async () => new Set(next.map((one) => `${one.name}.${one.architecture}`)),
    detail: async () => undefined,
    rebootState: async () => ({ required: false, reasons: [] }),
    rebootFlags: [],
    asksForReboot: () => false,
  };
}

function shelfChanging(next: readonly Stored[], tool: MakeTool): PackageAdapter['changing'] {
  return {
    refusesItself: true,
    available: async (targets) =>
      new Map(
        targets.flatMap(({ name }) => {
          const own = next.filter((one) => name === `${one.name}.${one.architecture}`);
          return own.length === 0 ? [] : [[name, own.map((one) => one.version)] as const];
        }),
      ),
    providers: async () => [],
    tool: (change) => tool(change.kind === 'remove' ? 'take' : 'put', ...targetsOf(change)),
    async simulate(change) {
      const targets = targetsOf(change);
      if (targets.some((one) => one.startsWith('heavy')))
        return { refusal: { code: 'DEPENDENCY_CONFLICT', why: 'refused', reason: 'too heavy' } };
      const packages = targets.map((target) => {
        const [id = '', version = null] = target.split('=');
        const [name = '', architecture = ''] = id.split('.');
        return { name, architecture, version, purge: false };
      });
      return { refusal: undefined, packages };
    },
    particulars: async () => [],
    origins: async (wanted) => wanted.map(() => [{ ...ORIGIN, site: undefined }]),
    sizes: async (wanted) => wanted.map(() => undefined),
    holdTool: (names, hold) => tool(hold ? 'hold' : 'free', ...names),
    automatic: async () => [],
    markAutomatic: async () => {},
  };
}

function targetsOf(change: PackageChange): string[] {
  switch (change.kind) {
    case 'install':
      return change.packages.map(({ name, version }) => `${name}=${version}`);
    case 'remove':
      return [change.name];
    case 'versions':
      return change.bring.map(({ name, version }) => `${name}=${version}`);
    case 'update':
      return change.updates.map((one) => `${one.id}=${one.newVersion}`);
  }
}

function updateOf(one: Installed, next: readonly Stored[]): Update[] {
  const newer = next.find((each) => each.name === one.name && each.architecture === one.architecture);
  if (!newer) return [];
  const { name, architecture, version: currentVersion, held, description } = one;
  return [
    {
      name,
      id: `${name}.${architecture}`,
      architecture,
      currentVersion,
      source: one.source,
      newVersion: newer.version,
      origins: [],
      held,
      phasedPercent: undefined,
      phased: false,
      offered: undefined,
      security: false,
      securityVersion: undefined,
      securityKnown: false,
      description,
    },
  ];
}
