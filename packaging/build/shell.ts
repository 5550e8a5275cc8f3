import { spawnSync } from 'node:child_process';

/** Runs a program and returns what it printed. @throws with its words when it fails. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): string {
  const result = spawnSync(program, [...args], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    ...(options.cwd ? { cwd: options.cwd } : {}),
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...options.env },
  });
  if (result.status === 0) return result.stdout;
  const words = result.error?.message ?? `${result.stderr}${result.stdout}`.trim();
  throw new Error(`${program} ${args.join(' ')} failed (${result.status ?? result.signal}): ${words}`);
}
