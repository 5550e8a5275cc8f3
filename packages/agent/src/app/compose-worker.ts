import { join } from 'node:path';
import { createInstanceId, type InstanceId } from '../worker-link/instance.ts';
import { openInstanceFile } from '../worker-link/instance-file.ts';
import { openWorkerLink, type WorkerLink } from '../worker-link/link.ts';
import { hostArguments } from '../worker-link/program.ts';
import type { AgentContext } from './agent-context.ts';

type WorkerContext = Pick<AgentContext, 'host' | 'settings' | 'time' | 'report'>;

/** The way to the worker of this host, and what that is told of it. */
export function linkOf({ host, settings }: Pick<WorkerContext, 'host' | 'settings'>): {
  readonly link: WorkerLink;
  readonly hostArguments: readonly string[];
} {
  const { configFile, config } = settings;
  const told = hostArguments({ root: host.root, configFile, backend: config.package_manager.backend });
  return { link: openWorkerLink({ commands: host.commands, hostArguments: told }), hostArguments: told };
}

/** Which instance this is. */
export function instanceOf(
  { host, settings, time, report }: WorkerContext,
  link: WorkerLink,
  signal: AbortSignal,
): InstanceId {
  const { files, root } = host;
  const { logger } = report;
  const path = join(settings.paths.dataFolder, 'state/known-instance.json');
  return createInstanceId({
    link,
    file: openInstanceFile({ path, files, root, logger }),
    clock: time.clock,
    logger,
    signal,
  });
}

/** Asks the worker which instance this is while there is nothing else to do, so that the first answer need not wait for it. */
export function learnInstanceEarly(context: WorkerContext): Disposable {
  const ended = new AbortController();
  const { link } = linkOf(context);
  instanceOf(context, link, AbortSignal.any([context.time.signal, ended.signal])).begin();
  return {
    [Symbol.dispose]() {
      ended.abort();
      link[Symbol.dispose]();
    },
  };
}
