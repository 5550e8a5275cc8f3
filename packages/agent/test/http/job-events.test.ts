import { ServerFrame } from '@linux-patch/contract';
import { describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { install } from '../job-requests.ts';
import { startWithHands } from './jobs-by-hand.ts';
import { clientOptions, exchange, startWorld, type World } from './world.ts';

/** What a handshake needs (RFC 6455 §4.1). */
const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
].join('\r\n');

/** A connected client that remembers every frame, each checked against the contract. */
async function listen(world: World) {
  const { host, port, ...tls } = clientOptions(world);
  const socket = new WebSocket(`wss://${host}:${port}/api/v1/ws/jobs`, tls);
  const frames: ServerFrame[] = [];
  const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)));
  socket.on('message', (data) =>
    frames.push(ServerFrame.parse(JSON.parse((data as Buffer).toString('utf8')))),
  );
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {});
  const next = (check: (frame: ServerFrame) => boolean) =>
    expect.poll(() => frames.find(check)).toBeDefined();
  await next((frame) => frame.type === 'connected');
  return {
    frames,
    closed,
    next,
    socket,
    send: (frame: object | string) => socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame)),
    [Symbol.dispose]: () => socket.terminate(),
  };
}

describe('the WebSocket of job events', () => {
  it('greets, and tells a silent client everything about every job, in both shapes', async () => {
    const { begun, started } = startWithHands();
    await using world = await started;
    using client = await listen(world);
    expect(client.frames[0]).toMatchObject({ type: 'connected', event: 'connected', job_id: '' });
    const { job_id: id } = await world.jobs.submit(install('curl'));
    await expect.poll(() => begun.length).toBe(1);
    begun[0]!.context.report.output('Unpacking curl', 'stdout');
    begun[0]!.context.report.progress(40, 'Unpacking curl (40 %)');
    await client.next((frame) => frame.progress === 40);
    begun[0]!.end({ message: 'Installed curl' });
    await client.next((frame) => frame.type === 'job_complete');
    const about = client.frames.filter((frame) => frame.job_id === id);
    expect(about.map((frame) => frame.status)).toEqual(['queued', 'running', 'running', 'completed']);
    expect(about[2]).toMatchObject({ output: 'Unpacking curl', message: 'Unpacking curl (40 %)' });
    expect(about[3]).toMatchObject({ progress_percent: 100, payload: { job_id: id, status: 'completed' } });
    const seqs = about.map((frame) => frame.seq);
    expect(seqs).toEqual(seqs.map((_, index) => seqs[0]! + index));
  });

  it('narrows to the job a client subscribes to, whose state it sends at once', async () => {
    const { begun, started } = startWithHands();
    await using world = await started;
    const { job_id: mine } = await world.jobs.submit(install('curl'));
    await expect.poll(() => begun.length).toBe(1);
    using client = await listen(world);
    client.send({ type: 'subscribe', job_id: mine });
    await client.next((frame) => frame.type === 'job_status' && frame.job_id === mine);
    const { job_id: other } = await world.jobs.submit(install('wget'));
    client.send({ type: 'ping' });
    await client.next((frame) => frame.type === 'pong');
    expect(client.frames.some((frame) => frame.job_id === other)).toBe(false);
    client.send({ type: 'subscribe_all' });
    await client.next((frame) => frame.type === 'subscribed' && frame.job_id === 'all');
    await world.jobs.cancelOrDelete(other);
    await client.next((frame) => frame.job_id === other && frame.status === 'cancelled');
  });

  it('understands the older spelling, and sends nothing more of what was unsubscribed', async () => {
    const { begun, started } = startWithHands();
    await using world = await started;
    const { job_id: id } = await world.jobs.submit(install('curl'));
    await expect.poll(() => begun.length).toBe(1);
    using client = await listen(world);
    client.send({ action: 'subscribe', job_id: null });
    client.send({ action: 'subscribe', job_id: id });
    await client.next((frame) => frame.type === 'job_status');
    client.send({ action: 'unsubscribe', job_id: id });
    await client.next((frame) => frame.type === 'unsubscribed');
    const before = client.frames.length;
    begun[0]!.end({ message: 'done' });
    await expect.poll(() => world.jobs.find(id)?.status).toBe('completed');
    client.send({ type: 'ping' });
    await client.next((frame) => frame.type === 'pong');
    expect(client.frames.length).toBe(before + 1);
  });

  it('resumes after a number, and says when events between are gone', async () => {
    const { begun, started } = startWithHands();
    await using world = await started;
    const { job_id: id } = await world.jobs.submit(install('curl'));
    await expect.poll(() => begun.length).toBe(1);
    const from = world.jobs.events.seq;
    begun[0]!.end({ message: 'done' });
    await expect.poll(() => world.jobs.find(id)?.status).toBe('completed');
    using client = await listen(world);
    client.send({ type: 'subscribe', job_id: id, from_seq: from });
    await client.next((frame) => frame.type === 'job_complete');
    expect(client.frames.filter((frame) => frame.job_id === id && frame.type !== 'subscribed')).toHaveLength(
      1,
    );
    using other = await listen(world);
    other.send({ type: 'subscribe_all', from_seq: 0 });
    await other.next((frame) => (frame.missed ?? 0) > 0);
  });

  it.each([
    ['no JSON', '{"type":'],
    ['an unknown type', '{"type": "shell"}'],
    ['a job id that is none', '{"type": "subscribe", "job_id": "1"}'],
    ['unknown members', '{"type": "ping", "x": 1}'],
  ])('answers %s with an error frame and stays open', async (_what, text) => {
    await using world = await startWorld();
    using client = await listen(world);
    client.send(text);
    await client.next((frame) => frame.type === 'error' && frame.status === 'invalid_message');
    client.send({ type: 'ping' });
    await client.next((frame) => frame.type === 'pong');
  });

  it('says that a job does not exist', async () => {
    await using world = await startWorld();
    using client = await listen(world);
    client.send({ type: 'subscribe', job_id: 'f4a0bd0e-5c38-4a9e-9d3a-3d4f6f0c9a11' });
    await client.next((frame) => frame.error_code === 'JOB_NOT_FOUND');
  });

  it('ends a client whose frame is larger than 64 KiB', async () => {
    await using world = await startWorld();
    using client = await listen(world);
    client.send('x'.repeat(70_000));
    expect(await client.closed).toBe(1009);
  });

  it('tells its clients that it is going away', async () => {
    const world = await startWorld();
    using client = await listen(world);
    await world[Symbol.asyncDispose]();
    expect(await client.closed).toBe(1001);
  });

  it('lives on when the first client goes in the middle of its handshake, and serves the next', async () => {
    await using world = await startWorld();
    await exchange(clientOptions(world), (socket) => {
      socket.write(`GET /api/v1/ws/jobs HTTP/1.1\r\nHost: a\r\n${UPGRADE}\r\n\r\n`, () => socket.destroy());
    });
    using _client = await listen(world);
  });

  it('answers a malformed handshake in the envelope', async () => {
    await using world = await startWorld();
    const text = await exchange(clientOptions(world), (socket) =>
      socket.write(
        'GET /api/v1/ws/jobs HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      ),
    );
    expect(text).toMatch(/^HTTP\/1\.1 400/);
    expect(JSON.parse(text.split('\r\n\r\n')[1]!)).toMatchObject({ error: { code: 'INVALID_REQUEST' } });
  });
});
