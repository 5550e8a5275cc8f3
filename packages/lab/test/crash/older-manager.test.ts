import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { startOlderManager } from '../../../agent/test/enrollment/older-manager.ts';
import { faultsOf } from './after-crash.ts';
import { createCrashRunner, differentPlaces, forEachPlace } from './crash.ts';
import { type CrashHost, prepareHost } from './host.ts';

const LIMIT_MS = 900_000;
/** Every host of this test is the same one, in a folder of its own. */
const NUMBER = 1;
const ADDRESS = '10.9.0.1';

it(
  'an enrolment with an older manager, killed at every call and every HTTP boundary, ends installed at the next start',
  async () => {
    await using folder = await temporaryFolder({ inMemory: true });
    await using manager = await startOlderManager(Date.now());
    const names = { fqdn: `crash${NUMBER}.example.test`, ipAddress: ADDRESS };
    manager.poll = [{ status: 200, body: { status: 'approved', ...(await manager.bundle(names)) } }];
    const caFile = join(folder.path, 'ca.pem');
    await writeFile(caFile, manager.rootPem);
    const runner = await createCrashRunner(folder.path);
    const newHost = async (name: string): Promise<CrashHost> => {
      const root = join(folder.path, name);
      const host = { root, managerUrl: manager.url, caFile, address: ADDRESS, hasty: true };
      await prepareHost(host, NUMBER);
      return host;
    };
    const { outcome, reached } = await runner.complete({ kind: 'enrol', host: await newHost('whole') });
    expect(outcome).toBe('installed');
    const places = differentPlaces(reached);
    const faults: string[] = [];
    let killed = 0;
    await forEachPlace(places, async (place) => {
      const host = await newHost(`cut${place}`);
      if (await runner.cutOff({ kind: 'enrol', host }, place)) killed += 1;
      for (const fault of await faultsOf(host)) faults.push(`${reached[place - 1]?.name}: ${fault}`);
    });
    expect(faults).toEqual([]);
    expect(killed).toBeGreaterThan(places.length - 4);
    expect(reached.filter(({ name }) => /(GET|POST) \//.test(name)).length).toBeGreaterThanOrEqual(8);
    process.stdout.write(
      `crash: an enrolment with an older manager: ${reached.length} places, ${killed} processes killed, all hosts installed\n`,
    );
  },
  LIMIT_MS,
);
