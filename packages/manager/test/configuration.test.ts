import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RunningConfiguration } from '@linux-patch/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ON_SQLITE, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld({ ...ON_SQLITE, fleet: { poll_minutes: 3 } });
  await mkdir(dirname(world.paths.configFile), { recursive: true });
});
afterAll(() => world[Symbol.asyncDispose]());

async function read(text?: string): Promise<RunningConfiguration> {
  if (text === undefined) await rm(world.paths.configFile, { force: true });
  else await writeFile(world.paths.configFile, text);
  const answer = await world.admin('/configuration');
  expect(answer.status).toBe(200);
  return answer.json().data as unknown as RunningConfiguration;
}

const settingOf = ({ settings }: RunningConfiguration, key: string) =>
  settings.find((one) => one.key === key);

describe('the configuration of a running manager', () => {
  it('names for each key its value, its default and where it is set', async () => {
    const running = await read('# mine\nfleet:\n  poll_minutes: 3\n');
    expect([running.file, running.file_fault]).toEqual([world.paths.configFile, null]);
    expect(settingOf(running, 'fleet.poll_minutes')).toMatchObject({
      value: '3',
      default: '5',
      line: 3,
      after_restart: null,
    });
    expect(settingOf(running, 'fleet.concurrency')).toMatchObject({ value: '16', default: '16', line: null });
    expect(settingOf(running, 'database.password_file')).toMatchObject({ value: null, default: null });
  });

  it('says what the file says by now where that is something else, which a restart takes up', async () => {
    const running = await read('fleet: { poll_minutes: 9 }\n');
    expect(settingOf(running, 'fleet.poll_minutes')).toMatchObject({ value: '3', after_restart: '9' });
    expect(settingOf(await read(), 'fleet.poll_minutes')).toMatchObject({ value: '3', after_restart: '5' });
  });

  it('says of a file that would let no manager start what is wrong with it, and shows what runs', async () => {
    const running = await read('fleet: { poll_minuets: 9 }\n');
    expect(running.file_fault).toContain('poll_minuets');
    expect(settingOf(running, 'fleet.poll_minutes')).toMatchObject({ value: '3', after_restart: null });
  });

  it('never shows the password of a database', async () => {
    const running = await read('database: { url: "postgresql://ann:hunter2@db.example.org/patch" }\n');
    expect(JSON.stringify(running)).not.toContain('hunter2');
  });
});
