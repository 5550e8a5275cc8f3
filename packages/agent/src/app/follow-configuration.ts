import { watchAgentConfig } from '../config/watch.ts';
import { type AgentContext, EXIT } from './agent-context.ts';
import type { Reconfiguration } from './reconfiguration.ts';

type Reports = Pick<AgentContext, 'audit' | 'notifier'>;

type Context = Reports &
  Pick<AgentContext, 'files' | 'clock' | 'logger' | 'config' | 'configFile' | 'loadConfig' | 'onReload'>;

/** Says, until it is over, that the file has faults and what was in force stays; undefined is that it is over. */
export function reportConfigFault({ audit, notifier }: Reports, fault: string | undefined): void {
  const [first] = fault?.split('\n') ?? [];
  if (fault !== undefined) audit.record('config_refused', { reason: fault });
  void notifier.trouble(
    'configuration',
    first && `the changed configuration has faults and is not used: ${first}`,
  );
}

/** Reads the configuration again when it changes, and when the service manager asks (SIGHUP). */
export function followConfiguration(context: Context): Reconfiguration {
  const { files, clock, logger, audit, config, configFile: path, loadConfig: load, notifier } = context;
  const changed = new AbortController();
  let latest = config;
  let over = false;
  const watch = watchAgentConfig({
    files,
    clock,
    path,
    current: config,
    load,
    logger,
    onChange: (next, sections) => {
      if (over) return;
      latest = next;
      audit.record('config_changed', { sections });
      logger.info('The configuration changed; the agent goes on with it', { sections: sections.join(',') });
      changed.abort();
    },
    onFault: (fault) => reportConfigFault(context, fault),
    onRestored: () => reportConfigFault(context, undefined),
  });
  const subscription = context.onReload(() => void watch.reload());
  const end = async (): Promise<void> => {
    if (over) return;
    over = true;
    subscription[Symbol.dispose]();
    await watch[Symbol.asyncDispose]();
    await notifier.trouble('configuration', undefined);
  };
  // What changed since the configuration was read was told to nobody.
  void watch.reload();
  return {
    changed: changed.signal,
    get latest() {
      return latest;
    },
    end,
    [Symbol.asyncDispose]: end,
  };
}

/** The exit code of work that was stopped: to begin anew when that is why. */
export function codeOfStop(
  { reconfiguration }: Pick<AgentContext, 'reconfiguration'>,
  code: number,
  say: () => void = () => {},
): number {
  if (reconfiguration.changed.aborted) return EXIT.again;
  say();
  return code;
}
