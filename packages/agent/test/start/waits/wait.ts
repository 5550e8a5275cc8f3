import { ENROLL_PATHS } from '@linux-patch/contract';
import type { AgentDoors } from '../../../src/app/agent-context.ts';
import { hostNetwork } from '../../../src/host/network.ts';
import type { CurrentManager, OddAnswer } from '../../enrollment/current-manager.ts';
import type { AgentHost, RunningAgent } from '../agent-in-process.ts';

export const NOW = Math.floor(Date.now() / 1000) * 1000;
const DAY_MS = 86_400_000;
export const STRIDE_MS = 600_000;
export const CONFIG = 'etc/linux_patch_api/config.yaml';

/** A host and its manager before the agent starts. */
export interface Setting {
  readonly host: AgentHost;
  readonly manager: CurrentManager;
  /** File of the CA that the host believes. */
  readonly caFile: string;
  /** What was asked, in order: paths of the manager, and names that doors put here. */
  readonly asked: string[];
  /** Ends with the test. */
  readonly stack: AsyncDisposableStack;
}

export interface Scene extends Setting {
  readonly agent: RunningAgent;
}

/** A place where the agent waits. */
export interface Wait {
  readonly where: string;
  /** Lines of the section `enrollment`; by default the manager is trusted by its CA file. */
  readonly enrollment?: () => Promise<readonly string[]>;
  /** The time on the host when it starts. */
  readonly nowMs?: number;
  readonly doors?: (asked: string[]) => Partial<AgentDoors>;
  /** Before the agent starts. */
  readonly arrange?: (setting: Setting) => Promise<void> | void;
  /** Resolves when the agent is there. */
  readonly reached: (scene: Scene) => Promise<void>;
  /** Others get some of the two seconds to finish; everywhere else not even the clock moves. */
  readonly forOthers?: boolean;
  readonly exitCode: number;
}

export const STUCK: OddAnswer = { status: 503, text: '{}', stuck: 'before' };

/** Lets these paths answer in an odd way, and everything else as always. */
export function oddAt(answers: Readonly<Record<string, OddAnswer>>) {
  return ({ manager, asked }: Setting): void => {
    manager.odd = (path) => {
      asked.push(path);
      return answers[path];
    };
  };
}

/** Name servers that never answer when they are asked for this name. */
export function withSilentNames(silent: string): NonNullable<Wait['doors']> {
  return (names) => ({
    network: {
      ...hostNetwork,
      resolve: (name) => {
        if (name !== silent) return hostNetwork.resolve(name);
        names.push(name);
        return new Promise<never>(() => {});
      },
    },
  });
}

/** An agent that has joined, and was stopped; then this many days pass. */
export async function joined({ host, manager }: Setting, days: number): Promise<void> {
  manager.dateMs = () => host.clock.now();
  const agent = host.start();
  await agent.until(async () => (await agent.servedSerial()) !== undefined);
  await agent.stop();
  host.clock.setWallClock(NOW + days * DAY_MS);
}

export const asked =
  (...names: readonly string[]) =>
  (scene: Scene): Promise<void> =>
    scene.agent.until(() => names.every((name) => scene.asked.includes(name)));

/** The same where days may pass. */
export const askedLater =
  (...names: readonly string[]) =>
  (scene: Scene): Promise<void> =>
    scene.agent.until(() => names.every((name) => scene.asked.includes(name)), STRIDE_MS);

/** The same where no time needs to pass. */
export const askedAtOnce =
  (name: string) =>
  (scene: Scene): Promise<void> =>
    scene.agent.settles(() => scene.asked.includes(name));

export const said =
  (words: string) =>
  ({ agent, host }: Scene): Promise<void> =>
    agent.settles(() => agent.said().includes(words) && host.clock.sleeping > 0);

export const listening = async ({ agent }: Scene): Promise<void> => {
  await agent.until(async () => (await agent.servedSerial()) !== undefined);
};

export const POLL = ENROLL_PATHS.statusSelf;
