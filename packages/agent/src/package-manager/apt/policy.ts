import { type AptContext, READ_TIMEOUT_MS } from './apt-context.ts';
import { aptFailure } from './failure.ts';
import { NEUTRAL_OPTIONS } from './neutral-options.ts';

/** A version that apt knows of a package. */
interface KnownVersion {
  readonly version: string;
  /** Given to a share of machines only, for now. */
  readonly phased: boolean;
  /** Suites of the repositories that have it, such as `bookworm-security`. */
  readonly suites: readonly string[];
}

/** What apt knows of each package, by the name that it prints; no versions: only others provide or want it. */
export type Policy = ReadonlyMap<string, readonly KnownVersion[]>;

const HEADING = /^(\S+):$/;
/** ` *** 1.0-1 500` or `     1.1-1 500 (phased 10%)` */
const VERSION = /^ (?:\*{3}| {3}) (\S+) -?\d+( \(phased \d+%\))?$/;
/** `        500 http://deb.example bookworm/main amd64 Packages`; a repository without components has `./` there. */
const SOURCE = /^ {8,}-?\d+ \S+ (\S+?)\/\S* \S+ Packages$/;

/** Reads what `apt-cache policy` of apt 2.6 and 3.0 prints about packages (apt-cache(8)). */
export function parsePolicy(text: string): Policy {
  const policy = new Map<string, (KnownVersion & { suites: string[] })[]>();
  let versions: (KnownVersion & { suites: string[] })[] = [];
  for (const line of text.split('\n')) {
    const [, heading] = HEADING.exec(line) ?? [];
    if (heading !== undefined) {
      versions = [];
      policy.set(heading, versions);
    }
    const [, version, phased] = VERSION.exec(line) ?? [];
    if (version !== undefined) versions.push({ version, phased: phased !== undefined, suites: [] });
    const [, suite] = SOURCE.exec(line) ?? [];
    if (suite !== undefined) versions.at(-1)?.suites.push(suite);
  }
  return policy;
}

/**
 * What apt knows of these packages. A name that it does not know may have been taken for a pattern, so the answer may hold
 * names that nobody asked for.
 * @throws PatchError when apt cannot say.
 */
export async function readPolicy(context: AptContext, names: readonly string[]): Promise<Policy> {
  if (names.length === 0) return new Map();
  const result = await context.commands.run({
    program: 'apt-cache',
    args: [...NEUTRAL_OPTIONS, 'policy', '--', ...names],
    timeoutMs: READ_TIMEOUT_MS,
  });
  if (result.exitCode !== 0) throw aptFailure('apt-cache policy', result);
  return parsePolicy(result.stdout);
}
