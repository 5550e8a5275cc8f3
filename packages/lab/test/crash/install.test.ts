import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { testAuthority } from '@linux-patch/pki/testing';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { switchTo } from '../../../agent/src/identity/store/generations.ts';
import type { Material } from '../../../agent/src/identity/store/material.ts';
import { pathsIn } from '../../../agent/src/identity/store/paths.ts';
import { type CrashRunner, createCrashRunner, differentPlaces, forEachPlace } from './crash.ts';
import { faultsAt, installAt, type Sets, SITUATION_NAMES, SITUATIONS } from './situations.ts';

const LIMIT_MS = 600_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let sets: Sets;
let setsFile: string;
let runner: CrashRunner;

beforeAll(async () => {
  folder = await temporaryFolder({ inMemory: true });
  const authority = await testAuthority({ now: Date.now() });
  const issue = async (): Promise<Material> => {
    const { chainPem, privateKeyPem } = await authority.issueAgent();
    return { caPem: authority.caPem, certificatePem: chainPem, keyPem: privateKeyPem, crlPem: undefined };
  };
  sets = { old: await issue(), new: await issue(), newest: await issue() };
  setsFile = join(folder.path, 'sets.json');
  await writeFile(setsFile, JSON.stringify(sets));
  runner = await createCrashRunner(folder.path);
}, LIMIT_MS);
afterAll(() => folder[Symbol.asyncDispose]());

describe('the certificate store', () => {
  it.each(SITUATION_NAMES)(
    'killed before and after every call of %s has one of the two sets, complete, and goes on',
    async (situation) => {
      const wanted = SITUATIONS[situation];
      const base = join(folder.path, situation.replaceAll(' ', '-'));
      const job = (certs: string) => ({ kind: 'change', situation, certs, sets: setsFile }) as const;
      const prepareFor = async (name: string): Promise<string> => {
        // In a folder of its own, which is all that is looked at.
        const certs = join(base, name, 'certs');
        await mkdir(join(certs, '..'), { recursive: true });
        await wanted.prepare(certs, sets);
        return certs;
      };
      const { reached } = await runner.complete(job(await prepareFor('whole')));
      const places = differentPlaces(reached);
      const faults: string[] = [];
      let killed = 0;
      await forEachPlace(places, async (place) => {
        const certs = await prepareFor(String(place));
        if (await runner.cutOff(job(certs), place)) killed += 1;
        for (const fault of await faultsAt(certs, situation, sets))
          faults.push(`${reached[place - 1]?.name}: ${fault}`);
      });
      expect(faults).toEqual([]);
      expect(killed).toBe(places.length);
      expect(reached.length).toBeGreaterThan(situation === 'going back to an earlier set' ? 12 : 70);
      process.stdout.write(
        `crash: ${situation}: ${reached.length} places, ${killed} states of the disk, none broken\n`,
      );
    },
    LIMIT_MS,
  );

  it.each(SITUATION_NAMES)(
    'with a disk that is full at any one call of %s has one of the two sets, complete, and goes on',
    async (situation) => {
      const certs = join(folder.path, 'full');
      const job = { kind: 'fail', situation, certs, sets: setsFile, code: 'ENOSPC' } as const;
      const { faults, failed } = await runner.complete(job);
      expect(faults).toEqual([]);
      expect(failed).toBeGreaterThan(situation === 'going back to an earlier set' ? 5 : 35);
      process.stdout.write(`full disk: ${situation}: ${failed} calls failed, one at a time\n`);
    },
    LIMIT_MS,
  );

  it(
    'on real disks that are too small or read-only keeps the old set',
    async () => {
      const job = { kind: 'small_disks', disk: join(folder.path, 'disk'), sets: setsFile } as const;
      const { faults, failed } = await runner.completeApart(job);
      expect(faults).toEqual([]);
      expect(failed).toBeGreaterThanOrEqual(4);
      process.stdout.write(`full disk: ${failed} real disks too small or read-only, the old set on each\n`);
    },
    LIMIT_MS,
  );

  it(
    'never shows a reader a key and a certificate of different sets',
    async () => {
      const certs = join(folder.path, 'swapped');
      await installAt(certs, sets.old);
      await installAt(certs, sets.new);
      const reader = new Worker(join(import.meta.dirname, 'reader.ts'), {
        workerData: { certs, sets, reads: 25_000 },
      });
      let result: { readonly mixed: number; readonly seen: Readonly<Record<string, number>> } | undefined;
      reader.once('message', (message: typeof result) => (result = message));
      const ended = once(reader, 'exit');
      let swaps = 0;
      for (; !result; swaps += 1)
        await switchTo(systemFiles, pathsIn(certs), swaps % 2 === 0 ? 'gen-000001' : 'gen-000002');
      await ended;
      expect(result.mixed).toBe(0);
      expect(Math.min(result.seen['old'] ?? 0, result.seen['new'] ?? 0)).toBeGreaterThan(1000);
      expect(swaps).toBeGreaterThan(2000);
      process.stdout.write(`readers: 100000 files read during ${swaps} swaps, no mixed pair\n`);
    },
    LIMIT_MS,
  );
});
