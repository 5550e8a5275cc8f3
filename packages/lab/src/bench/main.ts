import process from 'node:process';
import { AGENT_BENCHMARK, LISTINGS_BENCHMARK } from './agent.ts';
import { ENROLL_BENCHMARK } from './enroll.ts';
import { runBenchmark } from './run.ts';

const [wanted] = process.argv.slice(2).filter((argument) => !argument.startsWith('-'));
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const write = process.argv.includes('--write');

// What an agent costs is both: in itself, and beside each package manager.
const named = (name: string) => wanted === name || (wanted === 'agent' && name === 'listings');

for (const benchmark of [AGENT_BENCHMARK, LISTINGS_BENCHMARK, ENROLL_BENCHMARK]) {
  if (wanted !== undefined && !named(benchmark.name)) continue;
  if (!(await runBenchmark(benchmark, { write, say }))) process.exitCode = 1;
}
