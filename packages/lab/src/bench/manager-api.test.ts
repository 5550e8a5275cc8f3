import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { expect, it } from 'vitest';
import { adminSocketOf, openManagerApi } from './manager-api.ts';

it('asks once more when a kept connection is ended under a call, and gives up when a new one is', async () => {
  await using folder = await temporaryFolder();
  const root = folder.path;
  const ca = join(root, 'var/lib/linux_patch_manager/ca/root.pem');
  for (const file of [ca, adminSocketOf({ root })]) await mkdir(dirname(file), { recursive: true });
  await writeFile(ca, 'a CA');
  const used = new Set<Socket>();
  await using server = createServer(({ socket, url }, answer) => {
    if (used.has(socket) || url === '/never') socket.destroy();
    else answer.end(`answered ${used.size}`);
    used.add(socket);
  });
  server.listen(adminSocketOf({ root }));
  await once(server, 'listening');
  using api = await openManagerApi({ root });
  expect(await api.call('GET', '/')).toBe('answered 0');
  expect(await api.call('POST', '/', {})).toBe('answered 1');
  await expect(api.call('GET', '/never')).rejects.toThrow('socket hang up');
});
