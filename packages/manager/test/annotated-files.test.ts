import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newAgent, renew } from './agents.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

it.each<[string, (text: string) => string]>([
  ['a comment at the end', (text) => `${text}# copied from the old machine\n`],
  ['a rule of dashes at the beginning', (text) => `----- root of example.test -----\n${text}`],
  ['Windows line ends', (text) => text.replaceAll('\n', '\r\n')],
])('a manager goes on with its CA when its files have %s, and sends none of that', async (_what, change) => {
  for (const name of ['root', 'issuing', 'client', 'web']) {
    for (const path of [`${name}.pem`, `${name}.key.pem`].map((file) => join(world.paths.caFolder, file)))
      await writeFile(path, change(await readFile(path, 'utf8')));
  }
  await world.restart();
  const agent = await newAgent(world);
  const bundle = await agent.join();
  const sent = [bundle.ca_crt, bundle.ca_chain, bundle.server_crt].join('');
  expect(sent).not.toMatch(/#|\r|root of/);
  expect((await world.call({ path: '/api/v1/pki/ca.pem' })).text).toBe(world.caPem);
  const current = { certificateChainPem: String(bundle.server_crt), keyPem: agent.keyPem };
  expect((await renew(world, current)).status).toBe(200);
});
