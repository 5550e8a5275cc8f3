import type { Commands } from '../commands.ts';

const TIMEOUT_MS = 5_000;

/** Properties of a unit by name, as `systemctl show` prints them. */
export function parseUnit(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split('\n').flatMap((line) => {
      const at = line.indexOf('=');
      return at > 0 ? [[line.slice(0, at), line.slice(at + 1)] as const] : [];
    }),
  );
}

/** What systemd says of a unit; undefined where it cannot be asked. */
export async function readUnit(
  { commands, signal }: { readonly commands: Commands; readonly signal: AbortSignal },
  unit: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const result = await commands
    .run({
      program: 'systemctl',
      args: ['show', unit, '--property=LoadState,ActiveState,SubState,Result,UnitFileState'],
      timeoutMs: TIMEOUT_MS,
      signal,
    })
    .catch(() => undefined);
  return result?.exitCode === 0 ? parseUnit(result.stdout) : undefined;
}

export type UnitCode =
  | 'SERVICE_MASKED'
  | 'SERVICE_START_LIMIT'
  | 'SERVICE_FAILED'
  | 'SERVICE_NOT_RUNNING'
  | 'SERVICE_NOT_ENABLED';

/** What the state of a unit means; nothing when it is not installed. */
export function unitFaults(
  unit: ReadonlyMap<string, string>,
  name: string,
): { readonly code: UnitCode; readonly detail: string }[] {
  const [load, active, result, file] = ['LoadState', 'ActiveState', 'Result', 'UnitFileState'].map(
    (property) => unit.get(property) ?? '',
  );
  if (load === 'not-found' || load === '') return [];
  if (load === 'masked') return [{ code: 'SERVICE_MASKED', detail: `${name} is masked.` }];
  const faults: { code: UnitCode; detail: string }[] = [];
  if (active === 'failed') {
    const code = result === 'start-limit-hit' ? 'SERVICE_START_LIMIT' : 'SERVICE_FAILED';
    faults.push({ code, detail: `${name} failed (${result}).` });
  } else if (active === 'inactive') {
    faults.push({ code: 'SERVICE_NOT_RUNNING', detail: `${name} is ${active} (${result}).` });
  }
  if (file === 'disabled') faults.push({ code: 'SERVICE_NOT_ENABLED', detail: `${name} is disabled.` });
  return faults;
}
