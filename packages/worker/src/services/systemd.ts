import { PatchError } from '@linux-patch/contract';
import { type Commands, type Files, printableLine } from '@linux-patch/runtime';

/** Asked over a socket of its own; a manager of services that hangs holds up nobody for longer. */
const LIMIT_MS = 30_000;
const MOST_BYTES = 1024 * 1024;
const MOST_WORDS = 500;

/** Whose services are asked about. */
export interface SystemdHost {
  readonly root: string;
  readonly files: Pick<Files, 'facts'>;
  readonly commands: Commands;
}

/** Properties of a unit, as `systemctl show` prints them (systemctl(1)). */
export type UnitProperties = Readonly<Record<string, string>>;

/** @throws PatchError `NOT_SUPPORTED` where the services of this host are not those of systemd */
async function requireSystemd({ root, files }: SystemdHost): Promise<void> {
  if (root !== '/')
    throw new PatchError(
      'NOT_SUPPORTED',
      `This agent manages the packages below ${root}, and the services of the host are not theirs.`,
    );
  if (!(await files.facts('/run/systemd/system')))
    throw new PatchError(
      'NOT_SUPPORTED',
      'The services of this host are not managed by systemd, so they are listed, and neither shown one by one nor restarted.',
    );
}

/**
 * Properties of units, in the order of the names.
 * @param names whole ones
 * @throws PatchError `NOT_SUPPORTED`, `SERVICE_UNHEALTHY`
 */
export async function showUnits(
  host: SystemdHost,
  names: readonly string[],
  properties: readonly string[],
): Promise<UnitProperties[]> {
  await requireSystemd(host);
  const args = ['show', '--no-pager', `--property=${properties.join(',')}`, '--', ...names];
  const result = await host.commands.run({
    program: 'systemctl',
    args,
    // Times are printed in the zone of whoever asks.
    env: { TZ: 'UTC' },
    timeoutMs: LIMIT_MS,
    maxOutputBytes: MOST_BYTES,
  });
  const shown = parseShown(result.stdout);
  if (result.exitCode === 0 && shown.length === names.length) return shown;
  const words = printableLine(result.stderr.trim()).slice(0, MOST_WORDS);
  const why = result.timedOut ? `it gave no answer within ${LIMIT_MS / 1_000} s` : words;
  throw new PatchError(
    'SERVICE_UNHEALTHY',
    `systemd did not say how ${names.slice(0, 3).join(', ')} is: ${why || 'its answer cannot be read'}. Look on the host: systemctl status`,
  );
}

/** Units are parted by an empty line, and what a property says is one line. */
export function parseShown(text: string): UnitProperties[] {
  const units = text.split(/\n\n+/).map((part) => {
    const pairs = part.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
    });
    return Object.fromEntries(pairs);
  });
  return units.filter((unit) => Object.keys(unit).length > 0);
}

/** `Sun 2026-11-29 08:50:55 UTC`; undefined for what never happened. */
export function parseInstant(text: string | undefined): string | undefined {
  const [, day, time] = /^[A-Z][a-z]{2} (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC$/.exec(text ?? '') ?? [];
  return day === undefined ? undefined : `${day}T${time}.000Z`;
}
