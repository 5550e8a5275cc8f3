import { isPatchError, messageOf } from '@linux-patch/contract';
import { parseCertificates } from '@linux-patch/pki';
import type { FileFacts } from '@linux-patch/runtime';
import type { ConfigurationFault } from '@linux-patch/runtime/configuration';
import { findOpenFile, openFileWords, realFile } from '../../host/real-file.ts';
import { isUsable } from '../../identity/identity.ts';
import type { Finding } from '../finding.ts';
import { asFolderOwner, ROOT_UID } from '../roots-work.ts';
import type { DoctorCode } from '../table.ts';
import type { DoctorHost, DoctorPlace } from './host.ts';
import { ownerAndMode } from './owner-and-mode.ts';

/** What is used of the place and of what is known of the host. */
type At = Pick<DoctorPlace, 'files' | 'paths' | 'uid'>;
type Known = Pick<DoctorHost, 'config' | 'inspection'>;

function faultsOf(error: unknown): readonly ConfigurationFault[] {
  const faults = isPatchError(error, 'CONFIG_INVALID') ? error.details.faults : undefined;
  return Array.isArray(faults) ? (faults as ConfigurationFault[]) : [];
}

const CODES: Readonly<Record<string, DoctorCode>> = {
  missing_file: 'CONFIG_MISSING',
  unreadable_file: 'CONFIG_UNREADABLE',
  syntax: 'CONFIG_YAML_BROKEN',
  unknown_key: 'CONFIG_UNKNOWN_KEY',
  plain_http: 'CONFIG_PLAIN_HTTP',
};

/** Which state a fault of the configuration is. */
function codeOfFault({ file, kind = '' }: ConfigurationFault): DoctorCode {
  return file === 'environment' ? 'ENVIRONMENT_REFUSED' : (CODES[kind] ?? 'CONFIG_VALUE_REFUSED');
}

/** What keeps the configuration from being read; one finding for each kind of fault. */
export function configFaults(error: unknown, configFile: string): Finding[] {
  const faults = faultsOf(error);
  if (faults.length === 0)
    return [{ code: 'CONFIG_UNREADABLE', detail: `${configFile}: ${messageOf(error)}` }];
  const lines = messageOf(error).split('\n');
  const kinds = new Map<DoctorCode, string[]>();
  for (const [index, fault] of faults.entries()) {
    const code = codeOfFault(fault);
    const line =
      code === 'CONFIG_MISSING' ? `${fault.file} does not exist.` : (lines[index] ?? fault.message);
    kinds.set(code, [...(kinds.get(code) ?? []), line]);
  }
  return [...kinds].map(([code, seen]) => ({ code, detail: seen.join('; ') }));
}

const octal = (mode: number): string => `0${mode.toString(8)}`;

/** Owner and mode of the configuration, whether it can be read as YAML or not. */
export async function checkConfigAccess(place: At): Promise<Finding[]> {
  const real = await realFile(place.files, place.paths.configFile).catch(() => undefined);
  if (real?.facts.kind !== 'file') return [];
  const findings = ownerAndMode(place, real, {
    forbidden: 0o002,
    open: 'CONFIG_WORLD_WRITABLE',
    foreign: 'CONFIG_FOREIGN_OWNER',
  });
  return [...findings, ...(await secretReadable(place, real.path, real.facts))];
}

async function secretReadable({ files }: At, path: string, facts: FileFacts): Promise<Finding[]> {
  if ((facts.mode & 0o004) === 0) return [];
  const text = (await files.readText(path).catch(() => undefined)) ?? '';
  const secret = /^\s*polling_token:\s*\S/m.test(text)
    ? 'a polling token'
    : /^\s*proxy:.*:\/\/[^/\s]*@/m.test(text)
      ? 'the password of a proxy'
      : undefined;
  if (secret === undefined) return [];
  return [
    {
      code: 'CONFIG_SECRET_READABLE',
      detail: `${path} holds ${secret} and has mode ${octal(facts.mode)}.`,
      words: { path },
      repair: () => asFolderOwner(files, path, () => files.setMode(path, facts.mode & 0o640)),
    },
  ];
}

/** Files that the configuration names, and what it leaves out. */
export async function checkConfig(at: At, host: Known): Promise<Finding[]> {
  const { configFile } = at.paths;
  const { config } = host;
  const { status: identity } = host.inspection;
  const findings: Finding[] = [];
  if (config.enrollment.manager_url === undefined && identity.status === 'missing' && config.tls.enabled) {
    findings.push({
      code: 'MANAGER_URL_MISSING',
      detail: `enrollment.manager_url is not set in ${configFile}. ${identity.message}`,
    });
  }
  if (config.enrollment.allow_plain_http && config.enrollment.manager_url?.startsWith('http:')) {
    findings.push({
      code: 'PLAIN_HTTP_ALLOWED',
      detail: `${configFile} names ${config.enrollment.manager_url}.`,
    });
  }
  return [...findings, ...(await checkJoinFile(at, host)), ...(await checkCaFile(at, host))];
}

async function checkJoinFile({ files, paths, uid }: At, { config, inspection }: Known): Promise<Finding[]> {
  const { join_file: configured } = config.enrollment;
  // The file that is found by itself may be absent.
  const path = configured ?? paths.joinFile;
  const facts = await files.facts(path).catch(() => undefined);
  if (facts?.kind !== 'file') {
    // It is used once; afterwards an administrator may remove it.
    return configured === undefined || isUsable(inspection.status)
      ? []
      : [{ code: 'JOIN_FILE_MISSING', detail: `${path} is no file.`, words: { path } }];
  }
  if ((facts.mode & 0o077) === 0 && (facts.uid === 0 || facts.uid === uid)) return [];
  return [
    {
      code: 'JOIN_FILE_OPEN',
      detail: `${path} has mode ${octal(facts.mode)} and belongs to user ${facts.uid}.`,
      words: { path },
      repair: () =>
        asFolderOwner(files, path, async () => {
          await files.setOwner(path, { uid: ROOT_UID, gid: facts.gid });
          await files.setMode(path, 0o600);
        }),
    },
  ];
}

async function checkCaFile({ files }: At, { config }: Known): Promise<Finding[]> {
  const path = config.enrollment.ca_file;
  if (path === undefined) return [];
  try {
    const text = await files.readText(path);
    if (text === undefined) throw new Error('it does not exist');
    parseCertificates(text);
    const open = await findOpenFile(files, path);
    if (open) throw new Error(openFileWords(open).message);
    return [];
  } catch (error) {
    return [{ code: 'CA_FILE_UNUSABLE', detail: `${path}: ${messageOf(error)}`, words: { path } }];
  }
}
