import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HostFacts, newAgent, newHost } from './agents.ts';
import { startManagerProgram } from './manager-program.ts';

let manager: Awaited<ReturnType<typeof startManagerProgram>>;
beforeAll(async () => {
  manager = await startManagerProgram();
});
afterAll(() => manager[Symbol.asyncDispose]());

const run = (...args: string[]) => manager.run(...args);
const jsonOf = async <T>(...args: string[]) => JSON.parse((await run(...args, '--json')).stdout) as T;

/** Full names of hosts that come by a token of `tokens create` with these options, in order. */
async function hostsBy(count: number, ...options: string[]): Promise<string[]> {
  const made = await run('tokens', 'create', '--uses', String(count), ...options);
  expect([made.exitCode, made.stderr]).toEqual([0, expect.stringContaining('Join token')]);
  const hosts: HostFacts[] = Array.from({ length: count }, () => newHost());
  for (const facts of hosts) {
    const agent = await newAgent(manager, { facts, joinString: made.stdout.trim() });
    expect((await agent.register()).json().ext.token).toBe('accepted');
  }
  return hosts.map(({ fqdn }) => fqdn).toSorted();
}

describe('groups on the command line', () => {
  it('are made, filled, listed, chosen by, emptied and deleted', async () => {
    expect((await run('groups', 'list')).stdout).toMatch(/^No groups\. .* groups create NAME/);
    const made = await run('groups', 'create', 'web', '--description', 'Rack 3, ask Ada');
    expect([made.exitCode, made.stdout]).toEqual([
      0,
      'Made the group web. Put hosts into it with: linux-patch-manager groups add web <hosts>\n',
    ]);
    const [one = '', two = ''] = await hostsBy(2);
    expect((await run('groups', 'add', 'web', `${one},${two}`)).stdout).toBe(
      'web: 2 hosts put in; 2 hosts in it now\n',
    );
    expect((await run('groups', 'add', 'WEB', one)).stdout).toBe(
      'web: 0 hosts put in (1 was in it already); 2 hosts in it now\n',
    );
    expect((await run('groups', 'list')).stdout).toMatch(
      /^GROUP +HOSTS +LEFT +MADE +BY +DESCRIPTION\nweb +2 +- +.* local\b.* Rack 3, ask Ada\n$/,
    );
    expect((await run('groups', 'show', 'web')).stdout).toMatch(
      new RegExp(
        `^Group +web\\nDescription +Rack 3, ask Ada\\n[^]*\\nIn it +2 hosts\\n\\n${one}\\n${two}\\n$`,
      ),
    );
    expect((await run('groups', 'show', 'web', '--limit', '1')).stdout).toContain(
      `${one}\n1 to 1 of 2; --offset 1 shows what follows.\n`,
    );
    expect((await run('hosts', 'list', '@group:web')).stdout).toMatch(
      new RegExp(`GROUPS +NOTES\\n${one} .* web\\n${two} .* web\\n`),
    );
    expect((await run('hosts', 'show', one)).stdout).toMatch(/\nGroups +web\n/);
    const labelled = await run('hosts', 'label', `@group:web+${two}`, 'env=prod');
    expect([labelled.exitCode, labelled.stdout]).toEqual([
      0,
      expect.stringMatching(`${two} +done +env=prod`),
    ]);
    expect((await run('groups', 'remove', 'web', '@env=prod')).stdout).toBe(
      'web: 1 host taken out; 1 host in it now\n',
    );
    expect((await run('groups', 'delete', 'web')).stdout).toBe(
      'Deleted the group web, with 1 host in it; no host was removed.\n',
    );
    const { hosts } = await jsonOf<{ hosts: { groups: string[] }[] }>('hosts', 'list', `${one},${two}`);
    expect(hosts.map(({ groups }) => groups)).toEqual([[], []]);
  });

  it('get another name and description', async () => {
    await run('groups', 'create', 'old');
    expect((await run('groups', 'set', 'old', '--name', 'new', '--description', 'Once old')).stdout).toBe(
      'new: Once old; 0 hosts\n',
    );
    expect((await run('groups', 'set', 'new', '--no-description')).stdout).toBe(
      'new: no description; 0 hosts\n',
    );
    const nothing = await run('groups', 'set', 'new');
    expect([nothing.exitCode, nothing.stderr]).toEqual([1, expect.stringContaining('Nothing was changed')]);
  });

  it('are given by join tokens, which say so', async () => {
    await run('groups', 'create', 'given');
    const [one = ''] = await hostsBy(1, '--group', 'given');
    const { hosts } = await jsonOf<{ hosts: { fqdn: string }[] }>('groups', 'show', 'given');
    expect(hosts.map(({ fqdn }) => fqdn)).toEqual([one]);
    const line = await run('install-line', '--package', './agent.deb', '--group', 'given', '--uses', '3');
    expect(line.stderr).toContain('lets 3 hosts in without a person, into @group:given, until');
    expect((await run('tokens', 'list')).stdout).toMatch(/GROUPS +NOTE\n.* given +-/);
    expect((await run('groups', 'delete', 'given')).stdout).toContain(
      'A join token in force put hosts into it: those that come by it from now on are not in it.',
    );
  });

  it('take more names than one call holds, all or none of them', async () => {
    await run('groups', 'create', 'long');
    const [one = '', two = ''] = await hostsBy(2);
    const long = Array.from({ length: 300 }, (_, number) => (number % 2 === 0 ? one : two)).join(',');
    expect(long.length).toBeGreaterThan(4_000);
    const wrong = await run('groups', 'add', 'long', `${long},nobody`);
    expect([wrong.exitCode, wrong.stderr]).toEqual([3, expect.stringContaining('There is no host nobody')]);
    expect(await jsonOf('groups', 'show', 'long')).toMatchObject({ total: 0 });
    expect(await jsonOf('groups', 'add', 'long', long)).toMatchObject({ changed: 2, unchanged: 0 });
  });

  it.each([
    [['groups', 'create', 'a b'], 2, /letters, digits/],
    [['groups', 'create', 'web', '--description', 'two\nlines'], 2, /one line of at most 200/],
    [['groups', 'add', 'web'], 2, /missing required argument 'hosts'/],
    [['groups', 'show', 'nobody'], 3, /There is no group nobody\. Nothing was done/],
    [['groups', 'add', 'nobody', '@all'], 3, /There is no group nobody/],
    [['groups', 'delete', 'nobody'], 3, /There is no group nobody/],
    [['hosts', 'list', '@group:nobody'], 3, /There is no group nobody/],
    [['patch', '@group:nobody', '--all'], 3, /There is no group nobody\. Nothing was done/],
    [['tokens', 'create', '--group', 'nobody'], 3, /There is no group nobody\. Nothing was done/],
    [['tokens', 'create', '--group', 'a+b'], 2, /letters, digits/],
    [['searches', 'create', 'a b', '@all'], 2, /letters, digits/],
    [['searches', 'create', 'all', '@al'], 1, /@al means nothing/],
    [['searches', 'show', 'nobody'], 3, /There is no saved search nobody\. Nothing was done/],
    [['hosts', 'list', '@saved:nobody'], 3, /There is no saved search nobody/],
  ])('%j is refused', async (args, code, why) => {
    const { exitCode, stdout, stderr } = await run(...args);
    expect([exitCode, stdout, stderr]).toEqual([code, '', expect.stringMatching(why)]);
  });

  it('can be part of a saved search, which is made, used, changed and deleted', async () => {
    expect((await run('searches', 'list')).stdout).toMatch(
      /^No saved searches\. .* searches create NAME HOSTS/,
    );
    const [one = ''] = await hostsBy(1, '--label', 'saved=yes');
    expect((await run('searches', 'create', 'due', '@saved=yes+@unknown')).stdout).toBe(
      '@saved:due is @saved=yes+@unknown\n',
    );
    expect((await run('hosts', 'list', '@saved:due', '--json')).stdout).toContain(`"fqdn": "${one}"`);
    expect((await run('searches', 'set', 'DUE', '@saved=no')).stdout).toBe('@saved:due is @saved=no\n');
    expect((await run('searches', 'list')).stdout).toMatch(
      /^SEARCH +CHANGED +BY +HOSTS\ndue +.* local\b.* @saved=no\n$/,
    );
    expect((await run('searches', 'show', 'due')).stdout).toMatch(/^Search +due\nHosts +@saved=no\nChanged /);
    const none = await run('patch', '@saved:due', '--all');
    expect([none.exitCode, none.stderr]).toEqual([
      3,
      expect.stringContaining(
        'The saved search due (@saved=no): @saved=no means no host now. Nothing was done',
      ),
    ]);
    expect((await run('searches', 'delete', 'due')).stdout).toBe(
      'Deleted the saved search due, which was @saved=no\n',
    );
  });

  it('make no second one of a name', async () => {
    await run('groups', 'create', 'once');
    const again = await run('groups', 'create', 'ONCE');
    expect([again.exitCode, again.stderr]).toEqual([
      5,
      expect.stringContaining('There is a group once already, and no two differ by case alone'),
    ]);
  });
});
