import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ManagerApi, openManagerApi } from '../../src/bench/manager-api.ts';
import { type ManagerProcess, startManagerProcess } from '../../src/index.ts';
import { faultsOf } from './after-crash.ts';
import type { CrashJob } from './child.ts';
import { type CrashRunner, createCrashRunner, differentPlaces, forEachPlace } from './crash.ts';
import { type CrashHost, prepareHost } from './host.ts';

const LIMIT_MS = 1_800_000;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let manager: ManagerProcess;
let api: ManagerApi;
let caFile: string;
let jobKey: string;
let runner: CrashRunner;
const stop = new AbortController();
let approving: Promise<void>;

interface Request {
  readonly id: string;
  readonly fqdn: string;
  readonly state: string;
  readonly key_id: string;
}

async function requests(state: string): Promise<Request[]> {
  const answer = await api.call('GET', `/api/v1/enrollments?state=${state}&limit=1000`);
  return (JSON.parse(answer) as { data: { enrollments: Request[] } }).data.enrollments;
}

/** The administrator: approves whatever asks, until the test is over. */
async function approveAll(): Promise<void> {
  while (!stop.signal.aborted) {
    for (const { id } of await requests('pending'))
      await api.call('POST', `/api/v1/enrollments/${id}/approve`, {}).catch(() => {});
    await pause(50, undefined, { signal: stop.signal }).catch(() => {});
  }
}

beforeAll(async () => {
  folder = await temporaryFolder({ inMemory: true });
  manager = await startManagerProcess(join(folder.path, 'manager'), {
    configuration: ['enrollment: { requests_per_minute: 100000 }'],
  });
  api = await openManagerApi(manager);
  caFile = join(folder.path, 'ca.pem');
  await writeFile(caFile, api.caPem);
  const told = await api.call('GET', '/api/v1/job-key');
  jobKey = (JSON.parse(told) as { data: { fingerprint: string } }).data.fingerprint;
  runner = await createCrashRunner(folder.path);
  approving = approveAll();
}, LIMIT_MS);
afterAll(async () => {
  stop.abort();
  await approving;
  api[Symbol.dispose]();
  await manager[Symbol.asyncDispose]();
  await folder[Symbol.asyncDispose]();
});

async function newHost(number: number): Promise<CrashHost> {
  const address = `10.9.${number >> 8}.${number & 255}`;
  const host = { root: join(folder.path, `host${number}`), managerUrl: manager.url, caFile, jobKey, address };
  await prepareHost(host, number);
  return host;
}

const jobOf = (host: CrashHost): CrashJob => ({ kind: 'enrol', host });

describe('an enrolment', () => {
  it(
    'killed at every call and every HTTP boundary ends installed at the next start, as one request to the manager',
    async () => {
      const { outcome, reached } = await runner.complete(jobOf(await newHost(0)));
      expect(outcome).toBe('installed');
      const places = differentPlaces(reached);
      const faults: string[] = [];
      let killed = 0;
      await forEachPlace(places, async (place) => {
        const host = await newHost(place);
        if (await runner.cutOff(jobOf(host), place)) killed += 1;
        for (const fault of await faultsOf(host)) faults.push(`${reached[place - 1]?.name}: ${fault}`);
      });
      expect(faults).toEqual([]);
      const asked = Map.groupBy(await requests('all'), (one) => one.fqdn);
      const repeated = [...asked].filter(
        ([, list]) => list.length !== 1 || (list[0]?.state !== 'approved' && list[0]?.state !== 'installed'),
      );
      expect(repeated.map(([name, list]) => [name, list.map((one) => `${one.state} ${one.key_id}`)])).toEqual(
        [],
      );
      expect(asked.size).toBe(places.length + 1);
      const boundaries = reached.filter(({ name }) => /(GET|POST) \//.test(name));
      expect(boundaries.length).toBeGreaterThanOrEqual(12);
      // How often the state is written depends on when the approval comes; hardly any place is missed.
      expect(killed).toBeGreaterThan(places.length - 6);
      expect(reached.length).toBeGreaterThan(180);
      process.stdout.write(
        `crash: an enrolment: ${reached.length} places, ${boundaries.length} of them of HTTP; ${killed} processes killed, all hosts installed\n`,
      );
    },
    LIMIT_MS,
  );
});
