import { parentPort, workerData } from 'node:worker_threads';
import { systemFiles } from '@linux-patch/runtime/node';
import { readMaterial } from '../../../agent/src/identity/store/material.ts';
import { pathsIn } from '../../../agent/src/identity/store/paths.ts';
import { type Sets, setOf } from './situations.ts';

/** Reads the current set again and again while somebody swaps it; four files each time. */
const { certs, sets, reads } = workerData as { certs: string; sets: Sets; reads: number };
const seen: Record<string, number> = {};
for (let read = 0; read < reads; read += 1) {
  const set = setOf(await readMaterial(systemFiles, pathsIn(certs)), sets);
  seen[set] = (seen[set] ?? 0) + 1;
}
parentPort?.postMessage({ mixed: seen['mixed'] ?? 0, seen });
