import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { startCurrentManager } from '../enrollment/current-manager.ts';
import { type AgentHost, createAgentHost, type RunningAgent } from './agent-in-process.ts';
import { systemdDouble } from './systemd-double.ts';
import { joined } from './waits/wait.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const CONFIG = 'etc/linux_patch_api/config.yaml';
const SECOND_MS = 1_000;

/** A host that systemd starts (or a person at a terminal), with an identity; its next start is the one that counts. */
async function hostWithIdentity({ supervised }: { readonly supervised: boolean }) {
  await using stack = new AsyncDisposableStack();
  const manager = stack.use(await startCurrentManager(NOW));
  const caFile = join(stack.use(await temporaryFolder()).path, 'ca.pem');
  await writeFile(caFile, manager.authority.root.certificatePem);
  const { told, commands } = systemdDouble();
  const host = stack.use(
    await createAgentHost({
      nowMs: NOW,
      enrollment: [`manager_url: ${manager.url}`, `ca_file: ${caFile}`],
      doors: {
        commands,
        supervised,
        environment: supervised ? { NOTIFY_SOCKET: '/run/systemd/notify' } : {},
      },
    }),
  );
  await joined({ host, manager, caFile: '', asked: [], stack }, 0);
  told.length = 0;
  const owned = stack.move();
  return { host, told, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const supervisedHost = () => hostWithIdentity({ supervised: true });

async function breakConfiguration(host: AgentHost): Promise<() => Promise<void>> {
  const good = await host.read(CONFIG);
  await host.put(CONFIG, good.replace('  bind:', '  bnid:'));
  return () => host.put(CONFIG, good);
}

/** Somebody else listens on the port of the agent. */
async function takePort(host: AgentHost): Promise<Server> {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const address = holder.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await host.put(CONFIG, (await host.read(CONFIG)).replace('port: 0', `port: ${port}`));
  return holder;
}

/** Lets time pass until the agent has ended; its exit code. */
async function endedAt({ clock }: AgentHost, agent: RunningAgent): Promise<number> {
  let ended = false;
  void agent.exitCode.then(() => (ended = true));
  while (!ended) {
    await clock.advance(SECOND_MS);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return agent.exitCode;
}

const isReady = (told: readonly string[]): boolean => told.includes('READY=1');

describe('a start under systemd with a faulty configuration', () => {
  it('is not READY, names the fault in STATUS, and serves as soon as the file is mended', async () => {
    await using world = await supervisedHost();
    const mend = await breakConfiguration(world.host);
    const agent = world.host.start();
    await agent.until(() => world.told.length > 0);
    expect(world.told).toEqual([expect.stringMatching(/^STATUS=Not started: .*did you mean "bind"/)]);
    await mend();
    await agent.until(() => agent.said().includes('Listening on'));
    expect(isReady(world.told)).toBe(true);
    expect(await agent.stop()).toBe(0);
  });

  it('ends with 1 after a minute, so that five failures never come within five minutes', async () => {
    await using world = await supervisedHost();
    await breakConfiguration(world.host);
    const startedMs = world.host.clock.monotonicMs();
    const agent = world.host.start();
    expect(await endedAt(world.host, agent)).toBe(1);
    // And ten seconds before systemd starts it again.
    expect(world.host.clock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(60 * SECOND_MS);
    expect(isReady(world.told)).toBe(false);
  });

  it('ends at once when it is told to stop', async () => {
    await using world = await supervisedHost();
    await breakConfiguration(world.host);
    const agent = world.host.start();
    await agent.settles(() => world.told.length > 0);
    expect(await agent.stop()).toBe(2);
  });
});

describe('a start under systemd with a taken port', () => {
  it('is not READY, names who has it in STATUS, and ends with 1 after a minute', async () => {
    await using world = await supervisedHost();
    const holder = await takePort(world.host);
    const agent = world.host.start();
    await agent.settles(() => world.told.length > 0);
    expect(world.told).toEqual([expect.stringContaining(`(pid ${process.pid})`)]);
    expect(await endedAt(world.host, agent)).toBe(1);
    expect(isReady(world.told)).toBe(false);
    holder.close();
  });
});

describe('a start on a terminal', () => {
  it('with a faulty configuration ends with 1, and names the fault, while no time passes', async () => {
    await using world = await hostWithIdentity({ supervised: false });
    await breakConfiguration(world.host);
    const startedMs = world.host.clock.monotonicMs();
    const agent = world.host.start();
    // Nobody moves the clock: whoever waited would wait for ever.
    expect([await agent.exitCode, world.host.clock.monotonicMs() - startedMs]).toEqual([1, 0]);
    expect(agent.said()).toContain('did you mean "bind"');
    expect(agent.said()).not.toContain('waits up to a minute');
    expect(world.told).toEqual([]);
  });

  it('with a taken port ends with 1, and names who has it, while no time passes', async () => {
    await using world = await hostWithIdentity({ supervised: false });
    const holder = await takePort(world.host);
    const startedMs = world.host.clock.monotonicMs();
    const agent = world.host.start();
    expect([await agent.exitCode, world.host.clock.monotonicMs() - startedMs]).toEqual([1, 0]);
    expect(agent.said()).toContain(`(pid ${process.pid})`);
    expect(world.told).toEqual([]);
    holder.close();
  });
});

describe('a start with an address that the host does not have', () => {
  it('is READY, names the address in STATUS, and takes up another one from the configuration', async () => {
    await using world = await supervisedHost();
    const good = await world.host.read(CONFIG);
    await world.host.put(CONFIG, good.replace('bind: 127.0.0.1', 'bind: 192.0.2.5'));
    const agent = world.host.start();
    await agent.until(() => isReady(world.told));
    expect(world.told.join()).toMatch(
      /STATUS=Cannot listen on 192\.0\.2\.5:0: this host does not have that address/,
    );
    await agent.pass(3_600 * SECOND_MS);
    await world.host.put(CONFIG, good);
    await agent.until(() => agent.said().includes('Listening on'));
    expect(await agent.stop()).toBe(0);
  });
});
