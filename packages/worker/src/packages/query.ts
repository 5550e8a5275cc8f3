import type { CommandResult } from '@linux-patch/runtime';
import type { Tool } from './adapter.ts';
import type { PackageDoors } from './doors.ts';

/** A program that only reads answers within this time or something is badly wrong. */
const LIMIT_MS = 60_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Runs a program that only reads, however it ends. */
export function query(
  { commands }: PackageDoors,
  { program, args }: Pick<Tool, 'program' | 'args'>,
): Promise<CommandResult> {
  return commands.run({ program, args, timeoutMs: LIMIT_MS, maxOutputBytes: MOST_BYTES });
}
