import { type JobServiceFailure, PatchError } from '@linux-patch/contract';
import { type Clock, type CommandResult, type Commands, printableLine } from '@linux-patch/runtime';
import { type SystemdHost, showUnits, type UnitProperties } from './systemd.ts';

/** What takes longer goes on, and is not waited for. */
const LIMIT_MS = 10 * 60_000;
/** A program that cannot work has often ended by then. */
const SETTLE_MS = 3_000;
const JOURNAL_LIMIT_MS = 20_000;
const MOST_LINES = 20;
const MOST_CHARACTERS = 500;
const MOST_WORDS = 1_000;

const PROPERTIES = ['Id', 'ActiveState', 'SubState', 'Result', 'ExecMainStatus', 'NRestarts', 'InvocationID'];

export interface RestartHost extends SystemdHost {
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
}

/**
 * Restarts a service, and looks how it is a moment later; what takes longer than ten minutes is not waited for.
 * @param name of one that may be restarted
 * @throws PatchError `SERVICE_RESTART_ERROR` with what systemd and the journal say; the reason of the signal
 */
export async function restartService(host: RestartHost, name: string, signal: AbortSignal): Promise<void> {
  const { commands, clock } = host;
  const startedMs = clock.now();
  const [before = {}] = await showUnits(host, [name], PROPERTIES);
  const args = ['restart', '--no-ask-password', '--', name];
  const result = await commands.run({ program: 'systemctl', args, timeoutMs: LIMIT_MS, signal });
  signal.throwIfAborted();
  if (result.exitCode === 0) await clock.sleep(SETTLE_MS, signal);
  const [after = {}] = await showUnits(host, [name], PROPERTIES);
  const fault = faultOf(result, before, after);
  if (fault === undefined) return;
  const journal = await journalOf(commands, name, startedMs);
  throw failure(name, fault, { after, journal });
}

/** What is wrong, as a clause; undefined when it runs anew. */
function faultOf(result: CommandResult, before: UnitProperties, after: UnitProperties): string | undefined {
  if (result.timedOut) return `systemd was not done with it after ${LIMIT_MS / 60_000} minutes, and goes on`;
  if (result.exitCode !== 0) {
    const words = printableLine(result.stderr.trim().replaceAll(/\s+/g, ' ')).slice(0, MOST_WORDS);
    return `systemctl ended with ${result.exitCode ?? result.signal}${words === '' ? '' : ` (${words})`}`;
  }
  if (before['InvocationID'] !== undefined && before['InvocationID'] === after['InvocationID'])
    return 'systemd did not start it anew';
  if (after['ActiveState'] !== 'active') return 'it does not run a moment later';
  if (Number(after['NRestarts'] ?? 0) > 0) return 'its program ends again and again';
  return undefined;
}

/** Last lines that the service, and systemd about it, have written since. Never throws: what is missing is said. */
async function journalOf(commands: Commands, name: string, sinceMs: number): Promise<string[]> {
  const since = `--since=@${Math.floor(sinceMs / 1_000)}`;
  const args = ['--quiet', '--no-pager', '--output=cat', `--lines=${MOST_LINES}`, since, `--unit=${name}`];
  try {
    const asked = { program: 'journalctl', args, timeoutMs: JOURNAL_LIMIT_MS, maxOutputBytes: 256 * 1024 };
    const { exitCode, stdout } = await commands.run(asked);
    if (exitCode !== 0) return ['The journal of this host could not be read.'];
    const lines = stdout.split('\n').filter((line) => line.trim() !== '');
    return lines.slice(-MOST_LINES).map((line) => printableLine(line).slice(0, MOST_CHARACTERS));
  } catch {
    return ['The journal of this host could not be read.'];
  }
}

function failure(
  name: string,
  fault: string,
  { after, journal }: { readonly after: UnitProperties; readonly journal: readonly string[] },
): PatchError {
  const word = (key: string): string => (after[key] ?? '').slice(0, 64);
  const status = Number(after['ExecMainStatus']);
  const service: JobServiceFailure = {
    name,
    result: word('Result'),
    active_state: word('ActiveState'),
    sub_state: word('SubState'),
    exit_status: Number.isSafeInteger(status) ? status : null,
    journal: [...journal],
  };
  const state = `${service.active_state} (${service.sub_state}), result ${service.result || 'unknown'}, exit status ${service.exit_status ?? 'unknown'}`;
  return new PatchError(
    'SERVICE_RESTART_ERROR',
    `${name} was not restarted as it should be: ${fault}. It is ${state} now. Look on the host: journalctl --unit=${name}`,
    { details: { service } },
  );
}
