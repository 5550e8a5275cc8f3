import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

async function commandLineOf(pid: number): Promise<string | undefined> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Takes the demo folder for this process, so that two demos never share one.
 * @throws Error that names the process when another demo is running.
 */
export async function claimDemoFolder(folder: string): Promise<AsyncDisposable> {
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'demo.pid');
  const holder = Number(await readFile(file, 'utf8').catch(() => '0'));
  const running = holder > 0 && holder !== process.pid ? await commandLineOf(holder) : undefined;
  if (running?.includes('demo/main.ts')) {
    throw new Error(`another demo is running in ${folder} (process ${holder}); stop it with Ctrl-C first`);
  }
  await writeFile(file, String(process.pid));
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}
