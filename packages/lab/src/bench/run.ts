import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { type Benchmark, isMissed, keepReport, rowOf, TABLE_HEAD } from './report.ts';

/** Where something was measured, in words. */
/** Whether the kernel gives memory in pieces of 64 kB (transhuge.rst): a start takes a fifth less, and idle programs hold more. */
function pages(): string {
  const path = '/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled';
  return existsSync(path) && readFileSync(path, 'utf8').includes('[always]') ? '64 kB' : '4 kB';
}

function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 1e9);
  return (
    `${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${memory} GB RAM in pages of ${pages()}, ` +
    `Linux ${release()}, Node ${process.versions.node}`
  );
}

/** Measures, says the report and keeps it when that is wanted; whether every bar was met. */
export async function runBenchmark(
  { name, about, measure }: Benchmark,
  { write, say }: { readonly write: boolean; readonly say: (line: string) => void },
): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'linux-patch-bench-'));
  try {
    const { rows, more = [] } = await measure(folder, say);
    const head = `Machine: ${machine()}. ${about} ${new Date().toISOString().slice(0, 10)}.`;
    const report = [head, '', TABLE_HEAD, ...rows.map(rowOf), ...more].join('\n');
    say(`\n${report}\n`);
    if (write) await keepReport(name, report);
    const missed = rows.filter(isMissed).map((one) => one.what);
    say(missed.length === 0 ? `bench:${name} ok` : `bench:${name}: ${missed.join('; ')}`);
    return missed.length === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
