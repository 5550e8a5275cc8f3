import { chmod, chown, rm, writeFile } from 'node:fs/promises';
import { nodeCommands, systemFiles } from '@linux-patch/runtime/node';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { createApiClient } from '../src/cli/api-client.ts';
import { localConnection } from '../src/cli/local-connection.ts';
import { ManagerConfigSchema } from '../src/config/schema.ts';
import { examineManager } from '../src/doctor/examine.ts';
import { CLIENT, type IdentityProvider } from './identity-provider.ts';
import { newOidcPerson, openOidcWorld } from './oidc-people.ts';
import { newPerson } from './signed-people.ts';
import type { World } from './world.ts';

const CODES = [
  'CLIENT_SECRET_OPEN',
  'IDENTITY_PROVIDER_UNUSABLE',
  'PEOPLE_OF_ANOTHER_PROVIDER',
  'NO_LOCAL_ADMINISTRATOR',
];
const stack = new AsyncDisposableStack();
let world: World;
let provider: IdentityProvider;
beforeAll(async () => {
  ({ world, provider } = stack.use(await openOidcWorld()));
});
afterAll(() => stack.disposeAsync());
afterEach(() => provider.beHonest());

/** What the doctor finds of signing in, each with its detail. */
async function found(oidc: object | null = {}): Promise<[string, string][]> {
  const { paths, clock, port } = world;
  const settings = oidc === null ? {} : { oidc: { ...provider.settings, timeout_seconds: 1, ...oidc } };
  const findings = await examineManager({
    files: systemFiles,
    commands: nodeCommands(),
    clock,
    signal: AbortSignal.timeout(600_000),
    root: paths.dataFolder.replace('/var/lib/linux_patch_manager', ''),
    paths,
    configFile: paths.configFile,
    loadConfig: async () => ManagerConfigSchema.parse({ server: { port }, ...settings }),
    api: createApiClient(localConnection({ files: systemFiles, paths, startedFor: undefined })),
  });
  return findings.filter(({ code }) => CODES.includes(code)).map(({ code, detail }) => [code, detail]);
}

it('the doctor finds nothing where the identity provider can be used', async () => {
  await newPerson(world);
  expect(await found()).toEqual([]);
  expect(await found(null)).toEqual([]);
});

it('the doctor tells that it is away, and what of it cannot be used', async () => {
  provider.lies.silent.add('/openid-configuration');
  expect(await found()).toEqual([
    ['IDENTITY_PROVIDER_UNUSABLE', expect.stringMatching(/does not answer within 1 s\.$/)],
  ]);
  provider.beHonest();
  expect(await found({ ca_file: undefined })).toEqual([
    ['IDENTITY_PROVIDER_UNUSABLE', expect.stringContaining('its certificate is not trusted')],
  ]);
  expect(await found({ issuer: `${provider.issuer}/realm` })).toEqual([
    ['IDENTITY_PROVIDER_UNUSABLE', expect.stringContaining('discovery document')],
  ]);
});

it('the doctor tells a secret that is missing, open to others, or not readable by the manager', async () => {
  const path = String(provider.settings['client_secret_file']);
  await chmod(path, 0o644);
  const open = await found();
  expect(open.map(([code]) => code)).toEqual(['CLIENT_SECRET_OPEN', 'IDENTITY_PROVIDER_UNUSABLE']);
  expect(JSON.stringify(open)).not.toContain(CLIENT.secret);
  await rm(path);
  expect(await found()).toEqual([
    ['IDENTITY_PROVIDER_UNUSABLE', expect.stringContaining('there is no such file')],
  ]);
  await writeFile(path, CLIENT.secret, { mode: 0o600 });
  const { dataFolder } = world.paths;
  await chown(dataFolder, 65_534, 65_534);
  expect(await found()).toContainEqual([
    'IDENTITY_PROVIDER_UNUSABLE',
    expect.stringMatching(/belongs to user 0, and the manager runs as user 65534/),
  ]);
  await chown(dataFolder, 0, 0);
});

it('the doctor tells who is of another provider, and that no administrator has a password', async () => {
  await newOidcPerson(world, 'ada', 'viewer');
  expect(await found(null)).toEqual([['PEOPLE_OF_ANOTHER_PROVIDER', 'ada.']]);
  expect(await found()).toEqual([]);
  await newOidcPerson(world, 'grace', 'admin');
  const { people } = (await world.admin('/people')).json().data;
  for (const { name, oidc } of people) if (!oidc) await world.remove(`/people/${name}`);
  expect(await found()).toEqual([
    ['NO_LOCAL_ADMINISTRATOR', expect.stringContaining('1 administrator signs')],
  ]);
});
