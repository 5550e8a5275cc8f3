import { createServer } from 'node:net';
import { systemFiles } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { findPortHolder, listeningInodes } from './port-holder.ts';

describe('finding who holds a port', () => {
  it.each(['127.0.0.1', '::1'])('names this process for a listener on %s', async (host) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as { port: number };
    const holder = await findPortHolder(port, { files: systemFiles });
    await new Promise((resolve) => server.close(resolve));
    expect(holder?.pid).toBe(process.pid);
    expect(holder?.program).not.toBe('');
    expect(await findPortHolder(port, { files: systemFiles })).toBeUndefined();
  });

  it('counts only sockets that listen on exactly this port', () => {
    const table = [
      '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
      '   0: 0100007F:309B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1',
      '   1: 0100007F:309B 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 4712 1',
      '   2: 0100007F:309C 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1',
    ].join('\n');
    expect(listeningInodes(table, 0x309b)).toEqual(['4711']);
  });
});
