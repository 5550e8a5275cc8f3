import { join } from 'node:path';
import type { FindHolder } from '../http/listen.ts';
import { ownWorker, workerOf } from '../worker-link/choose-worker.ts';
import { createInstanceId, type InstanceId } from '../worker-link/instance.ts';
import { openInstanceFile } from '../worker-link/instance-file.ts';
import { openWorkerLink, type WorkerLink } from '../worker-link/link.ts';
import { askPortHolder } from '../worker-link/port-holder.ts';
import { hostArguments } from '../worker-link/program.ts';
import type { AgentContext } from './agent-context.ts';

type WorkerContext = Pick<AgentContext, 'host' | 'settings' | 'time' | 'report'>;

function told({ host: { root, files, commands }, settings }: Pick<WorkerContext, 'host' | 'settings'>) {
  const { configFile, config } = settings;
  return { root, files, commands, configFile, backend: config.package_manager.backend };
}

/** The way to the worker of this host. */
export function linkOf(context: Pick<WorkerContext, 'host' | 'settings'>): WorkerLink {
  return openWorkerLink(workerOf(told(context)));
}

/** The way of root, who has this program say something that root alone may say. */
export function rootsLinkOf(context: Pick<WorkerContext, 'host' | 'settings'>): WorkerLink {
  return openWorkerLink(ownWorker(told(context)));
}

/** What a worker is told of this host that is a child. */
export function hostArgumentsOf(context: Pick<WorkerContext, 'host' | 'settings'>): readonly string[] {
  return hostArguments(told(context));
}

/** Who listens on a port of this host. */
export function portHolderOf(context: Pick<WorkerContext, 'host' | 'settings'>): FindHolder {
  return (port) => askPortHolder(told(context), port);
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
  const link = linkOf(context);
  instanceOf(context, link, AbortSignal.any([context.time.signal, ended.signal])).begin();
  return {
    [Symbol.dispose]() {
      ended.abort();
      link[Symbol.dispose]();
    },
  };
}
