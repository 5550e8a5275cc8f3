import { messageOf } from '@linux-patch/contract';
import { hostOf } from '@linux-patch/http/client';
import type { Files } from '@linux-patch/runtime';
import { readConfigurationText } from '@linux-patch/runtime/configuration';
import type { AllowListEntry } from '../../access/entry.ts';
import { learnAddresses, readLearnedAddresses } from '../../access/learned-addresses.ts';
import { createMatcher } from '../../access/matcher.ts';
import { parseAllowList } from '../../access/parse.ts';
import { findOpenFile, openFileWords } from '../../host/real-file.ts';
import { isUsable } from '../../identity/identity.ts';
import type { Finding } from '../finding.ts';
import { asFolderOwner, ROOT_UID } from '../roots-work.ts';
import { within } from '../within.ts';
import { type DoctorHost, type DoctorPlace, managerUrlOf } from './host.ts';

/** What is used of the place and of what is known of the host. */
type At = Pick<DoctorPlace, 'files' | 'network' | 'paths'>;
type Known = Pick<DoctorHost, 'config' | 'inspection'>;

const RESOLVE_LIMIT_MS = 3_000;

/** Who may connect, and who may call. */
export async function checkAccess(at: At, host: Known): Promise<Finding[]> {
  return [...(await checkAllowListFile(at, host)), ...(await checkAllowList(at, host)), ...checkTrust(host)];
}

function checkTrust({ config }: Known): Finding[] {
  if (!config.tls.allowed_clients?.includes('*')) return [];
  return [{ code: 'ALLOWED_CLIENTS_ANY', detail: 'tls.allowed_clients has "*".' }];
}

/** The manager's addresses; undefined when its name does not resolve now, which is told elsewhere. */
async function managerAddresses({ network }: At, host: Known): Promise<readonly string[] | undefined> {
  const url = managerUrlOf(host);
  if (!url) return undefined;
  return within(RESOLVE_LIMIT_MS, network.resolve(hostOf(url))).catch(() => undefined);
}

/** Who can change the allow list. */
async function checkAllowListFile({ files }: At, { config }: Known): Promise<Finding[]> {
  const open = await findOpenFile(files, config.whitelist.path);
  if (!open) return [];
  const { path, facts } = open;
  const repair = (): Promise<void> =>
    asFolderOwner(files, path, async () => {
      await files.setOwner(path, { uid: ROOT_UID, gid: facts.gid });
      await files.setMode(path, facts.mode & ~0o022);
    });
  return [{ code: 'ALLOW_LIST_OPEN', detail: `${openFileWords(open).message}.`, words: { path }, repair }];
}

/** The entries on disk; undefined when there is no file. @throws PatchError that names the faults */
export async function readAllowList(files: Files, path: string): Promise<AllowListEntry[] | undefined> {
  const text = await readConfigurationText(files, path);
  return text === undefined ? undefined : [...parseAllowList(text, path)];
}

async function checkAllowList(at: At, host: Known): Promise<Finding[]> {
  const { files, paths } = at;
  const { path } = host.config.whitelist;
  let entries: readonly AllowListEntry[] | undefined;
  try {
    entries = await readAllowList(files, path);
  } catch (error) {
    return [{ code: 'ALLOW_LIST_INVALID', detail: messageOf(error).split('\n').join('; ') }];
  }
  // Enrolment learns where the manager is.
  if (!isUsable(host.inspection.status)) return [];
  const learnedPath = paths.learnedAddresses;
  const learned = await readLearnedAddresses(files, learnedPath).catch((): readonly string[] => []);
  const addresses = (await managerAddresses(at, host)) ?? [];
  const managerUrl = managerUrlOf(host)?.href ?? '';
  const repair = async (): Promise<void> =>
    void (await learnAddresses({ files, path: learnedPath, managerUrl, addresses }));
  const mend = addresses.length > 0 ? { repair } : {};
  if (!entries && learned.length === 0)
    return [{ code: 'ALLOW_LIST_MISSING', detail: `${path} does not exist.`, ...mend }];
  const listed = entries ?? [];
  const known = await resolveNames(at, listed);
  const matcher = createMatcher(listed, (name) => known.get(name) ?? []);
  const findings: Finding[] = [];
  if (addresses.length > 0 && !addresses.some((one) => learned.includes(one) || matcher.allows(one))) {
    const others = learned.length > 0 ? `, and the agent has learned only ${learned.join(', ')}` : '';
    const detail = `${path} has no entry for ${addresses.join(', ')}${others}.`;
    findings.push({ code: 'ALLOW_LIST_LACKS_MANAGER', detail, ...mend });
  }
  if (listed.some((entry) => entry.kind === 'range' && entry.prefix === 0)) {
    findings.push({ code: 'ALLOW_LIST_EVERYBODY', detail: `${path} has a range with prefix length 0.` });
  }
  return findings;
}

async function resolveNames(
  { network }: At,
  entries: readonly AllowListEntry[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = entries.flatMap((entry) => (entry.kind === 'name' ? [entry.name] : []));
  const resolved = names.map(
    async (name) => [name, await within(RESOLVE_LIMIT_MS, network.resolve(name)).catch(() => [])] as const,
  );
  return new Map(await Promise.all(resolved));
}
