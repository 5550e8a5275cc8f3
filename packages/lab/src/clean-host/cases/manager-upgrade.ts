import assert from 'node:assert/strict';
import { askHost } from '../../hosts/ask-host.ts';
import type { LabHost } from '../../hosts/host.ts';
import type { CleanHostCase } from '../case.ts';
import { packageFile } from '../install.ts';
import { installManager } from '../manager-host.ts';

/** Asks for groups through the socket, three at a time, and writes down what became of each, until it is told to end. */
const LOAD = `
const { appendFileSync, existsSync } = require('node:fs');
const { request } = require('node:http');
let number = 0;
const ask = () => new Promise((resolve) => {
  const name = 'g' + (number += 1);
  const said = (what) => { appendFileSync('/tmp/said', what + ' ' + name + '\\n'); resolve(); };
  request({
    socketPath: '/run/linux-patch-manager/admin.sock',
    path: '/api/v1/groups',
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json' },
  }, (response) => response.resume().on('end', () => said(response.statusCode)).on('error', (error) => said(error.code)))
    .on('error', (error) => said(error.code))
    .end(JSON.stringify({ name }));
});
(async () => {
  while (!existsSync('/tmp/enough')) {
    await Promise.all([ask(), ask(), ask()]);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
})();
`;

/** What callers may meet while the manager is replaced: it is not there, it ends, or it says that it does. */
const BETWEEN = /^(?:200|503|ECONNREFUSED|ECONNRESET|ENOENT|EPIPE)$/;

interface Said {
  readonly what: string;
  readonly name: string;
}

async function saidOn(host: LabHost): Promise<Said[]> {
  const { stdout } = await host.run('cat', ['/tmp/said']);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [what = '', name = ''] = line.split(' ');
      return { what, name };
    });
}

/** Waits until so many more were answered well. */
async function untilAnswered(host: LabHost, more: number): Promise<void> {
  const good = async (): Promise<number> => (await saidOn(host)).filter(({ what }) => what === '200').length;
  const before = await good();
  await askHost(`${more} answers of the manager`, async () => (await good()) >= before + more || undefined);
}

export const MANAGER_UPGRADE: readonly CleanHostCase[] = [
  {
    name: 'the package of a manager that is at work is upgraded: whatever it answered is there afterwards, and it goes on by itself',
    flavours: ['debian12'],
    async run(world, flavour) {
      const host = await world.newHost(flavour, { name: 'manager' });
      const manager = await installManager(host, flavour);
      const load = host.run('/usr/lib/linux-patch-manager/node', ['-e', LOAD]);
      const file = await packageFile(host, flavour, 'linux-patch-manager');
      for (let time = 0; time < 2; time += 1) {
        await untilAnswered(host, 6);
        await host.must('dpkg', ['-i', '--force-confold', file]);
      }
      await untilAnswered(host, 6);
      await host.must('touch', ['/tmp/enough']);
      await load;
      const said = await saidOn(host);
      assert.deepEqual(
        said.filter(({ what }) => !BETWEEN.test(what)),
        [],
      );
      const { groups } = (await manager.json('groups', 'list')) as { groups: { name: string }[] };
      const names = new Set(groups.map(({ name }) => name));
      const answered = said.filter(({ what }) => what === '200');
      assert.deepEqual(
        answered.filter(({ name }) => !names.has(name)),
        [],
      );
      return `${answered.length} answered, ${said.length - answered.length} told to come back`;
    },
  },
];
