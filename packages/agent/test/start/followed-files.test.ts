import { once } from 'node:events';
import { chown, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { Files } from '@linux-patch/runtime';
import { systemFiles } from '@linux-patch/runtime/node';
import { describe, expect, it } from 'vitest';
import { startCurrentManager } from '../enrollment/current-manager.ts';
import { type AgentHost, createAgentHost, type RunningAgent } from './agent-in-process.ts';
import { type Caller, callerOf, checksOf, get } from './calling-manager.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const LIST = 'etc/linux_patch_api/whitelist.yaml';
const CONFIG = 'etc/linux_patch_api/config.yaml';

/** From where somebody else than the manager calls. */
const OPERATOR = '127.0.0.2';

/** As fs.watch fails where others have used up the inotify instances. */
const WITHOUT_INOTIFY: Files = {
  ...systemFiles,
  watch: () => {
    throw Object.assign(new Error('EMFILE: too many open files, watch'), { code: 'EMFILE' });
  },
};

interface ServingHost extends AsyncDisposable {
  readonly host: AgentHost;
  readonly agent: RunningAgent;
  readonly client: Caller;
}

/** A host that has joined and serves. */
async function servingHost(files: Files): Promise<ServingHost> {
  await using stack = new AsyncDisposableStack();
  const manager = stack.use(await startCurrentManager(NOW));
  const enrollment = [`manager_url: ${manager.url}`, 'ca_file: /nowhere'];
  const host = stack.use(await createAgentHost({ nowMs: NOW, enrollment, doors: { files } }));
  const caFile = join(host.root, 'ca-of-the-manager.pem');
  await writeFile(caFile, manager.authority.root.certificatePem);
  await host.put(CONFIG, (await host.read(CONFIG)).replace('/nowhere', caFile));
  await host.put(LIST, `entries: [${OPERATOR}]\n`);
  const agent = host.start();
  stack.defer(async () => void (await agent.stop()));
  await agent.until(async () => (await agent.servedSerial()) !== undefined);
  const client = await callerOf(manager, agent);
  const owned = stack.move();
  return { host, agent, client, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe.each([
  ['tells of changes', systemFiles],
  ['has no inotify instance left', WITHOUT_INOTIFY],
])('an agent whose kernel %s', (_what, files) => {
  it('ends the open connections of who is no longer on its allow list', async () => {
    await using world = await servingHost(files);
    const operator = { ...world.client, localAddress: OPERATOR };
    const socket = connect(operator);
    socket.on('error', () => {});
    await once(socket, 'session');
    const closed = once(socket, 'close');
    let isClosed = false;
    void closed.then(() => (isClosed = true));
    const ofManager = connect(world.client);
    await once(ofManager, 'session');
    await world.host.put(LIST, 'entries: [10.1.2.3]\n');
    await world.agent.until(() => isClosed);
    // Where the manager calls from is the agent's own knowledge.
    expect(ofManager.destroyed).toBe(false);
    ofManager.destroy();
    const audit = () => world.host.read('var/log/linux_patch_api/audit.log');
    await world.agent.settles(async () => (await audit()).includes('allow_list_changed'));
  });

  it('says in health, metrics and status that it refuses a faulty allow list, and serves on', async () => {
    await using world = await servingHost(files);
    await world.host.put(LIST, 'entries: [300.1.2.3]\n');
    await world.agent.until(async () => (await checksOf(world.client)).allow_list !== 'ok');
    expect((await checksOf(world.client)).allow_list).toContain('entries.0');
    expect(await get(world.client, '/metrics')).toContain('linux_patch_agent_check_ok{check="allow_list"} 0');
    const status = world.host.start('status', '--json');
    await status.exitCode;
    expect(status.said()).toContain('ALLOW_LIST_INVALID');
    await world.host.put(LIST, 'entries: []\n');
    await world.agent.until(async () => (await checksOf(world.client)).allow_list === 'ok');
  });
});

describe('an agent whose files others can change', () => {
  it('says so of its configuration in its log, and believes no CA file of theirs', async () => {
    await using world = await servingHost(systemFiles);
    await world.agent.stop();
    await chown(join(world.host.root, CONFIG), 65_534, 0);
    const again = world.host.start();
    await again.until(() => again.said().includes('Listening on'));
    expect(again.said()).toContain('belongs to user 65534, who can change it, and choose the manager');
    await again.stop();
    await rm(join(world.host.root, 'etc/linux_patch_api/certs'), { recursive: true });
    await chown(join(world.host.root, 'ca-of-the-manager.pem'), 65_534, 0);
    const joining = world.host.start();
    await joining.until(() => joining.said().includes('ca-of-the-manager.pem cannot be used'));
    expect(joining.said()).toContain('Nothing was sent to the manager');
    await joining.stop();
  });
});
