import { join } from 'node:path';
import type { Files } from '@linux-patch/runtime';
import { nodeCommands, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import type { ManualClock } from '@linux-patch/runtime/testing';
import type { AgentContext } from '../../src/app/agent-context.ts';
import { notFollowed } from '../../src/app/reconfiguration.ts';
import { agentPaths } from '../../src/config/paths.ts';
import { AgentConfigSchema } from '../../src/config/schema.ts';
import { hostNetwork, type Network } from '../../src/host/network.ts';
import { createLiveness } from '../../src/identity/liveness.ts';
import type { CertificatePaths } from '../../src/identity/store/paths.ts';
import { chooseProxy } from '../../src/manager-link/proxy.ts';
import { undoubtedClock } from '../enrollment/undoubted-clock.ts';
import type { World } from '../http/world.ts';
import { silentNotifier } from './silent-notifier.ts';

/** What the keeper of an identity needs of a running agent, beside a served world. */
export function contextBeside(
  world: World,
  options: {
    readonly clock: ManualClock;
    readonly certificates: CertificatePaths;
    readonly files?: Files;
    readonly config?: object;
    readonly signal?: AbortSignal;
    readonly network?: Network;
  },
) {
  const { clock, certificates, files = systemFiles, signal = new AbortController().signal } = options;
  const config = AgentConfigSchema.parse(options.config ?? {});
  const audited: { event: string; details: Record<string, unknown> }[] = [];
  const notifier = silentNotifier();
  const context: Partial<AgentContext> = {
    root: world.folder,
    files,
    clock,
    random: systemRandom,
    logger: world.logger,
    network: options.network ?? hostNetwork,
    commands: nodeCommands(),
    certificates,
    configFile: join(world.folder, 'config.yaml'),
    paths: agentPaths(world.folder),
    environment: {},
    proxyFor: chooseProxy({ configured: undefined, environment: {} }),
    config,
    loadConfig: async () => config,
    notifier,
    liveness: createLiveness(clock),
    reconfiguration: notFollowed(config),
    startDeadlineMs: undefined,
    clockWatch: undoubtedClock,
    signal,
    audit: {
      record: (event, details = {}) => void audited.push({ event, details }),
      flush: async () => {},
      [Symbol.asyncDispose]: async () => {},
    },
  };
  return { context: context as AgentContext, audited, notifier };
}
