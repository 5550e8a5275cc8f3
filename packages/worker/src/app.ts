import { join } from 'node:path';
import { messageOf, PatchError } from '@linux-patch/contract';
import type {
  Clock,
  Commands,
  Files,
  Logger,
  Random,
  ReportOutput,
  RequestChannel,
} from '@linux-patch/runtime';
import { openAdmission } from './admission/open.ts';
import { openOrders, workerFolder } from './admission/orders.ts';
import { pinPlace } from './admission/pin-place.ts';
import type { ChangePolicy } from './package-interface/change-policy.ts';
import { readConfiguredBackend } from './package-interface/configured-backend.ts';
import { packageEnvironment } from './packages/environment.ts';
import { openPackageManager } from './packages/open.ts';
import { openHostPolicy } from './policy/host-policy.ts';
import { findAgentsFolders } from './requests/agents-folders.ts';
import { withHostsNetwork } from './requests/hosts-network.ts';
import { openPlannedSteps } from './requests/planned-steps.ts';
import { type Serves, serveRequest } from './requests/serve-request.ts';
import { doJob } from './run/do-job.ts';
import { readJobSettings } from './run/job-settings.ts';
import { readHostAuthority } from './signature/host-authority.ts';
import { openPinKeeper } from './signature/take-job-key.ts';
import { type HostWish, type JobWish, jobArguments, parseWish, USAGE, type Wish } from './wish.ts';

/** What the worker's program uses of the outside world; `main.ts` picks the real ones. */
export interface WorkerDoors {
  readonly clock: Clock;
  readonly files: Files;
  readonly random: Random;
  readonly logger: Logger;
  /** Commands with this added to their environment. */
  readonly createCommands: (environment: Readonly<Record<string, string>>) => Commands;
  readonly program: Program;
}

/** This process, and who started it. */
export interface Program {
  /** Opens the connection over which the request comes. @throws when there is none */
  readonly openChannel: () => RequestChannel;
  /** Where a job says what comes of it. */
  readonly openReports: () => ReportOutput;
  /** Aborts when the process is told to end. */
  readonly signal: AbortSignal;
  /** Who has started this process; another one when that has ended. */
  readonly parentId: () => number;
  /** What starts this program: a program and its first arguments. */
  readonly self: readonly string[];
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
}

/** Below the root. */
const POLICY_FILE = 'etc/linux_patch_api/policy.yaml';
const PARENT_LOOK_MS = 500;
const TRY_EVERY_MS = 1_000;
const MOST_TRIES = 600;

/** Commands that end when the signal aborts, whatever else ends them. */
function endingWith(signal: AbortSignal, commands: Commands): Commands {
  return {
    run: (command) =>
      commands.run({
        ...command,
        signal: command.signal ? AbortSignal.any([command.signal, signal]) : signal,
      }),
  };
}

/**
 * One request or one job, one life. Returns the exit code: 0 also for a request that was refused, because it was answered, and
 * for a job that failed, because that was said.
 */
export async function runWorker(args: readonly string[], doors: WorkerDoors): Promise<number> {
  let wish: Wish;
  let channel: RequestChannel | undefined;
  try {
    wish = parseWish(args);
    if ('print' in wish) {
      doors.program.stdout(wish.print);
      return 0;
    }
    if ('folders' in wish) {
      const { folders, faults } = await findAgentsFolders({ ...wish, files: doors.files });
      doors.program.stdout(folders.map((folder) => `${folder}\n`).join(''));
      doors.program.stderr(faults.map((fault) => `${fault}\n`).join(''));
      return 0;
    }
    if (wish.job === undefined) channel = doors.program.openChannel();
  } catch (error) {
    doors.program.stderr(`linux-patch-worker cannot work: ${messageOf(error)}\n\n${USAGE}`);
    return 1;
  }
  if (channel) await answerRequest(wish, channel, doors);
  else if (wish.job) await runJob(wish, wish.job, doors);
  return 0;
}

/** The package manager of a root, and the policy of its host. */
function openers({ root, backend, configFile }: HostWish, { clock, files }: WorkerDoors, commands: Commands) {
  const path = join(root, POLICY_FILE);
  return {
    openPolicy: (clockFault: string | undefined) =>
      openHostPolicy({ files, path, root, clockFault: () => clockFault }),
    openPackages: async (policy: ChangePolicy) => {
      const configured = backend ?? (await readConfiguredBackend(files, configFile));
      const { recorded } = openOrders({ files, folder: workerFolder(root) });
      return openPackageManager({ commands, files, clock, root, configured, policy, recorded });
    },
  };
}

async function answerRequest(
  wish: HostWish & { readonly serves: Serves },
  channel: RequestChannel,
  doors: WorkerDoors,
): Promise<void> {
  const { clock, random, logger } = doors;
  const { serves } = wish;
  const files = serves === 'without_network' ? withHostsNetwork(doors.files) : doors.files;
  const { signal } = doors.program;
  const commands = endingWith(signal, doors.createCommands(packageEnvironment(wish.root)));
  const { openPackages, openPolicy } = openers(wish, doors, commands);
  const open = (clockFault?: string) => openPackages(openPolicy(clockFault));
  const admission = openAdmission({
    root: wish.root,
    files,
    clock,
    random,
    logger,
    policy: openPolicy(undefined),
    // A process that it starts does not end with it.
    commands: doors.createCommands({}),
    commandOf: (id, clockFault) => [...doors.program.self, ...jobArguments(wish, { id, clockFault })],
  });
  const planned = openPlannedSteps(files, workerFolder(wish.root));
  const { root, configFile } = wish;
  const pinKeeper = openPinKeeper({
    files,
    logger,
    place: pinPlace(root),
    authority: () => readHostAuthority({ files, root, configFile }),
  });
  const jobsFolder = async () => (await readJobSettings({ files, root, path: configFile })).storagePath;
  const host = { root, configFile, files, clock, commands, logger, jobsFolder };
  await serveRequest({ channel, host, serves, openPackages: open, planned, admission, pinKeeper, signal });
}

async function runJob(wish: HostWish, job: JobWish, doors: WorkerDoors): Promise<void> {
  const { clock, files, logger } = doors;
  const commands = doors.createCommands(packageEnvironment(wish.root));
  const done = new AbortController();
  const reports = doors.program.openReports();
  const signals = [doors.program.signal, ...(job.attached ? [parentGone(doors, done.signal)] : [])];
  await doJob({
    jobId: job.id,
    attached: job.attached,
    clockFault: job.clockFault,
    host: { root: wish.root, configFile: wish.configFile, files, clock, commands, logger },
    ...openers(wish, doors, commands),
    say: (report) => reports.say(JSON.stringify(report)),
    signal: AbortSignal.any(signals),
  });
  // On a full disk there may be room again when the package manager has ended.
  for (let tries = 0; !reports.settle() && tries < MOST_TRIES && !doors.program.signal.aborted; tries += 1)
    await clock.sleep(TRY_EVERY_MS, doors.program.signal).catch(() => {});
  done.abort();
}

/** Aborts when who started this process has ended. */
function parentGone({ clock, program: { parentId } }: WorkerDoors, done: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const parent = parentId();
  const look = async (): Promise<void> => {
    while (!done.aborted && parentId() === parent) await clock.sleep(PARENT_LOOK_MS, done).catch(() => {});
    if (!done.aborted) gone.abort(new PatchError('INTERRUPTED', 'The agent has ended.'));
  };
  void look();
  return gone.signal;
}
