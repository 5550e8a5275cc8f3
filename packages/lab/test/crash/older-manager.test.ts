import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { inspectIdentity } from '../../../agent/src/certificates/inspect.ts';
import { startOlderManager } from '../../../agent/test/enrollment/older-manager.ts';
import { createCrashRunner, differentPlaces, forEachPlace } from './crash.ts';
import { COMMENT, type CrashHost, letAMinutePass, pathsUnder, prepareHost, startAgent } from './host.ts';
import { temporaryFiles } from './situations.ts';

const LIMIT_MS = 900_000;
/** Every host of this test is the same one, in a folder of its own. */
const NUMBER = 1;
const ADDRESS = '10.9.0.1';

async function statusOf({ root }: CrashHost): Promise<string> {
  const paths = pathsUnder(join(root, 'etc/certs'));
  const options = { files: systemFiles, paths, now: Date.now(), thresholdDays: 7, handshake: true };
  return (await inspectIdentity(options)).status.status;
}

/** What is wrong with a host whose enrolment was cut off, and that was started once more. */
async function faultsOf(host: CrashHost): Promise<string[]> {
  const faults: string[] = [];
  const after = await statusOf(host);
  if (!['missing', 'valid'].includes(after)) faults.push(`found ${after} after the crash`);
  await letAMinutePass(host);
  const { kind } = await startAgent(host);
  if (kind !== 'installed') faults.push(`the next start ended ${kind}`);
  const status = await statusOf(host);
  if (status !== 'valid') faults.push(`is ${status} after the next start`);
  const left = [...(await temporaryFiles(host.root)), ...(await readdir(join(host.root, 'data')))];
  if (left.length > 0) faults.push(`left ${left.join(', ')}`);
  const config = await readFile(join(host.root, 'etc/config.yaml'), 'utf8');
  if (config.includes('polling_token') || !config.startsWith(COMMENT))
    faults.push('config.yaml is not as it was');
  return faults;
}

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
      for (const fault of await faultsOf(host)) faults.push(`${reached[place - 1]}: ${fault}`);
    });
    expect(faults).toEqual([]);
    expect(killed).toBeGreaterThan(places.length - 6);
    expect(reached.filter((place) => /(GET|POST) \//.test(place)).length).toBeGreaterThanOrEqual(8);
    process.stdout.write(
      `crash: an enrolment with an older manager: ${reached.length} places, ${killed} processes killed, all hosts installed\n`,
    );
  },
  LIMIT_MS,
);
