import type { PackageDoors } from '../doors.ts';
import { ask, notUnderstood } from './failure.ts';
import { aptTool } from './neutral-options.ts';

/** A version that apt knows of a package: one block of the version table. */
export interface KnownVersion {
  readonly version: string;
  /** By the pins of the host (apt_preferences(5)); below 0 it is never installed. */
  readonly priority: number;
  /** Whether this very block is what is installed; another block may have the same version. */
  readonly installed: boolean;
  /** Given to this share of machines only, for now; undefined when it is for all. */
  readonly phasedPercent: number | undefined;
  /** The lists that have it, by the description that `apt-get indextargets` gives them, and dpkg's database. */
  readonly lists: readonly string[];
}

/** What apt knows of one package. */
export interface PackagePolicy {
  /** What apt would install; undefined when nothing. */
  readonly candidate: string | undefined;
  /** Newest first; empty when others only provide or want it. */
  readonly versions: readonly KnownVersion[];
}

/** By the name that apt prints: with `:architecture` when it is not the host's own. */
type Policy = ReadonlyMap<string, PackagePolicy>;

const HEADING = /^(\S+):$/;
const CANDIDATE = /^ {2}Candidate: (\S+)$/;
/** ` *** 1.0-1 500` or `     1.1-1 500 (phased 10%)` */
const VERSION = /^ (\*{3}| {3}) (\S+) (-?\d+)(?: \(phased (\d+)%\))?$/;
/** `        500 http://deb.example bookworm/main amd64 Packages` or `        100 /var/lib/dpkg/status` */
const LIST = /^ {7} *-?\d+ (\S.*)$/;

class PolicyReader {
  readonly policy = new Map<string, { candidate: string | undefined; versions: KnownVersion[] }>();
  #current: { candidate: string | undefined; versions: KnownVersion[] } | undefined;
  #lists: string[] = [];
  /** A package of which nobody has said yet what would be installed. */
  #unsaid: string | undefined;

  /** @throws PatchError `PKG_MANAGER_ERROR` where a package has no line with its candidate, not even with none */
  end(): void {
    if (this.#unsaid !== undefined) throw notUnderstood('apt-cache policy', `${this.#unsaid}:`);
  }

  read(line: string): void {
    const [, heading] = HEADING.exec(line) ?? [];
    if (heading !== undefined) {
      this.end();
      this.#unsaid = heading;
      this.#current = { candidate: undefined, versions: [] };
      this.policy.set(heading, this.#current);
      return;
    }
    const [, list] = LIST.exec(line) ?? [];
    if (list !== undefined) {
      this.#lists.push(list);
      return;
    }
    const [, candidate] = CANDIDATE.exec(line) ?? [];
    if (candidate !== undefined) this.#unsaid = undefined;
    if (candidate !== undefined && candidate !== '(none)' && this.#current)
      this.#current.candidate = candidate;
    const [, mark, version, priority, percent] = VERSION.exec(line) ?? [];
    if (version === undefined) return;
    this.#lists = [];
    this.#current?.versions.push({
      version,
      priority: Number(priority),
      installed: mark === '***',
      phasedPercent: percent === undefined ? undefined : Number(percent),
      lists: this.#lists,
    });
  }
}

/**
 * Reads what `apt-cache policy` of apt 2.6 and 3.0 prints about packages (apt-cache(8)).
 * @throws PatchError `PKG_MANAGER_ERROR` for a package of which no candidate is said: that is not "none"
 */
export function parsePolicy(text: string): Policy {
  const reader = new PolicyReader();
  for (const line of text.split('\n')) reader.read(line);
  reader.end();
  return reader.policy;
}

/** Well below what the kernel takes as arguments of one program (execve(2)). */
const NAMES_AT_ONCE = 10_000;

/**
 * What apt knows of these packages. A name that it does not know may have been taken for a pattern, so the answer may hold
 * names that nobody asked for.
 * @throws PatchError when apt cannot say.
 */
export async function readPolicy(doors: PackageDoors, names: readonly string[]): Promise<Policy> {
  const policy = new Map<string, PackagePolicy>();
  for (let start = 0; start < names.length; start += NAMES_AT_ONCE) {
    const tool = aptTool('apt-cache', ['policy', '--', ...names.slice(start, start + NAMES_AT_ONCE)]);
    const text = await ask(doors, 'apt-cache policy', tool);
    for (const [name, known] of parsePolicy(text)) policy.set(name, known);
  }
  return policy;
}
