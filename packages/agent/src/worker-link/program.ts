import { dirname, resolve } from 'node:path';

/** The name by which commands know the worker. */
export const WORKER_PROGRAM = 'linux-patch-worker';

/**
 * What a worker starts Node with. It lives for a moment, in which it makes more garbage than Node's first young generation
 * holds (V8 `--min-semi-space-size`, MB).
 */
export const WORKER_OPTIONS = ['--disable-sigusr1', '--min-semi-space-size=16'];

/**
 * What starts the worker that belongs to this agent: the script beside the agent's own where that was made for a package, else
 * that of the checkout.
 * @param script what Node was started with
 */
export function workerCommand(node: string, script: string): readonly string[] {
  const folder = dirname(script);
  if (script.endsWith('.ts')) return [resolve(folder, '../../../bin', WORKER_PROGRAM)];
  return [node, ...WORKER_OPTIONS, resolve(folder, `${WORKER_PROGRAM}.cjs`)];
}

/** What the worker is told of a host: where it lies, and how it is configured. */
export function hostArguments(host: {
  readonly root: string;
  readonly configFile: string;
  /** `package_manager.backend` of the configuration. */
  readonly backend: string;
}): string[] {
  return ['--root', host.root, '--config', host.configFile, '--backend', host.backend];
}
