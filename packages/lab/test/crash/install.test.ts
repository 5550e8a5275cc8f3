import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testAuthority } from '@linux-patch/pki/testing';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Material } from '../../../agent/src/certificates/material.ts';
import { type CrashRunner, createCrashRunner, differentPlaces, forEachPlace } from './crash.ts';
import { faultsAt, type Sets, SITUATION_NAMES, SITUATIONS } from './situations.ts';

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
      const { prepare } = SITUATIONS[situation];
      const base = join(folder.path, situation.replaceAll(' ', '-'));
      const job = (certs: string) => ({ kind: 'change', situation, certs, sets: setsFile }) as const;
      await prepare(`${base}-whole`, sets);
      const { reached } = await runner.complete(job(`${base}-whole`));
      const places = differentPlaces(reached);
      const faults: string[] = [];
      let killed = 0;
      await forEachPlace(places, async (place) => {
        const certs = `${base}-${place}`;
        await prepare(certs, sets);
        if (await runner.cutOff(job(certs), place)) killed += 1;
        for (const fault of await faultsAt(certs, situation, sets))
          faults.push(`${reached[place - 1]}: ${fault}`);
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
});
