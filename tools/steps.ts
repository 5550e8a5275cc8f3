import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/** One thing that must succeed, and how it went. */
export interface Step {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Looks at the output of a program whose exit code says too little; returns what is wrong. */
  readonly judge?: (output: string) => string | undefined;
}

export interface StepResult {
  readonly step: Step;
  readonly ok: boolean;
  readonly output: string;
  readonly seconds: number;
}

/** Runs a step in `cwd` and keeps what it prints. */
export function runStep(step: Step, cwd: string): Promise<StepResult> {
  const startedMs = performance.now();
  const { promise, resolve } = Promise.withResolvers<StepResult>();
  const child = spawn(step.program, step.args, {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...step.env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const finish = (ok: boolean): void => {
    const verdict = ok ? step.judge?.(output) : undefined;
    const seconds = (performance.now() - startedMs) / 1000;
    resolve({
      step,
      ok: ok && verdict === undefined,
      output: verdict ? `${output}\n${verdict}` : output,
      seconds,
    });
  };
  child.once('error', (error) => {
    output += `${step.program} could not be started: ${error.message}`;
    finish(false);
  });
  child.once('close', (code) => finish(code === 0));
  return promise;
}
