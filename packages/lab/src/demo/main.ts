import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePrograms } from '../../../../tools/system-packages.ts';
import { REPOSITORY } from '../checkout.ts';
import { adviceAfter } from './patience.ts';
import { runDemo } from './run.ts';

const args = process.argv.slice(2);
const unknown = args.filter((one) => !['--once', '--dev', '--pictures'].includes(one));
if (unknown.length > 0) {
  process.stderr.write(
    `demo: unknown argument ${unknown.join(', ')}; --once ends after the run, --dev shows the logs, --pictures takes those of every screen\n`,
  );
  process.exit(1);
}

const abort = new AbortController();
/** As a shell tells it of a program that SIGINT ended. */
const BROKEN_OFF = 130;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    // Somebody who asks twice does not want to wait for the step.
    if (abort.signal.aborted) process.exit(BROKEN_OFF);
    process.stdout.write('The demo ends with this step.\n');
    abort.abort();
  });

const pictures = args.includes('--pictures');
if (pictures) {
  const { BROWSER_PROGRAMS } = await import('../browser.ts');
  ensurePrograms('Taking pictures of the page', BROWSER_PROGRAMS);
}

// Its path is to be seen on some screens.
const folder = pictures ? join(tmpdir(), 'linux-patch-demo') : join(REPOSITORY, '.demo');
try {
  await runDemo({
    folder,
    once: args.includes('--once'),
    showLogs: args.includes('--dev'),
    ...(pictures ? { pictures: join(REPOSITORY, 'docs/screenshots') } : {}),
    say: (line) => void process.stdout.write(`${line}\n`),
    signal: abort.signal,
  });
} catch (error) {
  // In a terminal the programs of the step end as well, and so it fails.
  if (abort.signal.aborted) process.exit(BROKEN_OFF);
  process.stderr.write(`demo failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.stderr.write(`${adviceAfter(folder)}\n`);
  process.exitCode = 1;
}
