import { dirname, join } from 'node:path';
import type { FileFacts } from '@linux-patch/runtime';
import { probeFolder } from '@linux-patch/runtime/findings';
import { readLastBackup } from '../../backup/last-backup.ts';
import type { ManagerConfig } from '../../config/schema.ts';
import { isOpenToOthers } from '../../config/secret-file.ts';
import type { Finding } from '../finding.ts';
import type { ManagerPlace } from './place.ts';

const MIB = 1024 * 1024;
/** With less nothing can be relied on to be written. */
const LEAST_FREE_BYTES = 16 * MIB;
const LITTLE_FREE_BYTES = 512 * MIB;
const DAY_MS = 86_400_000;
const BACKUP_DAYS = 30;

/** Whose word the configuration is, and who reads the secrets that it names. */
export async function checkConfigFiles(
  { files }: ManagerPlace,
  configFile: string,
  config: ManagerConfig | undefined,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const path of [configFile, dirname(configFile)]) {
    const facts = await files.factsBehind(path);
    if (facts && ((facts.mode & 0o022) !== 0 || facts.uid !== 0))
      findings.push({ code: 'CONFIG_OPEN', detail: ownerAndMode(path, facts), words: { path } });
  }
  const secrets = [
    { code: 'PASSWORD_FILE_OPEN', path: config?.database.password_file },
    { code: 'CLIENT_SECRET_OPEN', path: config?.oidc?.client_secret_file },
  ] as const;
  for (const { code, path } of secrets) {
    const facts = path === undefined ? undefined : await files.factsBehind(path);
    if (path !== undefined && facts && isOpenToOthers(path, facts))
      findings.push({ code, detail: ownerAndMode(path, facts), words: { path } });
  }
  return findings;
}

function ownerAndMode(path: string, { uid, mode }: FileFacts): string {
  return `${path} belongs to user ${uid} and has mode 0${mode.toString(8)}.`;
}

/** Room, and whether the service can use what is in the data folder and nobody else can. */
export async function checkDataFolder(
  { files, paths }: ManagerPlace,
  config: ManagerConfig,
): Promise<Finding[]> {
  const folder = paths.dataFolder;
  const facts = await files.factsBehind(folder);
  // Nothing was begun; that there is no authority is another finding.
  if (!facts) return [];
  const findings: Finding[] = [];
  if ((facts.mode & 0o022) !== 0)
    findings.push({ code: 'DATA_OPEN', detail: ownerAndMode(folder, facts), words: { path: folder } });
  for (const path of await everythingIn({ files, paths }, config)) {
    const one = await files.facts(path);
    if (!one || one.kind === 'link') continue;
    if (one.uid !== facts.uid)
      findings.push({ code: 'FOREIGN_OWNER', detail: ownerAndMode(path, one), words: { folder } });
    if (isSecret(path, paths.caFolder) && (one.mode & 0o077) !== 0)
      findings.push({ code: 'KEYS_OPEN', detail: ownerAndMode(path, one), words: { path } });
  }
  return [...findings, ...(await checkRoom(files, facts, folder))];
}

async function everythingIn(
  { files, paths }: Pick<ManagerPlace, 'files' | 'paths'>,
  config: ManagerConfig,
): Promise<string[]> {
  const { dataFolder, caFolder } = paths;
  const inside = async (folder: string): Promise<string[]> =>
    (await files.list(folder, { missingOk: true })).map((name) => join(folder, name));
  const authorities = await inside(caFolder);
  const older = await Promise.all(
    authorities.filter((path) => /\/ca-\d+$/.test(path)).map((path) => inside(path)),
  );
  const { path: database = paths.database, url } = config.database;
  const kept = [paths.firstLink, paths.adminToken, ...(url ? [] : [database, `${database}-wal`])];
  const all = [caFolder, ...authorities, ...older.flat(), ...kept];
  return all.filter((path) => path.startsWith(`${dataFolder}/`));
}

/** Certificates are for everybody to read; keys, tokens and the database are not. The CA folder shuts in what is in it. */
function isSecret(path: string, caFolder: string): boolean {
  return path === caFolder || !path.endsWith('.pem') || path.endsWith('.key.pem');
}

async function checkRoom(files: ManagerPlace['files'], owner: FileFacts, path: string): Promise<Finding[]> {
  const fault = await files.actAs(owner, () => probeFolder(files, path, LEAST_FREE_BYTES));
  if (fault) return [{ ...fault, words: { path } }];
  const space = await files.space(path).catch(() => undefined);
  if (!space || space.freeBytes >= LITTLE_FREE_BYTES) return [];
  const detail = `${path} has ${Math.floor(space.freeBytes / MIB)} MiB left.`;
  return [{ code: 'DISK_FILLS', detail, words: { path } }];
}

/** Of a manager with a file of its own; the backup of a server is its own matter. */
export async function checkBackup(
  { files, clock, paths }: ManagerPlace,
  config: ManagerConfig,
): Promise<Finding[]> {
  if (config.database.url) return [];
  const madeAt = await readLastBackup(files, paths);
  if (madeAt === undefined)
    return [{ code: 'NO_BACKUP', detail: 'linux-patch-manager backup was never used here.' }];
  const days = Math.floor((clock.now() - Date.parse(madeAt)) / DAY_MS);
  if (days < BACKUP_DAYS) return [];
  return [{ code: 'BACKUP_OLD', detail: `It was made at ${madeAt}, ${days} days ago.` }];
}
