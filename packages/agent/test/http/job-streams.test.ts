import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { ManualClock } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { install } from '../job-requests.ts';
import { startWithHands } from './jobs-by-hand.ts';
import { call, clientOptions, startWorld, type World } from './world.ts';

/** One event of a stream. */
interface Heard {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: Record<string, unknown>;
}

function parse(text: string): Heard[] {
  return text
    .split('\n\n')
    .filter((part) => part.includes('data: '))
    .map((part) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1];
      return { id: field('id'), event: field('event'), data: JSON.parse(field('data') ?? '{}') };
    });
}

/** As `curl -N` does. */
async function follow(world: World, path: string, headers: Readonly<Record<string, string>> = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const outgoing = request({ ...clientOptions(world), path, headers }, resolve).on('error', reject);
  outgoing.end();
  const response = await promise;
  let text = '';
  response.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<void>((done) => response.once('close', done));
  return {
    type: response.headers['content-type'],
    ended,
    raw: () => text,
    heard: () => parse(text),
    [Symbol.dispose]: () => void outgoing.destroy(),
  };
}

const of = (id: string): string => `/api/v1/jobs/${id}/events`;

describe('the stream of events of a job', () => {
  it('begins with how the job is, has its output, and ends with it', async () => {
    const { begun, started } = startWithHands();
    await using world = await started;
    const { job_id: id } = await world.jobs.submit(install('curl'));
    await expect.poll(() => begun.length).toBe(1);
    using stream = await follow(world, of(id));
    await expect.poll(() => stream.heard().length).toBe(1);
    const { job_id: other } = await world.jobs.submit(install('wget'));
    begun[0]!.context.report.output('Unpacking curl', 'stdout');
    begun[0]!.context.report.progress(40, 'Unpacking curl (40 %)');
    await expect.poll(() => stream.raw()).toContain('Unpacking curl (40 %)');
    begun[0]!.end({ message: 'Installed curl' });
    await stream.ended;
    expect(stream.type).toBe('text/event-stream');
    const heard = stream.heard();
    expect(heard.map(({ event, data }) => [event, data['status']])).toEqual([
      ['progress', 'running'],
      ['progress', 'running'],
      ['progress', 'completed'],
      ['end', undefined],
    ]);
    expect(heard[1]).toMatchObject({ data: { output: 'Unpacking curl', progress_percent: 40, missed: 0 } });
    expect(heard[2]?.id).toBe(String(heard[2]?.data['seq']));
    await world.jobs.cancelOrDelete(other);
  });

  it.each([
    ['in the query', (seq: number) => [`?from_seq=${seq}`, {}] as const],
    ['as browsers say it', (seq: number) => ['', { 'last-event-id': String(seq) }] as const],
  ])('goes on after a number %s, and says when events between are gone', async (_how, said) => {
    const { begun, started } = startWithHands();
    await using world = await started;
    const { job_id: id } = await world.jobs.submit(install('curl'));
    await expect.poll(() => begun.length).toBe(1);
    const from = world.jobs.events.seq;
    begun[0]!.end({ message: 'done' });
    await expect.poll(() => world.jobs.find(id)?.status).toBe('completed');
    const [query, headers] = said(from);
    using stream = await follow(world, `${of(id)}${query}`, headers);
    await stream.ended;
    expect(stream.heard()).toMatchObject([
      { event: 'progress', data: { status: 'completed', missed: 0 } },
      { event: 'end' },
    ]);
    const [all, none] = said(0);
    using whole = await follow(world, `${of(id)}${all}`, none);
    await whole.ended;
    expect(whole.heard()[0]?.data['missed']).toBeGreaterThan(0);
  });

  it('of a job that has ended long ago says how it ended', async () => {
    const { begun, started } = startWithHands();
    await using world = await started;
    const { job_id: id } = await world.jobs.submit(install('curl'));
    await expect.poll(() => begun.length).toBe(1);
    begun[0]!.end({ message: 'done' });
    await expect.poll(() => world.jobs.find(id)?.status).toBe('completed');
    using stream = await follow(world, of(id), { 'last-event-id': 'a number of another program' });
    await stream.ended;
    expect(stream.heard().map(({ event }) => event)).toEqual(['progress', 'end']);
  });

  it('says that it is there while nothing happens', async () => {
    const clock = new ManualClock(Date.now());
    const { begun, started } = startWithHands({ app: { clock } });
    await using world = await started;
    const { job_id: id } = await world.jobs.submit(install('curl'));
    await expect.poll(() => begun.length).toBe(1);
    using stream = await follow(world, of(id));
    await expect.poll(() => stream.heard().length).toBe(1);
    await expect.poll(() => clock.advance(15_000).then(stream.raw)).toContain(': nothing new');
    begun[0]!.end({ message: 'done' });
    await stream.ended;
    expect(stream.heard().at(-1)?.event).toBe('end');
  });

  it('is refused for a job that there is not, and for what is no number', async () => {
    await using world = await startWorld();
    const nobody = '00000000-0000-4000-8000-000000000000';
    expect((await call(world, of(nobody))).status).toBe(404);
    expect((await call(world, of('1'))).status).toBe(400);
    expect((await call(world, `${of(nobody)}?from_seq=-1`)).status).toBe(400);
  });
});
