import { isPatchError, messageOf } from '@linux-patch/contract';
import { type Files, ownUid, permissionAdvice } from '@linux-patch/runtime';
import { CommanderError } from 'commander';
import { type AgentContext, type AgentDoors, EXIT } from '../app/agent-context.ts';
import { asAgentsUser } from '../app/agents-user.ts';
import { enrollOnce, renewOnce } from '../app/once.ts';
import { runOnce } from '../app/run-once.ts';
import { runService } from '../app/service.ts';
import { createStartPatience } from '../app/start-patience.ts';
import { agentPaths } from '../config/paths.ts';
import type { AgentConfig } from '../config/schema.ts';
import { changePackages, requireRoot } from './change.ts';
import { runDoctor } from './doctor.ts';
import { showJob, showJobs } from './jobs.ts';
import { leaveManager } from './leave.ts';
import { showPackages } from './packages.ts';
import { checkPolicy, showPolicy } from './policy.ts';
import { type AgentInvocation, createAgentProgram } from './program.ts';
import { showStatus } from './status.ts';
import { trustJobKey } from './trust-job-key.ts';

function choose(
  argv: readonly string[],
  { stdout, stderr }: AgentDoors['program'],
): AgentInvocation | number {
  let chosen: AgentInvocation | undefined;
  const program = createAgentProgram((invocation) => {
    chosen = invocation;
  });
  const output = { writeOut: stdout, writeErr: stderr };
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

/** What needs a configuration that can be read. */
type ConfiguredInvocation = Exclude<AgentInvocation, { readonly mode: 'doctor' | 'policy-check' }>;

function work(invocation: ConfiguredInvocation, context: AgentContext): Promise<number> {
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
    case 'packages':
    case 'updates':
    case 'plan':
      return showPackages(context, invocation);
    case 'change':
      return changePackages(context, invocation);
    case 'jobs':
      return showJobs(context, invocation.json);
    case 'job':
      return showJob(context, invocation);
  }
}

/** Does the work, and again with each changed configuration until there is something to keep. */
async function runConfigured(invocation: ConfiguredInvocation, doors: AgentDoors): Promise<number> {
  const patience = createStartPatience(doors, invocation.mode);
  const { deadlineMs } = patience;
  let isFirst = true;
  let config: AgentConfig | undefined;
  for (;;) {
    try {
      const start = { deadlineMs, isFirst, config };
      const end = await runOnce(doors, invocation, start, (context) => work(invocation, context));
      if (end.exitCode !== EXIT.again) return end.exitCode;
      config = end.config;
    } catch (error) {
      config = undefined;
      await patience.waitOut(error);
      if (doors.program.stopped.aborted) return EXIT.unfinished;
    }
    isFirst = false;
  }
}

const CHANGING: ReadonlySet<AgentInvocation['mode']> = new Set([
  'service',
  'enroll',
  'renew',
  'leave',
  'trust-job-key',
  'change',
]);

function looksOnly(invocation: AgentInvocation): boolean {
  return invocation.mode === 'doctor' ? !invocation.fix : !CHANGING.has(invocation.mode);
}

/** What an ordinary user is told; the user of the agent is not sent to sudo(8), and the fault says what mends it. */
async function adviceOn(
  error: unknown,
  { root }: AgentInvocation,
  files: Files,
): Promise<string | undefined> {
  const folder = await files.factsBehind(agentPaths(root).dataFolder).catch(() => undefined);
  const isAgents = root === '/' && folder?.uid === (await ownUid(files));
  return isAgents ? undefined : permissionAdvice(files, error, 'linux-patch-api');
}

/** Runs the command line and returns the exit code. */
export async function runAgent(argv: readonly string[], doors: AgentDoors): Promise<number> {
  const invocation = choose(argv, doors.program);
  if (typeof invocation === 'number') return invocation;
  try {
    if (invocation.mode === 'policy-check') return await checkPolicy(invocation.file, doors);
    if (invocation.mode === 'change') await requireRoot(invocation.root, doors.files);
    const wish = { root: invocation.root, looksOnly: looksOnly(invocation) };
    return await asAgentsUser(doors, wish, (own) =>
      invocation.mode === 'doctor' ? runDoctor(invocation, own) : runConfigured(invocation, own),
    );
  } catch (error) {
    const advice = await adviceOn(error, invocation, doors.files);
    const words = advice ?? messageOf(error);
    const { stderr } = doors.program;
    // What others said begins no line of its own.
    stderr(`linux-patch-api: ${words.replaceAll('\n', '\n  ')}\n`);
    if (advice === undefined && invocation.mode === 'status' && isPatchError(error, 'CONFIG_INVALID'))
      stderr('An agent that runs keeps the configuration it has. What to do: linux-patch-api doctor\n');
    return EXIT.error;
  }
}
