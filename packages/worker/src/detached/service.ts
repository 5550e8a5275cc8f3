import { PatchError } from '@linux-patch/contract';
import { COMMAND_ENVIRONMENT, type Commands, type Files, WAIT_FOR_CHILD } from '@linux-patch/runtime';

/** A program to run outside the agent's own unit. */
export interface DetachedProgram {
  /** Letters, digits and dashes; names the unit. */
  readonly name: string;
  readonly description: string;
  /** Where the wrapper leaves `stdout`, `stderr`, `status` (descriptor 3), `pid` and at last `exit`. */
  readonly folder: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Starts programs that live on when the agent ends. */
export interface DetachedService {
  start(program: DetachedProgram): Promise<void>;
  isRunning(program: Pick<DetachedProgram, 'name' | 'folder'>): Promise<boolean>;
  /** Signals every process of the program. */
  signal(program: Pick<DetachedProgram, 'name' | 'folder'>, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/**
 * Collects what a program prints and how it ends. Program and arguments are positional parameters, so nothing of them is
 * ever read as shell. The trap lets the wrapper outlive a signal to its group and write down what came of it.
 */
const WRAPPER = [
  // Nobody waits for the wrapper's own output; an open pipe would hold whoever started it.
  'exec </dev/null >/dev/null 2>&1',
  'folder=$1; shift',
  'trap woken=1 TERM INT HUP PIPE USR1 USR2',
  'echo $$ >"$folder/pid"',
  '"$@" >"$folder/stdout" 2>"$folder/stderr" 3>"$folder/status" &',
  'child=$!',
  WAIT_FOR_CHILD,
  'echo "$code" >"$folder/exit.new"',
  'sync "$folder/exit.new" 2>/dev/null',
  'mv "$folder/exit.new" "$folder/exit"',
].join('\n');

const START_LIMIT_MS = 30_000;

function wrapped({ folder, program, args }: DetachedProgram): string[] {
  return ['/bin/sh', '-c', WRAPPER, 'package-work', folder, program, ...args];
}

function assignments(env: Readonly<Record<string, string>>): string[] {
  return Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

async function mustStart(commands: Commands, program: string, args: readonly string[]): Promise<void> {
  const result = await commands.run({ program, args, timeoutMs: START_LIMIT_MS });
  if (result.exitCode === 0) return;
  throw new PatchError(
    'PKG_MANAGER_ERROR',
    `The package work could not be started outside the agent: ${program} ended with ${result.exitCode ?? result.signal}: ${result.stderr.trim()}`,
  );
}

/**
 * What becomes of a program when the host goes down. A transaction is let finish rather than cut in two; SIGCONT asks for
 * nothing. Its unit is gone when the program is: a daemon that a script of a package has left lives on, and no shutdown waits
 * for it. What follows one is told to end, and the next start goes on.
 */
const AT_SHUTDOWN = {
  finish: ({ timeoutMs }: DetachedProgram) => [
    '--property=KillSignal=SIGCONT',
    '--property=KillMode=process',
    '--property=SendSIGKILL=no',
    `--property=TimeoutStopSec=${Math.ceil(timeoutMs / 1000)}`,
  ],
  end: () => ['--property=KillSignal=SIGTERM', '--property=TimeoutStopSec=20'],
};

/**
 * A word as systemd hands it on: it puts variables of its own in the place of `${name}`, also in those of a transient unit,
 * and takes `$$` for a `$` (systemd.service(5), command lines).
 */
function verbatim(word: string): string {
  return word.replaceAll('$', '$$$$');
}

/** Of units that are not over. */
const ACTIVE: readonly string[] = ['active', 'activating', 'deactivating', 'reloading'];
/** A unit is loaded as long as a process of it lives, and a script of a package may leave one that lives for ever. */
const MOST_UNITS = 9;

/** The units of a name that systemd knows, with their states (systemctl(1), show). */
async function loadedUnits(commands: Commands, name: string): Promise<ReadonlyMap<string, string>> {
  const args = ['show', '--property=Id,LoadState,ActiveState', `${name}.service`, `${name}-?.service`];
  const { stdout } = await commands.run({ program: 'systemctl', args, timeoutMs: START_LIMIT_MS });
  const units = stdout.split('\n\n').map((block) => {
    const of = (key: string): string => new RegExp(`^${key}=(.*)$`, 'm').exec(block)?.[1] ?? '';
    return { id: of('Id'), load: of('LoadState'), state: of('ActiveState') };
  });
  return new Map(units.flatMap(({ id, load, state }) => (load === 'loaded' ? [[id, state] as const] : [])));
}

/**
 * Transient units of systemd (systemd-run(1)): the first program of a name has the unit of that name, and one that finds it
 * taken by what an earlier program left has the next, `NAME-2`.
 */
export function systemdService(
  commands: Commands,
  atShutdown: keyof typeof AT_SHUTDOWN = 'finish',
): DetachedService {
  const freeUnit = async (name: string): Promise<string> => {
    const taken = await loadedUnits(commands, name);
    const more = Array.from({ length: MOST_UNITS - 1 }, (_, index) => `${name}-${index + 2}.service`);
    return [`${name}.service`, ...more].find((unit) => !taken.has(unit)) ?? `${name}.service`;
  };
  const activeUnits = async (name: string): Promise<string[]> =>
    [...(await loadedUnits(commands, name))].flatMap(([id, state]) => (ACTIVE.includes(state) ? [id] : []));
  return {
    start: async (program) =>
      mustStart(commands, 'systemd-run', [
        '--quiet',
        '--collect',
        '--service-type=exec',
        `--unit=${await freeUnit(program.name)}`,
        `--description=${program.description}`,
        ...AT_SHUTDOWN[atShutdown](program),
        '--',
        // systemd gives its services LANG, LANGUAGE and whatever else its own environment has (systemd.exec(5)).
        '/usr/bin/env',
        '-i',
        ...[...assignments({ ...COMMAND_ENVIRONMENT, ...program.env }), ...wrapped(program)].map(verbatim),
      ]),
    isRunning: async ({ name }) => (await activeUnits(name)).length > 0,
    async signal({ name }, signal) {
      const units = await activeUnits(name);
      if (units.length === 0) return;
      const args = ['kill', `--signal=${signal}`, ...units];
      await commands.run({ program: 'systemctl', args, timeoutMs: START_LIMIT_MS });
    },
  };
}

/** Sessions of their own (setsid(1)), where no systemd runs. */
export function sessionService(commands: Commands, files: Files): DetachedService {
  const pidOf = async (folder: string): Promise<number | undefined> => {
    const pid = Number((await files.readText(`${folder}/pid`))?.trim());
    if (!(pid > 1)) return undefined;
    // The number may belong to somebody else by now; the wrapper names its folder.
    const line = await files.readText(`/proc/${pid}/cmdline`).catch(() => undefined);
    return line?.split('\0').includes(folder) ? pid : undefined;
  };
  return {
    async start(program) {
      await mustStart(commands, 'setsid', [
        '--fork',
        'env',
        ...assignments(program.env),
        ...wrapped(program),
      ]);
    },
    isRunning: async ({ folder }) => (await pidOf(folder)) !== undefined,
    async signal({ folder }, signal) {
      const pid = await pidOf(folder);
      if (pid === undefined) return;
      const args = ['-s', signal.slice('SIG'.length), '--', `-${pid}`];
      await commands.run({ program: '/bin/kill', args, timeoutMs: START_LIMIT_MS });
    },
  };
}

/** What the host has of the two. */
export async function hostService(
  { commands, files }: { readonly commands: Commands; readonly files: Files },
  atShutdown: keyof typeof AT_SHUTDOWN,
): Promise<DetachedService> {
  const underSystemd = (await files.facts('/run/systemd/system')) !== undefined;
  return underSystemd ? systemdService(commands, atShutdown) : sessionService(commands, files);
}
