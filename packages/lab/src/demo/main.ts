import { join } from 'node:path';
import { REPOSITORY } from '../checkout.ts';
import { runDemo } from './run.ts';

const args = process.argv.slice(2);
const unknown = args.filter((one) => !['--once', '--dev'].includes(one));
if (unknown.length > 0) {
  process.stderr.write(
    `demo: unknown argument ${unknown.join(', ')}; --once ends after the run, --dev shows the logs\n`,
  );
  process.exit(1);
}

const abort = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());

try {
  await runDemo({
    folder: join(REPOSITORY, '.demo'),
    once: args.includes('--once'),
    showLogs: args.includes('--dev'),
    say: (line) => void process.stdout.write(`${line}\n`),
    signal: abort.signal,
  });
} catch (error) {
  process.stderr.write(`demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
