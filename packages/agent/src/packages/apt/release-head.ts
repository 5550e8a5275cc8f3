/** What a Release file says about itself before its digests (wiki.debian.org/DebianRepository/Format). */
export interface ReleaseHead {
  readonly label: string | undefined;
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  readonly origin: string | undefined;
  /** When it was signed, epoch milliseconds. */
  readonly dateMs: number | undefined;
  /** When its owner wants it to count no more. */
  readonly validUntilMs: number | undefined;
}

/** Nobody needs a longer one; whoever owns a repository may write what they like into it. */
const FIELD_LIMIT = 256;

/** Reads the beginning of a Release file; what is not there, or not a date, is undefined. */
export function parseReleaseHead(text: string): ReleaseHead {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:[ \\t]*(\\S.*?)\\s*$`, 'm').exec(text)?.[1]?.slice(0, FIELD_LIMIT);
  const instant = (name: string): number | undefined => {
    const ms = Date.parse(field(name) ?? '');
    return Number.isNaN(ms) ? undefined : ms;
  };
  return {
    label: field('Label'),
    suite: field('Suite'),
    codename: field('Codename'),
    origin: field('Origin'),
    dateMs: instant('Date'),
    validUntilMs: instant('Valid-Until'),
  };
}
