import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { testAuthority } from '@linux-patch/pki/testing';
import { temporaryFolder } from '@linux-patch/runtime/testing';
import { describe, expect, it } from 'vitest';
import { type CurrentManager, startCurrentManager } from '../enrollment/current-manager.ts';
import { freePort } from '../enrollment/free-port.ts';
import { type AgentHost, createAgentHost, type RunningAgent } from './agent-in-process.ts';

const NOW = Math.floor(Date.now() / 1000) * 1000;
const RENEWAL_NOTES = 'var/lib/linux_patch_api/state/renewal.json';
const LIMIT_MS = 2_000;

interface Scene {
  readonly host: AgentHost;
  readonly manager: CurrentManager;
  /** File of the CA that the host believes. */
  readonly caFile: string;
  /** Paths that the manager was asked, in order. */
  readonly asked: readonly string[];
  readonly agent: () => RunningAgent;
}

/** A place where the agent waits. */
interface Wait {
  readonly where: string;
  /** Lines of the section `enrollment`; by default the manager is trusted by its CA file. */
  readonly enrollment?: () => Promise<readonly string[]>;
  /** The time on the host when it starts. */
  readonly nowMs?: number;
  /** Before the agent starts. */
  readonly arrange?: (scene: Omit<Scene, 'agent'>) => Promise<void> | void;
  /** Resolves when the agent is there. */
  readonly reached: (scene: Scene) => Promise<void>;
  readonly exitCode: number;
}

const ENROLL = '/api/v1/enroll';
const POLL = `${ENROLL}/status/self`;

/** Lets these paths answer in an odd way, and everything else as always. */
function oddAt(path: string, answer: NonNullable<ReturnType<NonNullable<CurrentManager['odd']>>>) {
  return ({ manager, asked }: Omit<Scene, 'agent'>): void => {
    manager.odd = (one) => {
      (asked as string[]).push(one);
      return one === path ? answer : undefined;
    };
  };
}

const asked = (path: string) => (scene: Scene) => scene.agent().until(() => scene.asked.includes(path));
const said = (words: string) => (scene: Scene) =>
  scene.agent().settles(() => scene.agent().said().includes(words) && scene.host.clock.sleeping > 0);
const listening = async ({ agent }: Scene): Promise<void> => {
  await agent().until(async () => (await agent().servedSerial()) !== undefined);
};

const BUSY = { status: 503, text: '{}' };
const REFUSAL = {
  status: 409,
  text: JSON.stringify({ error: { code: 'ENROLLMENT_CONFLICT', message: 'not now' } }),
};

const WAITS: readonly Wait[] = [
  {
    where: 'between two registrations, because nothing listens',
    enrollment: async () => [`manager_url: https://127.0.0.1:${await freePort()}`, 'trust: tofu'],
    reached: said('ECONNREFUSED'),
    exitCode: 2,
  },
  {
    where: 'between two registrations, because the manager is busy',
    arrange: oddAt(ENROLL, BUSY),
    reached: said('503'),
    exitCode: 2,
  },
  {
    where: 'for as long as a manager that is asked too often wants',
    arrange: oddAt(ENROLL, { status: 429, text: '{}', headers: { 'retry-after': '3600' } }),
    reached: said('429'),
    exitCode: 2,
  },
  {
    where: 'between two registrations, because the manager refuses',
    arrange: oddAt(ENROLL, REFUSAL),
    reached: said('not now'),
    exitCode: 2,
  },
  {
    where: 'because somebody else answers than the manager',
    arrange: async ({ caFile }) => {
      await writeFile(caFile, (await testAuthority({ now: NOW })).root.certificatePem);
    },
    reached: said('is not trusted'),
    exitCode: 2,
  },
  {
    where: 'because the host has no machine-id',
    arrange: ({ host }) => rm(join(host.root, 'etc/machine-id')),
    reached: said('has no machine-id'),
    exitCode: 2,
  },
  {
    where: 'for the right time',
    nowMs: Date.UTC(2016, 1, 1),
    reached: said("This host's clock"),
    exitCode: 2,
  },
  {
    where: 'for the answer to its registration',
    arrange: oddAt(ENROLL, { ...BUSY, stuck: 'before' }),
    reached: asked(ENROLL),
    exitCode: 2,
  },
  {
    where: 'for the rest of the answer to its registration',
    arrange: oddAt(ENROLL, { status: 202, text: '{"polling_token":"x"}', stuck: 'inside' }),
    reached: asked(ENROLL),
    exitCode: 2,
  },
  {
    where: 'in a poll that is held open',
    arrange: oddAt(POLL, { ...BUSY, stuck: 'before' }),
    reached: asked(POLL),
    exitCode: 2,
  },
  {
    where: 'between two polls',
    arrange: oddAt(POLL, { status: 200, text: '{"status":"pending"}' }),
    reached: async (scene) => {
      await asked(POLL)(scene);
      await said('waiting for approval')(scene);
    },
    exitCode: 2,
  },
  {
    where: 'for the answer to its acknowledgement',
    arrange: oddAt(`${ENROLL}/ack`, { ...BUSY, stuck: 'before' }),
    reached: asked(`${ENROLL}/ack`),
    exitCode: 0,
  },
  {
    where: 'for the manager to say whom to trust, while it serves',
    arrange: oddAt('/api/v1/pki/trust', { ...BUSY, stuck: 'before' }),
    reached: async (scene) => {
      await listening(scene);
      await asked('/api/v1/pki/trust')(scene);
    },
    exitCode: 0,
  },
  {
    where: 'for a renewal, while it serves',
    arrange: oddAt(`${ENROLL}/renew`, { ...BUSY, stuck: 'before' }),
    reached: async (scene) => {
      await listening(scene);
      const { host, manager } = scene;
      manager.dateMs = () => host.clock.now();
      const { due_at: due } = JSON.parse(await host.read(RENEWAL_NOTES)) as { due_at: string };
      host.clock.setWallClock(Date.parse(due) + 60_000);
      await asked(`${ENROLL}/renew`)(scene);
    },
    exitCode: 0,
  },
  {
    where: 'for requests, while it serves',
    reached: listening,
    exitCode: 0,
  },
];

describe('an agent that is told to stop ends within two seconds, wherever it waits', () => {
  it.each(WAITS)('$where', async (wait) => {
    await using manager = await startCurrentManager(NOW);
    await using folder = await temporaryFolder();
    const caFile = join(folder.path, 'ca.pem');
    await writeFile(caFile, manager.authority.root.certificatePem);
    const enrollment = (await wait.enrollment?.()) ?? [`manager_url: ${manager.url}`, `ca_file: ${caFile}`];
    await using host = await createAgentHost({ nowMs: wait.nowMs ?? NOW, enrollment });
    const paths: string[] = [];
    await wait.arrange?.({ host, manager, asked: paths, caFile });
    const agent = host.start();
    await wait.reached({ host, manager, asked: paths, caFile, agent: () => agent });
    const beganMs = performance.now();
    // The clock stands still: whoever only waits for time would never end.
    expect(await agent.stop()).toBe(wait.exitCode);
    expect(performance.now() - beganMs).toBeLessThan(LIMIT_MS);
  });
});
