import { describe, expect, it } from 'vitest';
import { memoryLogger } from '../testing/index.ts';
import { createServiceNotifier } from './notify.ts';

describe('the service notifier', () => {
  it('delivers what was said last as the last, however long an earlier systemd-notify takes', async () => {
    const arrived: string[] = [];
    const letGo = Promise.withResolvers<void>();
    let asked = false;
    const notifier = createServiceNotifier({
      notifySocket: '/run/systemd/notify',
      logger: memoryLogger(),
      commands: {
        async run({ args }) {
          // The first one is slow: it arrives only when it is let go.
          if (!asked) {
            asked = true;
            await letGo.promise;
          }
          arrived.push(args.join(' '));
          const end = { exitCode: 0, signal: null, timedOut: false, aborted: false, durationMs: 1 };
          return { ...end, stdout: '', stderr: '' };
        },
      },
    });
    const first = notifier.status('Installing');
    const second = notifier.status('Not installed yet');
    await Promise.resolve();
    letGo.resolve();
    await Promise.all([first, second, notifier.status('Not installed yet')]);
    expect(arrived).toEqual(['STATUS=Installing', 'STATUS=Not installed yet']);
  });

  it('says everything in assignments that every systemd knows, and in one line', async () => {
    const told: (readonly string[])[] = [];
    const notifier = createServiceNotifier({
      notifySocket: '/run/systemd/notify',
      logger: memoryLogger(),
      commands: {
        async run({ args }) {
          told.push(args);
          const end = { exitCode: 0, signal: null, timedOut: false, aborted: false, durationMs: 1 };
          return { ...end, stdout: '', stderr: '' };
        },
      },
    });
    await notifier.ready('Serving');
    await notifier.status('a manager said\nMAINPID=1');
    await notifier.stopping();
    expect(told).toEqual([
      ['READY=1', 'STATUS=Serving'],
      [expect.stringMatching(/^STATUS=a manager said[^\n]*MAINPID=1$/)],
      ['STOPPING=1'],
    ]);
  });
});
