import { messageOf } from '@linux-patch/contract';
import { watchAgentConfig } from '../config/watch.ts';
import { type AgentContext, EXIT } from './agent-context.ts';
import type { Reconfiguration } from './reconfiguration.ts';

type Context = Pick<
  AgentContext,
  'files' | 'clock' | 'logger' | 'audit' | 'config' | 'configFile' | 'loadConfig' | 'notifier' | 'onReload'
>;

/** Reads the configuration again when it changes, and when the service manager asks (SIGHUP). */
export function followConfiguration(context: Context): Reconfiguration {
  const { files, clock, logger, audit, config, configFile: path, loadConfig: load, notifier } = context;
  const changed = new AbortController();
  const watch = watchAgentConfig({
    files,
    clock,
    path,
    current: config,
    load,
    logger,
    onChange: (_config, sections) => {
      if (over) return;
      audit.record('config_changed', { sections });
      logger.info('The configuration changed; the agent goes on with it', { sections: sections.join(',') });
      changed.abort();
    },
    onFault: (error) => {
      const [first] = messageOf(error).split('\n');
      audit.record('config_refused', { reason: messageOf(error) });
      void notifier.trouble(`the changed configuration has faults and is not used: ${first}`);
    },
    onRestored: () => void notifier.trouble(undefined),
  });
  const subscription = context.onReload(() => void watch.reload());
  let over = false;
  const end = async (): Promise<void> => {
    if (over) return;
    over = true;
    subscription[Symbol.dispose]();
    await watch[Symbol.asyncDispose]();
    await notifier.trouble(undefined);
  };
  return { changed: changed.signal, end, [Symbol.asyncDispose]: end };
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
