import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { formatSyslog, syslogSink } from './syslog.ts';

const facts = { nowMs: Date.UTC(2026, 10, 23, 12), hostname: 'web1', program: 'linux-patch-api', pid: 42 };

describe('syslog', () => {
  it('writes facility daemon, the severity and the time in UTC', () => {
    expect(formatSyslog('up', 'info', facts)).toBe(
      '<30>1 2026-11-23T12:00:00.000Z web1 linux-patch-api 42 - - up',
    );
    expect(formatSyslog('down', 'error', facts)).toMatch(/^<27>1 /);
  });

  it('reaches a server that listens', async () => {
    const server = createSocket('udp4');
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    const sink = syslogSink({
      ...facts,
      host: '127.0.0.1',
      port: server.address().port,
      now: () => facts.nowMs,
    });
    const received = once(server, 'message');
    sink('hello', 'warn');
    expect(String((await received)[0])).toMatch(/^<28>1 .* - - hello$/);
    server.close();
  });
});
