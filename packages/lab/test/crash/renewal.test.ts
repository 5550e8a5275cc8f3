import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseCertificates } from '@linux-patch/pki';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { pathsIn } from '../../../agent/src/identity/store/paths.ts';
import { openManagerApi } from '../../src/bench/manager-api.ts';
import { startManagerProcess } from '../../src/index.ts';
import { statusOf } from './after-crash.ts';
import { createCrashRunner, differentPlaces, forEachPlace } from './crash.ts';
import { type CrashHost, prepareHost, renewHost, startAgent } from './host.ts';
import { temporaryFiles } from './situations.ts';

const LIMIT_MS = 900_000;

async function facts(host: CrashHost): Promise<{ readonly status: string; readonly serial: string }> {
  const [leaf] = parseCertificates(await readFile(pathsIn(join(host.root, 'etc/certs')).certificate, 'utf8'));
  return { status: await statusOf(host), serial: leaf?.serialHex ?? '' };
}

it(
  'a renewal killed at every call and every HTTP boundary leaves the old set or the new one, and the next one goes on',
  async () => {
    await using folder = await temporaryFolder({ inMemory: true });
    await using manager = await startManagerProcess(join(folder.path, 'manager'), {
      configuration: ['enrollment: { requests_per_minute: 100000 }'],
    });
    using api = await openManagerApi(manager);
    const caFile = join(folder.path, 'ca.pem');
    await writeFile(caFile, api.caPem);
    const hostAt = (root: string): CrashHost => ({
      root,
      managerUrl: manager.url,
      caFile,
      address: '10.9.0.1',
    });
    const joined = hostAt(join(folder.path, 'joined'));
    await prepareHost(joined, 1);
    const joining = startAgent(joined);
    for (let approved = false; !approved; await pause(20)) {
      const answer = JSON.parse(await api.call('GET', '/api/v1/enrollments?state=pending')) as {
        data: { enrollments: { id: string }[] };
      };
      const [request] = answer.data.enrollments;
      if (request) await api.call('POST', `/api/v1/enrollments/${request.id}/approve`, {});
      approved = request !== undefined;
    }
    expect(await joining).toEqual({ kind: 'installed' });
    const before = await facts(joined);

    const copyAs = async (name: string): Promise<CrashHost> => {
      const host = hostAt(join(folder.path, name));
      await cp(joined.root, host.root, { recursive: true, verbatimSymlinks: true });
      return host;
    };
    // A renewal ends later than what it replaces, in whole seconds.
    await pause(1_000);
    const runner = await createCrashRunner(folder.path);
    const { outcome, reached } = await runner.complete({ kind: 'renew', host: await copyAs('whole') });
    expect(outcome).toBe('renewed');
    const places = differentPlaces(reached);
    const faults: string[] = [];
    const found = { old: 0, renewed: 0 };
    await forEachPlace(places, async (place) => {
      const host = await copyAs(`cut${place}`);
      const fault = (what: string): number => faults.push(`${reached[place - 1]?.name}: ${what}`);
      if (!(await runner.cutOff({ kind: 'renew', host }, place))) fault('was not reached');
      const after = await facts(host);
      if (after.status !== 'valid') fault(`is ${after.status}`);
      found[after.serial === before.serial ? 'old' : 'renewed'] += 1;
      // Where the new one is in use already, nothing is due.
      if (after.serial === before.serial) {
        const { kind } = await renewHost(host);
        if (kind !== 'renewed') fault(`the next renewal ended ${kind}`);
      }
      const now = await facts(host);
      if (now.status !== 'valid' || now.serial === before.serial)
        fault('is not renewed after the next start');
      const left = await temporaryFiles(host.root);
      if (left.length > 0) fault(`left ${left.join(', ')}`);
    });
    expect(faults).toEqual([]);
    expect(found.old).toBeGreaterThan(0);
    expect(found.renewed).toBeGreaterThan(0);
    expect(reached.filter(({ name }) => /POST \//.test(name)).length).toBeGreaterThanOrEqual(4);
    process.stdout.write(
      `crash: a renewal: ${reached.length} places, ${places.length} states; the old set ${found.old} times, the new one ${found.renewed} times\n`,
    );
  },
  LIMIT_MS,
);
