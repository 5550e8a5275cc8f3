import { resolve } from 'node:path';
import { VERSION } from '@linux-patch/contract';
import { createServiceNotifier, type Logger, type LogLevel } from '@linux-patch/runtime';
import { type AuditLog, openAuditLog } from '../audit/audit-log.ts';
import { createClockWatch } from '../clock/watch.ts';
import { openSettings, type Settings } from '../config/load.ts';
import type { AgentConfig } from '../config/schema.ts';
import { createLiveness } from '../identity/liveness.ts';
import { identityPlace } from '../identity/store/read.ts';
import { countedAudit, createAgentCounters } from '../metrics/counters.ts';
import { type AgentContext, type AgentDoors, EXIT } from './agent-context.ts';
import { enrollmentPlaces } from './compose-enrollment.ts';
import { followConfiguration, notFollowed } from './follow-configuration.ts';

type Looking = 'status' | 'policy-show' | 'packages' | 'updates' | 'plan' | 'jobs' | 'job';

/** What the command line asks for, as far as every work needs it. */
export interface RunWish {
  readonly mode: 'service' | 'enroll' | 'renew' | 'leave' | 'trust-job-key' | 'change' | Looking;
  readonly root: string;
  /** Configuration file; undefined means the default under `root`. */
  readonly config: string | undefined;
  readonly verbose: boolean;
}

/** How one run begins. */
export interface Start {
  readonly deadlineMs: number | undefined;
  readonly isFirst: boolean;
  /** What the run before has read; the file is read without it. */
  readonly config: AgentConfig | undefined;
}

/** How one run ended; `EXIT.again` when the configuration changed, to this one, before there was anything to keep. */
export interface End {
  readonly exitCode: number;
  readonly config: AgentConfig;
}

/** Work that may wait for days, and takes up a changed configuration meanwhile. */
const WAITING: ReadonlySet<RunWish['mode']> = new Set(['service', 'enroll', 'renew']);

/** Work that only looks. */
const LOOKING: ReadonlySet<RunWish['mode']> = new Set<Looking>([
  'status',
  'policy-show',
  'packages',
  'updates',
  'plan',
  'jobs',
  'job',
]);

/** What only looks leaves no trace in the audit log. */
const NO_AUDIT: AuditLog = {
  record: () => {},
  flush: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

function openLogger({ createLogger }: AgentDoors, { config }: Settings, level: LogLevel): Logger {
  const { journal_enabled: journal, syslog_enabled, syslog_server } = config.logging;
  return createLogger({ level, journal, syslogServer: syslog_enabled ? syslog_server : undefined });
}

/** Does the work once, with the configuration as it is now. */
export async function runOnce(
  doors: AgentDoors,
  wish: RunWish,
  start: Start,
  work: (context: AgentContext) => Promise<number>,
): Promise<End> {
  const { clock, random, files, network, program } = doors;
  const root = resolve(wish.root);
  const { environment, commands } = program;
  const settings = await openSettings({ files, root, configFile: wish.config, environment }, start.config);
  const { config, paths } = settings;
  const logger = openLogger(doors, settings, wish.verbose ? 'debug' : config.logging.level);
  const place = identityPlace(doors, config);
  const clockWatch = createClockWatch(place, paths.dataFolder);
  await clockWatch.look();
  await using log = LOOKING.has(wish.mode)
    ? NO_AUDIT
    : openAuditLog({
        path: config.logging.file_path,
        files,
        clock,
        logger,
        retentionMs: config.logging.retentionMs,
        mayForget: () => clockWatch.verdict.state === 'ok',
        copies: config.logging.audit_copies ? openLogger(doors, settings, 'info') : undefined,
      });
  const counters = createAgentCounters(clock);
  const audit = countedAudit(log, counters);
  const notifySocket = wish.mode === 'service' ? environment.NOTIFY_SOCKET : undefined;
  const notifier = createServiceNotifier({ commands, notifySocket, logger });
  const report = { logger, audit, counters, notifier };
  await using reconfiguration = WAITING.has(wish.mode)
    ? followConfiguration(settings, place, report, program)
    : notFollowed(config);
  // The audit log tells when the agent began and how it ended, also when it ended by a fault.
  if (start.isFirst) audit.record('agent_started', { version: VERSION, mode: wish.mode });
  let exitCode: number = EXIT.error;
  try {
    const signal = AbortSignal.any([program.stopped, reconfiguration.changed]);
    exitCode = await work({
      host: { root, files, commands, network },
      settings,
      place,
      enrollment: enrollmentPlaces(settings, place, environment),
      time: { clock, clockWatch, random, signal },
      report,
      program,
      run: { liveness: createLiveness(clock), reconfiguration, startDeadlineMs: start.deadlineMs },
    });
    return { exitCode, config: reconfiguration.latest };
  } finally {
    if (exitCode !== EXIT.again) audit.record('agent_stopped', { exit_code: exitCode });
  }
}
