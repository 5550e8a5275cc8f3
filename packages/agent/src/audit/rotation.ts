import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { compareText } from '@linux-patch/contract';
import type { Files } from '@linux-patch/runtime';
import { CHAIN_START, type ChainEnd, dayOf, endOfText } from './chain.ts';

const compress = (data: Uint8Array) => promisify(gzip)(data);
const decompress = (data: Uint8Array) => promisify(gunzip)(data);

/** Readable by root and the log group, as log shippers expect. */
export const AUDIT_MODE = 0o640;

interface RotatedFile {
  readonly path: string;
  readonly day: string;
}

/** Moves the file of a finished day to `<path>.<day>.gz`; a second rotation of one day gets a number. */
export async function rotate(files: Files, path: string, day: string): Promise<void> {
  const data = await files.readBytes(path);
  if (data) {
    const target = await freeName(files, `${path}.${day}`);
    await files.writeDurably({ path: target, data: await compress(data), mode: AUDIT_MODE });
  }
  await files.remove(path);
}

async function freeName(files: Files, stem: string): Promise<string> {
  for (let number = 0; ; number += 1) {
    const candidate = `${stem}${number === 0 ? '' : `.${number}`}.gz`;
    if (!(await files.facts(candidate))) return candidate;
  }
}

/** Removes rotated files of days more than `retentionMs` before `nowMs`. */
export async function prune(
  files: Files,
  path: string,
  limits: { readonly retentionMs: number; readonly nowMs: number },
): Promise<void> {
  const oldest = dayOf(limits.nowMs - limits.retentionMs);
  for (const file of await rotatedFiles(files, path)) {
    if (file.day < oldest) await files.remove(file.path);
  }
}

/** Where the chain stands on disk: the current file, else the newest rotated one, else its start. */
export async function findChainEnd(files: Files, path: string): Promise<ChainEnd> {
  const text = (await files.readText(path)) ?? '';
  const here = endOfText(text);
  if (here) return here;
  const torn = text !== '' && !text.endsWith('\n');
  const newest = (await rotatedFiles(files, path)).at(-1);
  const packed = newest && (await files.readBytes(newest.path));
  const before = packed && endOfText((await decompress(packed)).toString('utf8'));
  return { ...(before ?? CHAIN_START), day: undefined, torn };
}

/** Oldest first; several files of one day in the order of their numbers. */
async function rotatedFiles(files: Files, path: string): Promise<RotatedFile[]> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.`;
  const found: (RotatedFile & { readonly number: number })[] = [];
  for (const name of await files.list(folder, { missingOk: true })) {
    if (!name.startsWith(prefix)) continue;
    const match = /^(\d{4}-\d{2}-\d{2})(?:\.(\d+))?\.gz$/.exec(name.slice(prefix.length));
    if (match?.[1]) found.push({ path: join(folder, name), day: match[1], number: Number(match[2] ?? 0) });
  }
  return found.sort((a, b) => compareText(a.day, b.day) || a.number - b.number);
}
