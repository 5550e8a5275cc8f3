import type { PackageDoors } from '../doors.ts';
import { askPacman, type PacmanQuestion, questionFailed } from './ask.ts';
import type { PacmanConfig } from './config.ts';
import { PACMAN_RULES } from './names.ts';

/** A package as a repository has it. */
export interface SyncRecord {
  readonly repository: string;
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly downloadBytes: number | undefined;
  readonly installedBytes: number | undefined;
  /** Every line of it, by its heading. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Lines of `Heading     : value`; what begins with blanks continues the one before. */
export function parseFields(block: string): Map<string, string> {
  const fields = new Map<string, string>();
  let last = '';
  for (const line of block.split('\n')) {
    const [, heading, value = ''] = /^(\S[^:]*?)\s*: ?(.*)$/.exec(line) ?? [];
    if (heading !== undefined) fields.set((last = heading), value);
    else if (line.trim() !== '') fields.set(last, `${fields.get(last) ?? ''}\n${line.trim()}`);
  }
  return fields;
}

const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KiB: 1_024,
  MiB: 1_024 ** 2,
  GiB: 1_024 ** 3,
  TiB: 1_024 ** 4,
};

/** `0.29 MiB`, as exactly as pacman says it. */
export function parseSize(text: string | undefined): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?) ([KMGT]iB|B)$/.exec(text ?? '') ?? [];
  const factor = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  return number === undefined || factor === undefined ? undefined : Math.round(Number(number) * factor);
}

/** A list of names; `None` where there is none. */
export function parseList(text: string | undefined): string[] {
  return text === undefined || text === 'None' ? [] : text.split(/\s{2,}|\n/).filter(Boolean);
}

/** Reads what `pacman -Si` of pacman 6 and 7 prints. */
export function parseRecords(text: string): SyncRecord[] {
  return text.split('\n\n').flatMap((block) => {
    const fields = parseFields(block);
    const [repository, name, version] = ['Repository', 'Name', 'Version'].map((key) => fields.get(key));
    if (repository === undefined || name === undefined || version === undefined) return [];
    return [
      {
        repository,
        name,
        version,
        architecture: fields.get('Architecture') ?? 'any',
        downloadBytes: parseSize(fields.get('Download Size')),
        installedBytes: parseSize(fields.get('Installed Size')),
        fields,
      },
    ];
  });
}

/** Names that fit on one command line, whatever their length. */
const AT_ONCE = 500;

/** What each repository has of these packages; a name that none has is not among them. */
export async function readRecords(
  doors: PackageDoors,
  config: PacmanConfig,
  { names, databases }: { readonly names: readonly string[] } & Pick<PacmanQuestion, 'databases'>,
): Promise<SyncRecord[]> {
  const found: SyncRecord[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const args = ['-Si', '--', ...names.slice(at, at + AT_ONCE)];
    const result = await askPacman(doors, config, { args, databases });
    const errors = result.stderr.split('\n').filter((line) => line.startsWith('error: '));
    if (errors.some((line) => !/^error: package '.*' was not found$/.test(line)))
      throw questionFailed('-Si', result);
    found.push(...parseRecords(result.stdout));
  }
  return found;
}

/** The newer first. */
export function byNewest(a: SyncRecord, b: SyncRecord): number {
  return PACMAN_RULES.compareVersions(b.version, a.version);
}
