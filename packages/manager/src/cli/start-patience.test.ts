import { PatchError } from '@linux-patch/contract';
import type { ServiceNotifier } from '@linux-patch/runtime';
import { ManualClock, memoryLogger } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { startPatiently } from './start-patience.ts';

const FULL = new PatchError('DISK_FULL', 'The disk is full.');

function service(isService: boolean) {
  const clock = new ManualClock(0);
  const logger = memoryLogger();
  const said: string[] = [];
  const silent = async (): Promise<void> => undefined;
  const notifier: ServiceNotifier = {
    ready: silent,
    trouble: silent,
    stopping: silent,
    alive: silent,
    status: async (text) => void said.push(text),
  };
  const stop = new AbortController();
  const start = (work: () => Promise<string>) =>
    startPatiently(work, { clock, logger, notifier, isService, signal: stop.signal });
  return { clock, logger, said, stop, start };
}

/** Works once it was tried so often. */
function onTry(number: number, error: unknown = FULL) {
  let tries = 0;
  return async (): Promise<string> => {
    tries += 1;
    if (tries < number) throw error;
    return `try ${tries}`;
  };
}

describe('a start that fails', () => {
  it('is tried again until there is room, and says so once', async () => {
    const { clock, logger, said, start } = service(true);
    const started = start(onTry(3));
    for (const _ of [1, 2]) {
      await clock.waitForSleepers();
      await clock.advance(2_000);
    }
    expect(await started).toBe('try 3');
    expect(logger.records.map((one) => one.message)).toEqual([
      'The disk is full. The manager waits up to a minute for this to be mended.',
    ]);
    expect(said).toContain('Not started: The disk is full.');
  });

  it('fails after a minute, so that the service manager never gives up for good', async () => {
    const { clock, start } = service(true);
    const started = start(onTry(100));
    const outcome = expect(started).rejects.toBe(FULL);
    for (let waited = 0; waited < 60_000; waited += 2_000) {
      await clock.waitForSleepers();
      await clock.advance(2_000);
    }
    await outcome;
  });

  it('fails at once at a terminal, and where nobody could mend it', async () => {
    await expect(service(false).start(onTry(2))).rejects.toBe(FULL);
    const other = new Error('no');
    await expect(service(true).start(onTry(2, other))).rejects.toBe(other);
  });

  it('waits for a database server, too, which starts with the machine', async () => {
    const away = new PatchError('DATABASE_UNAVAILABLE', 'The database cannot be used: it starts.');
    const { clock, said, start } = service(true);
    const outcome = start(onTry(2, away));
    await clock.waitForSleepers();
    await clock.advance(2_000);
    expect(await outcome).toBe('try 2');
    expect(said).toEqual(['Not started: The database cannot be used: it starts.']);
  });

  it('waits for whatever is mended beside it, and says each fault once', async () => {
    const faults = [
      new PatchError('CONFIG_INVALID', 'config.yaml:3:5: server.prot is no key\nconfig.yaml:4:1: more'),
      new PatchError('BIND_FAILED', 'The manager cannot listen on 192.0.2.7:8443.'),
      new PatchError('BIND_FAILED', 'The manager cannot listen on 192.0.2.7:8443.'),
    ];
    const { clock, logger, said, start } = service(true);
    const outcome = start(async () => {
      const fault = faults.shift();
      if (fault) throw fault;
      return 'serves';
    });
    for (const _ of [1, 2, 3]) {
      await clock.waitForSleepers();
      await clock.advance(2_000);
    }
    expect(await outcome).toBe('serves');
    expect(said).toEqual([
      'Not started: config.yaml:3:5: server.prot is no key',
      'Not started: The manager cannot listen on 192.0.2.7:8443.',
    ]);
    expect(logger.records).toHaveLength(2);
  });

  it('knows a file that could not be written, too', async () => {
    const error = Object.assign(new Error('x'), { code: 'ENOSPC', path: '/var/lib/a' });
    await expect(service(false).start(onTry(2, error))).rejects.toMatchObject({
      code: 'DISK_FULL',
      message: expect.stringContaining('/var/lib/a cannot be written: its disk is full'),
    });
  });

  it('ends when it is told to stop', async () => {
    const { clock, start, stop } = service(true);
    const outcome = expect(start(onTry(100))).rejects.toBe(FULL);
    await clock.waitForSleepers();
    stop.abort();
    await outcome;
  });
});
