import type { Settings } from '../config/load.ts';
import type { AgentConfig } from '../config/schema.ts';
import { watchAgentConfig } from '../config/watch.ts';
import type { IdentityPlace } from '../identity/store/read.ts';
import {
  type AgentContext,
  type AgentReport,
  EXIT,
  type Program,
  type Reconfiguration,
} from './agent-context.ts';

type Told = Pick<AgentReport, 'logger' | 'audit' | 'notifier'>;

/** Says, until it is over, that the file has faults and what was in force stays; undefined is that it is over. */
export function reportConfigFault(
  { audit, notifier }: Pick<AgentReport, 'audit' | 'notifier'>,
  fault: string | undefined,
): void {
  const [first] = fault?.split('\n') ?? [];
  if (fault !== undefined) audit.record('config_refused', { reason: fault });
  void notifier.trouble(
    'configuration',
    first && `the changed configuration has faults and is not used: ${first}`,
  );
}

/** Reads the configuration again when it changes, and when the service manager asks (SIGHUP). */
export function followConfiguration(
  settings: Settings,
  { files, clock }: IdentityPlace,
  report: Told,
  program: Pick<Program, 'onReload'>,
): Reconfiguration {
  const { logger, audit, notifier } = report;
  const changed = new AbortController();
  let latest = settings.config;
  let over = false;
  const watch = watchAgentConfig({
    files,
    clock,
    settings,
    logger,
    onChange: (next, sections) => {
      if (over) return;
      latest = next;
      audit.record('config_changed', { sections });
      logger.info('The configuration changed; the agent goes on with it', { sections: sections.join(',') });
      changed.abort();
    },
    onFault: (fault) => reportConfigFault(report, fault),
    onRestored: () => reportConfigFault(report, undefined),
  });
  const subscription = program.onReload(() => void watch.reload());
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

/** For commands that read the configuration once. */
export function notFollowed(config: AgentConfig): Reconfiguration {
  return {
    changed: new AbortController().signal,
    latest: config,
    end: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The exit code of work that was stopped: to begin anew when that is why. */
export function codeOfStop(
  { run }: Pick<AgentContext, 'run'>,
  code: number,
  say: () => void = () => {},
): number {
  if (run.reconfiguration.changed.aborted) return EXIT.again;
  say();
  return code;
}
