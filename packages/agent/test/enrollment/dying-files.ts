import type { Commands, Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';

const CHANGES = new Set<string>([
  'writeDurably',
  'makeFolder',
  'claimFolder',
  'setMode',
  'rename',
  'remove',
  'shred',
  'replaceLink',
  'syncFolder',
] satisfies (keyof Files)[]);

/** Files of a process that is killed at a change; `changes` counts those that it came to. */
export interface DyingFiles extends Files {
  readonly changes: () => number;
  /** Commands of the same process: it may be killed before each, and when it has ended. */
  readonly commands: (real: Commands) => Commands;
}

/** @param kills says at which change the process ends: that one and all later calls do not happen */
export function dyingFiles(kills: (change: string, number: number) => boolean): DyingFiles {
  let changes = 0;
  let isDead = false;
  const come = (change: string): void => {
    changes += 1;
    isDead ||= kills(change, changes);
    if (isDead) throw new Error('killed');
  };
  const commands = (real: Commands): Commands => ({
    async run(command) {
      come(`before ${command.program}`);
      const result = await real.run(command);
      come(`after ${command.program}`);
      return result;
    },
  });
  return new Proxy(systemFiles, {
    get(target, name: keyof DyingFiles) {
      if (name === 'changes') return () => changes;
      if (name === 'commands') return commands;
      const real = target[name] as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        if (CHANGES.has(name)) come(`${name} ${pathIn(args[0])}`);
        if (isDead) throw new Error('killed');
        return real.apply(target, args);
      };
    },
  }) as DyingFiles;
}

function pathIn(argument: unknown): string {
  return typeof argument === 'string' ? argument : (argument as { readonly path: string }).path;
}
