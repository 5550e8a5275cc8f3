import type { Command, CommandResult, Commands } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { ManualClock } from '@linux-patch/runtime/testing';

/** A unit as `systemctl show` has it. */
export type Unit = Readonly<Record<string, string>>;

/** A service that runs. */
export function running(name: string, odd: Unit = {}): Unit {
  return {
    Id: name,
    Names: name,
    LoadState: 'loaded',
    ActiveState: 'active',
    SubState: 'running',
    Type: 'simple',
    Result: 'success',
    NRestarts: '0',
    InvocationID: 'a1',
    ...odd,
  };
}

const ENDED: CommandResult = {
  exitCode: 0,
  signal: null,
  stdout: '',
  stderr: '',
  timedOut: false,
  aborted: false,
  durationMs: 1,
};

export interface SystemctlOptions {
  readonly units: readonly Unit[];
  /** What a restart makes of the unit, and how systemctl ends. */
  readonly restart?: (name: string) => { readonly unit?: Unit; readonly ended?: Partial<CommandResult> };
  readonly journal?: string;
}

/** A host of systemd as far as systemctl(1) and journalctl(1) tell of it. */
export function systemctlHost({ units, restart, journal = '' }: SystemctlOptions) {
  const known = new Map(
    units.flatMap((unit) => (unit['Names'] ?? '').split(' ').map((name) => [name, unit])),
  );
  const run: Command[] = [];
  const show = (args: readonly string[]): string => {
    const wanted = (args.find((one) => one.startsWith('--property=')) ?? '').slice(11).split(',');
    const names = args.slice(args.indexOf('--') + 1);
    return names
      .map((name) => {
        const unit = known.get(name) ?? {
          Id: name,
          Names: name,
          LoadState: 'not-found',
          ActiveState: 'inactive',
        };
        return wanted.flatMap((key) => (unit[key] === undefined ? [] : [`${key}=${unit[key]}\n`])).join('');
      })
      .join('\n');
  };
  const commands: Commands = {
    async run(command) {
      run.push(command);
      const { program, args } = command;
      if (program === 'journalctl') return { ...ENDED, stdout: journal };
      if (args[0] === 'show') return { ...ENDED, stdout: show(args) };
      const name = args.at(-1) ?? '';
      const { unit, ended } = restart?.(name) ?? {};
      if (unit) known.set(name, unit);
      return { ...ENDED, ...ended };
    },
  };
  const files = {
    ...systemFiles,
    facts: async (path: string) =>
      path === '/run/systemd/system'
        ? ((await systemFiles.facts('/')) ?? undefined)
        : systemFiles.facts(path),
  };
  return { root: '/', files, commands, clock: new ManualClock(), run };
}
