import { nodeCommands } from '@linux-patch/runtime/node';
import { PackageListing } from '@linux-patch/worker';
import { describe, expect, it } from 'vitest';
import { childWorker } from '../../src/worker-link/child-worker.ts';
import { openWorkerLink } from '../../src/worker-link/link.ts';
import { type Behaviour, doubleWorker } from './double-worker.ts';

const SNAPSHOT = { v: 1, op: 'snapshot', explain: false } as const;

const unavailable = (why: string) => ({
  code: 'WORKER_UNAVAILABLE',
  message: expect.stringContaining(`The worker of this host gave no answer, because ${why}`),
});

const FAULTS: readonly (readonly [Behaviour, object])[] = [
  ['refuses', { code: 'PKG_MANAGER_ERROR', message: 'dpkg says no', details: { exit_code: 2 } }],
  [
    'does not understand',
    unavailable('the worker does not take what this agent (1.3.0) asks: op: no such thing'),
  ],
  ['is killed', unavailable('the worker was killed, as the kernel does when there is no memory left')],
  [
    'crashes',
    unavailable('the worker ended with 1 and no answer (Error: Cannot find module \\u001b[31mzod)'),
  ],
  ['is cut off', unavailable('the worker ended with 0 and no answer')],
  ['talks nonsense', unavailable("the worker's answer is none that this agent (1.3.0) can read")],
  ['says less than it must', unavailable("the worker's answer is none that this agent (1.3.0) can read")],
];

describe('the way to the worker', () => {
  it.each(FAULTS)(
    'has a clear word when the worker %s, and works again afterwards',
    async (behaviour, fault) => {
      const { link, behave } = await doubleWorker();
      await behave(behaviour);
      await expect(link.ask(SNAPSHOT, PackageListing)).rejects.toMatchObject(fault);
      await behave('answers');
      expect((await link.ask(SNAPSHOT, PackageListing)).packages).toMatchObject([
        { name: 'toy', version: '1' },
      ]);
    },
  );

  it('says so when there is no worker to start', async () => {
    const commands = nodeCommands({}, { 'linux-patch-worker': ['/nonexistent/node'] });
    const link = openWorkerLink(childWorker({ commands, hostArguments: [] }));
    await expect(link.ask(SNAPSHOT, PackageListing)).rejects.toMatchObject(
      unavailable('the worker could not be started (linux-patch-worker could not be started (ENOENT))'),
    );
  });

  it('ends the workers that run when it is closed', async () => {
    const { link, behave, asked } = await doubleWorker();
    await behave('never ends');
    const question = link.ask(SNAPSHOT, PackageListing);
    const refused = expect(question).rejects.toMatchObject(unavailable('the agent is stopping'));
    await expect.poll(asked).toHaveLength(1);
    link[Symbol.dispose]();
    await refused;
  });

  it('lets two work at once and sixteen wait, and refuses a flood beyond that at once', async () => {
    const { link, behave, asked } = await doubleWorker();
    await behave('never ends');
    const questions = Array.from({ length: 18 }, () => link.ask(SNAPSHOT, PackageListing));
    const ends = Promise.allSettled(questions);
    await expect(link.ask(SNAPSHOT, PackageListing)).rejects.toMatchObject({
      code: 'WORKER_UNAVAILABLE',
      message: '18 questions about packages are being answered or wait already. Ask again in a moment.',
    });
    await expect.poll(asked).toHaveLength(2);
    link[Symbol.dispose]();
    expect((await ends).map(({ status }) => status)).toEqual(Array.from({ length: 18 }, () => 'rejected'));
  });
});
