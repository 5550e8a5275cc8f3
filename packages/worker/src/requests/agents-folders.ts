import { basename, dirname, join, relative, resolve } from 'node:path';
import { lazily, messageOf } from '@linux-patch/contract';
import { type Files, findOpenFolders, findOpenPlace } from '@linux-patch/runtime';
import { readConfiguration } from '@linux-patch/runtime/configuration';
import { z } from 'zod';

/** Below the root: what the agent has wherever nothing moves it. */
const USUAL = ['etc/linux_patch_api/certs', 'var/lib/linux_patch_api', 'var/log/linux_patch_api'];

const Path = lazily(() => z.string().min(1).max(4_096).optional());

/** What of `config.yaml` moves what the agent writes; the agent looks at the rest. */
const MovedPlaces = lazily(() =>
  z.object({
    jobs: z.object({ storage_path: Path }).prefault({}),
    logging: z.object({ file_path: Path }).prefault({}),
    tls: z.object({ ca_cert: Path, server_cert: Path, server_key: Path, crl_path: Path }).prefault({}),
  }),
);

const JOB_FILE = /^[\da-f-]{36}\.(?:json|log)(?:\.corrupt)?$/;
const TEMPORARY = /^(?:\..+\.\d+-\d+\.tmp|\.linux-patch-doctor)$/;
/** Of a file system of its own; it stays root's. */
const OF_MOUNTS = 'lost+found';
/** Of the system (FHS 3.0), also while nothing else is in them. */
const SYSTEMS = [
  'home',
  'media',
  'mnt',
  'opt',
  'root',
  'run',
  'srv',
  'tmp',
  'var/local',
  'var/opt',
  'var/tmp',
];
/** What the agent lays beside its private key, by which it is known for its own store and no copy that root has made. */
const GENERATIONS = 'generations';
const STORE_NAMES = [
  'ca.pem',
  'server.pem',
  'server.key.pem',
  'crl.pem',
  'current',
  GENERATIONS,
  'next-keys',
];
// Of a folder that has more than this the agent has nothing to say.
const NAMES_SHOWN = 3;

interface Moved {
  readonly key: string;
  readonly folder: string;
  /** Whether something in it is the agent's by its name. */
  readonly isOwn: (name: string) => boolean;
}

interface AskedHost {
  readonly root: string;
  readonly files: Files;
  /** `config.yaml` */
  readonly configFile: string;
}

/**
 * Which folders that root names in the configuration are the agent's, beside the usual ones: those that hold nothing but what
 * it has written there itself, and to which only root leads. Never throws.
 */
export async function findAgentsFolders(
  host: AskedHost,
): Promise<{ readonly folders: readonly string[]; readonly faults: readonly string[] }> {
  const folders: string[] = [];
  const faults: string[] = [];
  try {
    const [open] = await findOpenPlace({ files: host.files, path: host.configFile });
    if (open !== undefined) throw new Error(open);
    const all = await movedPlaces(host);
    // What contains another one comes first, and is given with all that is in it.
    for (const one of all.toSorted((a, b) => a.folder.length - b.folder.length)) {
      if (folders.some((folder) => isWithin(one.folder, folder))) continue;
      const why = await whyNot(host, one, all);
      if (why === undefined) folders.push(one.folder);
      else if (why !== '')
        faults.push(`${one.folder} (${one.key}) is not given to the user of the agent: ${why}`);
    }
  } catch (error) {
    faults.push(
      `folders that ${host.configFile} names are not given to the user of the agent: ${messageOf(error)}`,
    );
  }
  return { folders, faults };
}

async function movedPlaces({ root, files, configFile: path }: AskedHost): Promise<Moved[]> {
  const { value } = await readConfiguration({ files, path, schema: MovedPlaces, required: false });
  const { jobs, logging, tls } = value;
  const moved: Moved[] = [];
  if (jobs.storage_path !== undefined)
    moved.push({
      key: 'jobs.storage_path',
      folder: resolve(jobs.storage_path),
      isOwn: (name) => name === 'work' || JOB_FILE.test(name),
    });
  if (logging.file_path !== undefined) {
    const file = resolve(logging.file_path);
    const isOwn = (name: string) =>
      name === basename(file) || (name.startsWith(`${basename(file)}.`) && name.endsWith('.gz'));
    moved.push({ key: 'logging.file_path', folder: dirname(file), isOwn });
  }
  const folder = dirname(resolve(tls.server_key ?? join(root, USUAL[0] ?? '', 'server.key.pem')));
  const names = await files.list(folder, { missingOk: true }).catch((): string[] => []);
  if (tls.server_key !== undefined && names.includes(GENERATIONS)) {
    const beside = Object.values(tls).flatMap((one) =>
      one && dirname(resolve(one)) === folder ? basename(one) : [],
    );
    const own = new Set([...STORE_NAMES, ...beside]);
    moved.push({ key: 'tls.server_key', folder, isOwn: (name) => own.has(name) });
  }
  const usual = USUAL.map((one) => join(root, one));
  return moved.filter((one) => !usual.some((place) => isWithin(one.folder, place)));
}

/** Undefined: it is the agent's; empty: there is no such folder. */
async function whyNot(
  { root, files }: AskedHost,
  { folder }: Moved,
  all: readonly Moved[],
): Promise<string | undefined> {
  // A line each is what is said of them.
  if (/\p{Cc}/u.test(folder)) return 'its name has a control character';
  const facts = await files.facts(folder);
  if (!facts) return '';
  if (facts.kind !== 'folder') return 'it is no folder of its own; name the one that a link leads to';
  const [open] = await findOpenFolders(files, dirname(folder));
  if (open !== undefined) return open;
  if (SYSTEMS.some((one) => join(root, one) === folder))
    return 'it is one of the system, for everybody; name a folder in it';
  const agent = await files.facts(join(root, USUAL[1] ?? ''));
  if (facts.uid !== 0 && facts.uid !== agent?.uid) return `it belongs to user ${facts.uid}`;
  const others = await othersNames(files, folder, all);
  if (others.length === 0) return undefined;
  const more = others.length > NAMES_SHOWN ? ` and ${others.length - NAMES_SHOWN} more` : '';
  const shown = others.slice(0, NAMES_SHOWN).map((name) => JSON.stringify(name));
  return `it holds what is not the agent's (${shown.join(', ')}${more}); move what is the agent's into a folder of its own, and name that`;
}

/** What is not the agent's in a folder, and in those within it that are given with it; as paths below it. */
async function othersNames(files: Files, folder: string, all: readonly Moved[]): Promise<string[]> {
  const within = new Set(all.map((one) => one.folder).filter((one) => isWithin(one, folder)));
  const isOwn = (place: string, name: string): boolean =>
    TEMPORARY.test(name) ||
    name === OF_MOUNTS ||
    within.has(join(place, name)) ||
    all.some((one) => one.folder === place && one.isOwn(name));
  const others: string[] = [];
  for (const place of within) {
    const names = await files.list(place, { missingOk: true });
    others.push(
      ...names.filter((name) => !isOwn(place, name)).map((name) => relative(folder, join(place, name))),
    );
  }
  return others;
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
