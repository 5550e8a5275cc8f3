import { resolve } from 'node:path';
import { isPatchError, messageOf, VERSION } from '@linux-patch/contract';
import type { LogLevel } from '@linux-patch/runtime';
import { createServiceNotifier, permissionAdvice } from '@linux-patch/runtime';
import { packageEnvironment } from '@linux-patch/worker';
import { CommanderError } from 'commander';
import { type AgentContext, type AgentDoors, certificatePaths, EXIT } from '../app/agent-context.ts';
import { followConfiguration } from '../app/follow-configuration.ts';
import { enrollOnce, renewOnce } from '../app/once.ts';
import { notFollowed } from '../app/reconfiguration.ts';
import { runService } from '../app/service.ts';
import { createStartPatience } from '../app/start-patience.ts';
import { type AuditLog, openAuditLog } from '../audit/audit-log.ts';
import { createClockWatch } from '../clock/watch.ts';
import { loadAgentConfig } from '../config/load.ts';
import { agentPaths } from '../config/paths.ts';
import type { AgentConfig } from '../config/schema.ts';
import { createLiveness } from '../identity/liveness.ts';
import { chooseProxy } from '../manager-link/proxy.ts';
import { countedAudit, createAgentCounters } from '../metrics/counters.ts';
import { runDoctor } from './doctor.ts';
import { leaveManager } from './leave.ts';
import { checkPolicy, showPolicy } from './policy.ts';
import { type AgentInvocation, createAgentProgram } from './program.ts';
import { showStatus } from './status.ts';
import { trustJobKey } from './trust-job-key.ts';

function choose(argv: readonly string[], doors: AgentDoors): AgentInvocation | number {
  let chosen: AgentInvocation | undefined;
  const program = createAgentProgram((invocation) => {
    chosen = invocation;
  });
  const output = { writeOut: doors.stdout, writeErr: doors.stderr };
  program.configureOutput(output);
  for (const command of [program, ...program.commands].flatMap((one) => one.commands))
    command.exitOverride().configureOutput(output);
  try {
    program.parse([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.clean : EXIT.error;
    throw error;
  }
  return chosen ?? EXIT.error;
}

/** What only looks leaves no trace in the audit log. */
const NO_AUDIT: AuditLog = {
  record: () => {},
  flush: async () => {},
  [Symbol.asyncDispose]: async () => {},
};

async function contextOf(
  invocation: AgentInvocation,
  doors: AgentDoors,
  known: AgentConfig | undefined,
): Promise<Omit<AgentContext, 'audit' | 'reconfiguration' | 'startDeadlineMs'>> {
  const root = resolve(invocation.root);
  const paths = agentPaths(root);
  const configFile = invocation.config ?? paths.configFile;
  const { files, environment } = doors;
  const loadConfig = () => loadAgentConfig({ files, path: configFile, root, environment });
  const config = known ?? (await loadConfig());
  const level: LogLevel = invocation.verbose ? 'debug' : config.logging.level;
  const { journal_enabled, syslog_enabled, syslog_server } = config.logging;
  const logger = doors.createLogger({
    level,
    journal: journal_enabled,
    syslogServer: syslog_enabled ? syslog_server : undefined,
  });
  const commands = doors.createCommands(packageEnvironment(root));
  const certificates = certificatePaths(config);
  const clockWatch = createClockWatch({
    files,
    clock: doors.clock,
    certificates,
    dataFolder: paths.dataFolder,
  });
  await clockWatch.look();
  return {
    ...doors,
    root,
    config,
    configFile,
    paths,
    certificates,
    clockWatch,
    counters: createAgentCounters(doors.clock),
    proxyFor: chooseProxy({ configured: config.enrollment.proxy, environment }),
    commands,
    logger,
    notifier: createServiceNotifier({
      commands,
      notifySocket: invocation.mode === 'service' ? environment.NOTIFY_SOCKET : undefined,
      logger,
    }),
    liveness: createLiveness(doors.clock),
    loadConfig,
  };
}

/** What needs a configuration that can be read. */
type ConfiguredInvocation = Exclude<AgentInvocation, { readonly mode: 'doctor' | 'policy-check' }>;

function run(invocation: ConfiguredInvocation, context: AgentContext): Promise<number> {
  switch (invocation.mode) {
    case 'service':
      return runService(context);
    case 'enroll':
      return enrollOnce(context, invocation.url);
    case 'renew':
      return renewOnce(context);
    case 'leave':
      return leaveManager(context, invocation.force);
    case 'trust-job-key':
      return trustJobKey(context, invocation.fingerprint);
    case 'status':
      return showStatus(context, invocation.json);
    case 'policy-show':
      return showPolicy(context);
  }
}

/** Commands that may wait for days, and take up a changed configuration meanwhile. */
const WAITING: ReadonlySet<ConfiguredInvocation['mode']> = new Set(['service', 'enroll', 'renew']);

/** Commands that only look. */
const LOOKING: ReadonlySet<ConfiguredInvocation['mode']> = new Set(['status', 'policy-show']);

/** How one run begins. */
interface Start {
  readonly deadlineMs: number | undefined;
  readonly isFirst: boolean;
  /** What the run before has read; the file is read without it. */
  readonly config: AgentConfig | undefined;
}

/** How one run ended; `EXIT.again` when the configuration changed, to this one, before there was anything to keep. */
interface End {
  readonly exitCode: number;
  readonly config: AgentConfig;
}

async function runOnce(invocation: ConfiguredInvocation, doors: AgentDoors, start: Start): Promise<End> {
  const context = await contextOf(invocation, doors, start.config);
  const { files, clock, logger, config } = context;
  await using log = LOOKING.has(invocation.mode)
    ? NO_AUDIT
    : openAuditLog({
        path: config.logging.file_path,
        files,
        clock,
        logger,
        retentionDays: config.logging.retention_days,
        mayForget: () => context.clockWatch.verdict.state === 'ok',
      });
  const audit = countedAudit(log, context.counters);
  await using reconfiguration = WAITING.has(invocation.mode)
    ? followConfiguration({ ...context, audit })
    : notFollowed(config);
  const signal = AbortSignal.any([doors.signal, reconfiguration.changed]);
  // The audit log tells when the agent began and how it ended, also when it ended by a fault.
  if (start.isFirst) audit.record('agent_started', { version: VERSION, mode: invocation.mode });
  let exitCode: number = EXIT.error;
  try {
    const startDeadlineMs = start.deadlineMs;
    exitCode = await run(invocation, { ...context, audit, reconfiguration, signal, startDeadlineMs });
    return { exitCode, config: reconfiguration.latest };
  } finally {
    if (exitCode !== EXIT.again) audit.record('agent_stopped', { exit_code: exitCode });
  }
}

/** Runs the command line and returns the exit code. */
export async function runAgent(argv: readonly string[], doors: AgentDoors): Promise<number> {
  const invocation = choose(argv, doors);
  if (typeof invocation === 'number') return invocation;
  try {
    if (invocation.mode === 'doctor') return await runDoctor(invocation, doors);
    if (invocation.mode === 'policy-check') return await checkPolicy(invocation.file, doors);
    const patience = createStartPatience(doors, invocation.mode);
    const { deadlineMs } = patience;
    let isFirst = true;
    let config: AgentConfig | undefined;
    for (;;) {
      try {
        const end = await runOnce(invocation, doors, { deadlineMs, isFirst, config });
        if (end.exitCode !== EXIT.again) return end.exitCode;
        config = end.config;
      } catch (error) {
        config = undefined;
        await patience.waitOut(error);
        if (doors.signal.aborted) return EXIT.unfinished;
      }
      isFirst = false;
    }
  } catch (error) {
    const words = (await permissionAdvice(doors.files, error, 'linux-patch-api')) ?? messageOf(error);
    // What others said begins no line of its own.
    doors.stderr(`linux-patch-api: ${words.replaceAll('\n', '\n  ')}\n`);
    if (invocation.mode === 'status' && isPatchError(error, 'CONFIG_INVALID'))
      doors.stderr('An agent that runs keeps the configuration it has. What to do: linux-patch-api doctor\n');
    return EXIT.error;
  }
}
