import { join } from 'node:path';
import type { Files } from '@linux-patch/runtime';
import { nodeCommands, processUsage, systemFiles, systemRandom } from '@linux-patch/runtime/node';
import type { ManualClock } from '@linux-patch/runtime/testing';
import type { AgentContext } from '../../src/app/agent-context.ts';
import { enrollmentPlaces } from '../../src/app/compose-enrollment.ts';
import { notFollowed } from '../../src/app/follow-configuration.ts';
import { agentPaths } from '../../src/config/paths.ts';
import { AgentConfigSchema } from '../../src/config/schema.ts';
import { hostNetwork, type Network } from '../../src/host/network.ts';
import { chooseProxy } from '../../src/host/proxy.ts';
import { createLiveness } from '../../src/identity/liveness.ts';
import type { CertificatePaths } from '../../src/identity/store/paths.ts';
import { createAgentCounters } from '../../src/metrics/counters.ts';
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
  const settings = {
    config,
    configFile: join(world.folder, 'config.yaml'),
    paths: agentPaths(world.folder),
    proxyFor: chooseProxy({ configured: undefined, environment: {} }),
    load: async () => config,
  };
  const thresholdDays = config.enrollment.cert_renewal_threshold_days;
  const place = { files, paths: certificates, clock, thresholdDays };
  const context: AgentContext = {
    host: { root: world.folder, files, network: options.network ?? hostNetwork, commands: nodeCommands() },
    settings,
    place,
    enrollment: enrollmentPlaces(settings, place, {}),
    time: { clock, clockWatch: undoubtedClock, random: systemRandom, signal },
    report: {
      logger: world.logger,
      audit: {
        record: (event, details = {}) => void audited.push({ event, details }),
        flush: async () => {},
        [Symbol.asyncDispose]: async () => {},
      },
      counters: createAgentCounters(clock),
      notifier,
    },
    program: {
      stdout: () => {},
      stderr: () => {},
      environment: {},
      commands: nodeCommands(),
      usage: processUsage,
      supervised: false,
      onReload: () => ({ [Symbol.dispose]: () => {} }),
      stopped: signal,
    },
    run: {
      liveness: createLiveness(clock),
      reconfiguration: notFollowed(config),
      startDeadlineMs: undefined,
    },
  };
  return { context, audited, notifier };
}
