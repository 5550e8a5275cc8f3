import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { CommandResult } from '@linux-patch/runtime';

export const RECORDED = resolve(import.meta.dirname, '../recorded/zypper');

/** A run of the real zypper; the name of the file begins with its version. */
export function recorded(name: string): CommandResult {
  const text = readFileSync(join(RECORDED, `${name}.txt`), 'utf8');
  const [head = '', rest = ''] = text.split('# --- stdout\n');
  const [stdout = '', stderr = ''] = rest.split('# --- stderr\n');
  return resultOf(Number(/^# exit: (\d+)$/m.exec(head)?.[1]), stdout, stderr);
}

export function resultOf(exitCode: number, stdout: string, stderr = ''): CommandResult {
  return { exitCode, signal: null, stdout, stderr, timedOut: false, aborted: false, durationMs: 1 };
}
