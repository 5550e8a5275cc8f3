import { dirname, join } from 'node:path';
import { Job } from '@linux-patch/contract';
import type { FileFacts, Files } from '@linux-patch/runtime';
import { probeFolder } from '@linux-patch/runtime/findings';
import { storeFolder } from '../../identity/store/paths.ts';
import type { Finding } from '../finding.ts';
import type { DoctorHost, DoctorPlace } from './host.ts';
import { ownerAndMode } from './owner-and-mode.ts';

/** What is used of the place and of what is known of the host. */
type At = Pick<DoctorPlace, 'files' | 'clock' | 'paths' | 'uid'>;
type Known = Pick<DoctorHost, 'config' | 'place'>;

/** A folder of the agent. */
interface Folder {
  readonly path: string;
  readonly mode: number;
  /** Whether packages and the agent make it, so that its absence is worth a word. */
  readonly expected: boolean;
  /** Whether the agent writes to it while it runs. */
  readonly written: boolean;
}

/** Less than this, and the next set of certificates or job may not fit. */
const LEAST_FREE_BYTES = 1024 * 1024;
/** Nothing of ours is being written for so long. */
const STALE_MS = 60_000;
/** Only so many stored jobs are looked at; more are no more telling. */
const JOB_LIMIT = 2_000;

function foldersOf({ paths }: At, { config, place }: Known): Folder[] {
  const all: Folder[] = [
    { path: dirname(paths.configFile), mode: 0o755, expected: false, written: false },
    { path: dirname(config.whitelist.path), mode: 0o755, expected: false, written: false },
    { path: storeFolder(place.paths), mode: 0o755, expected: false, written: true },
    { path: paths.dataFolder, mode: 0o700, expected: true, written: true },
    { path: config.jobs.storage_path, mode: 0o700, expected: false, written: true },
    { path: dirname(config.logging.file_path), mode: 0o750, expected: true, written: true },
  ];
  return [...new Map(all.map((folder) => [folder.path, folder])).values()];
}

/** Disks, folders, what crashes leave, and the files that are written all the time. */
export async function checkFiles(at: At, host: Known): Promise<Finding[]> {
  const folders = foldersOf(at, host);
  const found = await Promise.all(folders.map((folder) => checkFolder(at, host, folder)));
  return [
    ...found.flat(),
    ...(await checkAuditLog(at, host)),
    ...(await checkJobs(at, host)),
    ...(await checkLeftovers(at, host, folders)),
  ];
}

async function checkFolder(at: At, { config }: Known, folder: Folder): Promise<Finding[]> {
  const { files } = at;
  const { path, mode, expected, written } = folder;
  const facts = await factsBehindLinks(files, path);
  if (facts === undefined) {
    if (!expected) return [];
    const words = { path, mode: `0${mode.toString(8)}` };
    const repair = (): Promise<void> => files.makeFolder(path, mode);
    return [{ code: 'DATA_FOLDER_MISSING', detail: `${path} does not exist.`, words, repair }];
  }
  if (facts.kind !== 'folder') {
    if (path !== config.jobs.storage_path)
      return [{ code: 'DATA_FOLDER_BROKEN', detail: `${path} is no folder.`, words: { path } }];
    const repair = (): Promise<void> => moveAside(files, path);
    return [{ code: 'JOBS_FOLDER_BROKEN', detail: `${path} is no folder.`, words: { path }, repair }];
  }
  const access = ownerAndMode(
    at,
    { path, facts },
    { forbidden: 0o022, open: 'FOLDER_WRITABLE_BY_OTHERS', foreign: 'FOLDER_FOREIGN_OWNER' },
  );
  return [...access, ...(written ? await tryToWrite(files, path) : [])];
}

async function factsBehindLinks(files: Files, path: string): Promise<FileFacts | undefined> {
  const facts = await files.facts(path).catch(() => undefined);
  // A link to a folder is a folder here: its owner is that of what it leads to.
  return facts?.kind === 'link' ? files.facts(`${path}/.`).catch(() => facts) : facts;
}

async function tryToWrite(files: Files, path: string): Promise<Finding[]> {
  const fault = await probeFolder(files, path, LEAST_FREE_BYTES);
  return fault ? [{ ...fault, words: { path } }] : [];
}

async function moveAside(files: Files, path: string): Promise<void> {
  await files.remove(`${path}.bak`);
  await files.rename(path, `${path}.bak`);
}

async function checkAuditLog({ files }: At, { config }: Known): Promise<Finding[]> {
  const path = config.logging.file_path;
  const facts = await files.facts(path).catch(() => undefined);
  if (facts === undefined || facts.kind === 'file' || facts.kind === 'link') return [];
  const repair = (): Promise<void> => moveAside(files, path);
  return [{ code: 'AUDIT_LOG_NOT_WRITABLE', detail: `${path} is no file.`, words: { path }, repair }];
}

async function checkJobs({ files }: At, { config }: Known): Promise<Finding[]> {
  const folder = config.jobs.storage_path;
  const names = await files.list(folder, { missingOk: true }).catch(() => []);
  const findings: Finding[] = [];
  for (const name of names.filter((one) => one.endsWith('.json')).slice(-JOB_LIMIT)) {
    const path = join(folder, name);
    const text = await files.readText(path).catch(() => undefined);
    if (text !== undefined && isJob(text)) continue;
    const repair = (): Promise<void> => files.rename(path, `${path}.corrupt`);
    findings.push({ code: 'JOB_UNREADABLE', detail: `${path} holds no job.`, words: { path }, repair });
  }
  return findings;
}

function isJob(text: string): boolean {
  try {
    return Job.safeParse((JSON.parse(text) as { job?: unknown }).job).success;
  } catch {
    return false;
  }
}

/** Temporary files (`.NAME.PID-N.tmp`) that nobody works with any more. */
async function checkLeftovers(
  { files, clock }: At,
  host: Known,
  folders: readonly Folder[],
): Promise<Finding[]> {
  const generations = join(storeFolder(host.place.paths), 'generations');
  const findings: Finding[] = [];
  for (const folder of [...folders.map((one) => one.path), generations]) {
    for (const name of await files.list(folder, { missingOk: true }).catch(() => [])) {
      const path = join(folder, name);
      if (!isTemporary(name)) continue;
      const facts = await files.facts(path);
      // A clock that was set back makes an old file look as if it came from the future.
      if (!facts || Math.abs(clock.now() - facts.modifiedMs) < STALE_MS) continue;
      findings.push({
        code: 'STALE_TEMPORARIES',
        detail: `${path} is left over.`,
        words: { path },
        repair: () => files.remove(path),
      });
    }
  }
  return findings;
}

function isTemporary(name: string): boolean {
  return /^\..+\.\d+-\d+\.tmp$/.test(name) || name === '.linux-patch-doctor';
}
