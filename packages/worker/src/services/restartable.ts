import { PatchError } from '@linux-patch/contract';
import { protectionOf } from './protected.ts';
import { requireFound } from './state.ts';
import { type SystemdHost, showUnits, type UnitProperties } from './systemd.ts';

/** Units that systemd restarts with one, or stops for it (systemd.unit(5)); a systemd that lacks one of these says nothing of it. */
const FOLLOWING = ['RequiredBy', 'RequisiteOf', 'BoundBy', 'ConsistsOf', 'PropagatesStopTo'];
const PROPERTIES = ['Id', 'Names', 'LoadState', 'ActiveState', 'Type', ...FOLLOWING];
/** More hang on nothing that may be restarted while people work. */
const MOST_FOLLOWING = 100;

const UP = ['active', 'reloading', 'refreshing', 'activating'];

/** A service that may be restarted, as systemd calls it. */
export interface Restartable {
  readonly name: string;
  /** Units that run and are restarted with it. */
  readonly following: readonly string[];
}

/** @throws PatchError `SERVICE_RESTART_REFUSED` for a service that no one restarts from outside, by its name alone */
export function refuseProtected(name: string): void {
  const reason = protectionOf(name);
  if (reason !== undefined) throw refused(name, reason);
}

/**
 * Whether a service may be restarted, under whichever of its names it was asked for, and with all that follows it.
 * @throws PatchError `SERVICE_NOT_FOUND`, `SERVICE_RESTART_REFUSED`, `NOT_SUPPORTED`, `SERVICE_UNHEALTHY`
 */
export async function findRestartable(host: SystemdHost, asked: string): Promise<Restartable> {
  const [shown = {}] = await showUnits(host, [asked], PROPERTIES);
  requireFound(asked, shown);
  const name = shown['Id'] ?? asked;
  const fault = faultOf(shown);
  if (fault !== undefined) throw refused(name, fault);
  for (const one of namesOf(shown)) refuseProtected(one);
  const following = await followersOf(host, shown);
  for (const unit of following) {
    const reason = protectedName(unit);
    if (reason !== undefined) throw refused(name, `${unit['Id']} is restarted or stopped with it: ${reason}`);
  }
  return { name, following: following.map((unit) => unit['Id'] ?? '') };
}

const wordsIn = (text: string | undefined): string[] => (text ?? '').split(' ').filter(Boolean);
const namesOf = (unit: UnitProperties): string[] => [
  ...new Set([unit['Id'] ?? '', ...wordsIn(unit['Names'])]),
];

function protectedName(unit: UnitProperties): string | undefined {
  return namesOf(unit)
    .map((name) => protectionOf(name))
    .find((reason) => reason !== undefined);
}

function faultOf({
  LoadState: load,
  ActiveState: active = '',
  Type: type,
}: UnitProperties): string | undefined {
  if (load !== 'loaded') return `systemd says that its unit is ${load ?? 'unknown'}`;
  // What an administrator has stopped stays stopped.
  if (!UP.includes(active) && active !== 'failed')
    return `it does not run (${active}), and nothing is started here`;
  if (type === 'oneshot')
    return 'it does its work once and has no program that goes on running (Type=oneshot)';
  return undefined;
}

/** All that run and would be restarted or stopped with a unit, each once. */
async function followersOf(host: SystemdHost, first: UnitProperties): Promise<UnitProperties[]> {
  const seen = new Set(namesOf(first));
  const found: UnitProperties[] = [];
  let next = [first];
  while (next.length > 0) {
    const names = next.flatMap((unit) => FOLLOWING.flatMap((key) => wordsIn(unit[key])));
    const fresh = [...new Set(names)].filter((name) => !seen.has(name));
    if (fresh.length === 0) break;
    for (const name of fresh) seen.add(name);
    if (seen.size > MOST_FOLLOWING)
      throw refused(
        first['Id'] ?? '',
        `more than ${MOST_FOLLOWING} units hang on it; a reboot takes up its new code`,
      );
    const shown = await showUnits(host, fresh, PROPERTIES);
    next = shown.filter((unit) => UP.includes(unit['ActiveState'] ?? ''));
    found.push(...next);
  }
  return found;
}

function refused(name: string, reason: string): PatchError {
  return new PatchError(
    'SERVICE_RESTART_REFUSED',
    `${name} is not restarted from outside: ${reason}. Nothing was done. Where it has to be, root of the host does it: systemctl restart`,
    { details: { name } },
  );
}
