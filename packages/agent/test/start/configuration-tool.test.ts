import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { startCurrentManager } from '../enrollment/current-manager.ts';
import { TOKEN } from '../enrollment/older-manager.ts';
import { type AgentHost, createAgentHost, type RunningAgent } from './agent-in-process.ts';
import { callerOf, checksOf } from './calling-manager.ts';
import { systemdDouble } from './systemd-double.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const MINUTE_MS = 60_000;
const CONFIG = 'etc/linux_patch_api/config.yaml';
const LIST = 'etc/linux_patch_api/whitelist.yaml';
const STATE = 'var/lib/linux_patch_api/enrollment.json';
const TOOL_LIST = '# managed, changes are overwritten\nentries: [192.0.2.200]\n';
const PENDING = { status: 200, body: { status: 'pending' } };

/** A host that asks a manager to join, which lets it wait until a test says otherwise. */
async function joiningHost(files: Files = systemFiles) {
  await using stack = new AsyncDisposableStack();
  const manager = stack.use(await startCurrentManager(NOW));
  manager.before = Array.from({ length: 500 }, () => PENDING);
  const caFile = join(stack.use(await temporaryFolder()).path, 'ca.pem');
  await writeFile(caFile, manager.authority.root.certificatePem);
  const { told, commands } = systemdDouble();
  const environment = { NOTIFY_SOCKET: '/run/systemd/notify' };
  const host = stack.use(
    await createAgentHost({
      nowMs: NOW,
      enrollment: [`manager_url: ${manager.url}`, `ca_file: ${caFile}`],
      doors: { commands, environment, files },
    }),
  );
  const owned = stack.move();
  return { host, manager, told, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

async function replace(host: AgentHost, path: string, text: string): Promise<void> {
  await host.put(`${path}.new`, text);
  await rename(join(host.root, `${path}.new`), join(host.root, path));
}

interface Tool extends AsyncDisposable {
  /** How often it has written all its files. */
  readonly rounds: number;
}

/** Writes configuration and allow list from its own templates, every minute of the host's clock. */
async function startTool(host: AgentHost): Promise<Tool> {
  const templates = [
    [CONFIG, `# managed, changes are overwritten\n${await host.read(CONFIG)}`],
    [LIST, TOOL_LIST],
  ] as const;
  const stop = new AbortController();
  let rounds = 0;
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      for (const [path, text] of templates) await replace(host, path, text);
      rounds += 1;
      await host.clock.sleep(MINUTE_MS, stop.signal).catch(() => {});
    }
  };
  const running = loop();
  return {
    get rounds() {
      return rounds;
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

const serves = (agent: RunningAgent) => async (): Promise<boolean> =>
  (await agent.servedSerial()) !== undefined;

describe('a configuration tool that writes both files anew every minute', () => {
  it('changes nothing of what the agent learned while it waits, joins and serves', async () => {
    await using world = await joiningHost();
    const { host, manager } = world;
    await using tool = await startTool(host);
    const waiting = host.start();
    await waiting.until(() => manager.verdicts.length >= 4 && tool.rounds >= 4);
    expect(JSON.parse(await host.read(STATE))).toMatchObject({ state: 'waiting', polling_token: TOKEN });
    expect(await waiting.stop()).toBe(2);

    const joining = host.start();
    const [polls, rounds] = [manager.verdicts.length, tool.rounds];
    await joining.until(() => manager.verdicts.length >= polls + 3 && tool.rounds >= rounds + 3);
    manager.before = [];
    await joining.until(serves(joining));
    expect(manager.registrations).toHaveLength(1);
    expect(new Set(manager.verdicts)).toEqual(new Set(['ok']));

    const joined = tool.rounds;
    const caller = await callerOf(manager, joining);
    await joining.until(() => tool.rounds >= joined + 5);
    expect(await checksOf(caller)).toMatchObject({ allow_list: 'ok', config: 'ok' });
    expect(joining.said()).not.toContain('configuration changed');
    expect(await joining.stop()).toBe(0);

    const again = host.start();
    await again.until(serves(again));
    expect(await checksOf(await callerOf(manager, again))).toMatchObject({ allow_list: 'ok' });
    expect(await host.read(LIST)).toBe(TOOL_LIST);
    expect(await host.read(CONFIG)).not.toContain(TOKEN);
    expect(await again.stop()).toBe(0);
  });
});

/** A disk on which the configuration is broken as soon as a test says so. */
function breakable(): { readonly files: Files; isBroken: () => boolean } {
  const disk = {
    isBroken: () => false,
    files: {
      ...systemFiles,
      readTextLimited: (path: string, limit: number) =>
        path.endsWith('config.yaml') && disk.isBroken()
          ? Promise.resolve('enrollment: [')
          : systemFiles.readTextLimited(path, limit),
    },
  };
  return disk;
}

const FAULT = 'the changed configuration has faults and is not used';

describe('a configuration that becomes unreadable while the agent runs', () => {
  it('keeps a waiting agent at its request with the configuration it has, and the status line says so', async () => {
    await using world = await joiningHost();
    const { host, manager, told } = world;
    const good = await host.read(CONFIG);
    const agent = host.start();
    await agent.until(() => manager.verdicts.length >= 2);
    await replace(host, CONFIG, 'enrollment: [');
    await agent.until(() => told.some((line) => line.includes(FAULT)));
    const polls = manager.verdicts.length;
    await agent.until(() => manager.verdicts.length >= polls + 2);
    const status = host.start('status');
    expect(await status.exitCode).toBe(1);
    expect(status.said()).toContain('An agent that runs keeps the configuration it has');
    await replace(host, CONFIG, good);
    await agent.until(() => !told.at(-1)?.includes(FAULT));
    manager.before = [];
    await agent.until(serves(agent));
    expect(manager.registrations).toHaveLength(1);
    expect(await agent.stop()).toBe(0);
  });

  it('right after a change that was taken keeps the agent at work with that change', async () => {
    const disk = breakable();
    await using world = await joiningHost(disk.files);
    const { host, manager, told } = world;
    const agent = host.start();
    await agent.until(() => manager.verdicts.length >= 2);
    disk.isBroken = () => agent.said().includes('the agent goes on with it');
    await replace(host, CONFIG, `${await host.read(CONFIG)}logging: { level: debug }\n`);
    await agent.until(() => told.some((line) => line.includes(FAULT)));
    expect(disk.isBroken()).toBe(true);
    manager.before = [];
    await agent.until(serves(agent));
    expect(manager.registrations).toHaveLength(1);
    expect(await agent.stop()).toBe(0);
  });

  it('is said once by log, audit log, health and status line of an agent that serves on', async () => {
    await using world = await joiningHost();
    const { host, manager, told } = world;
    manager.before = [];
    const good = await host.read(CONFIG);
    const agent = host.start();
    await agent.until(serves(agent));
    const caller = await callerOf(manager, agent);
    await replace(host, CONFIG, 'enrollment: [');
    await agent.until(async () => (await checksOf(caller)).config !== 'ok');
    expect((await checksOf(caller)).config).toContain('the running configuration stays');
    await agent.until(() => told.some((line) => line.includes('Serving on') && line.includes(FAULT)));
    await replace(host, CONFIG, 'enrollment: [');
    await agent.pass(MINUTE_MS);
    await replace(host, CONFIG, good);
    await agent.until(async () => (await checksOf(caller)).config === 'ok');
    await agent.until(() => !told.at(-1)?.includes(FAULT));
    expect(agent.said().split('the changed configuration is not taken').length - 1).toBe(1);
    expect(await agent.stop()).toBe(0);
    const audit = await host.read('var/log/linux_patch_api/audit.log');
    expect(audit.split('"config_refused"').length - 1).toBe(1);
  });
});
