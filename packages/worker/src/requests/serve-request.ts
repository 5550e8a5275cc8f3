import { PatchError } from '@linux-patch/contract';
import {
  type Clock,
  type Commands,
  type Files,
  findPortHolder,
  type Logger,
  type RequestChannel,
} from '@linux-patch/runtime';
import type { z } from 'zod';
import type { PassedOn } from '../admission/admission.ts';
import type {
  BeginAnswer,
  ForgetAnswer,
  InstanceAnswer,
  RunStateAnswer,
  StartAnswer,
  TakeOverAnswer,
  WithdrawAnswer,
} from '../admission/change.ts';
import type { HostAdmission } from '../admission/open.ts';
import type { PackageManager } from '../package-interface/package-manager.ts';
import { listServices } from '../services/list.ts';
import { readServiceState } from '../services/state.ts';
import { type JobKeyAnswer, JobKeyWord } from '../signature/job-key-word.ts';
import type { PinKeeper } from '../signature/take-job-key.ts';
import { answerText, failureText } from './answer.ts';
import { answerPlan, parseQuestion } from './answer-plan.ts';
import { readState } from './host-state.ts';
import { readFaults } from './package-faults.ts';
import type { DetailAnswer } from './package-listing.ts';
import { refreshAnswer, sourcesAnswer } from './package-lists.ts';
import type { PlanAnswer, PlanQuestion } from './plan-question.ts';
import type { PlannedSteps } from './planned-steps.ts';
import { readListing } from './read-listing.ts';
import {
  type AskedRequest,
  bodyBytesOf,
  parsePart,
  parseRequest,
  REQUEST_LIMITS,
  type WorkerRequest,
} from './request.ts';
import { readRootsFile } from './roots-file.ts';

/** Who does not take the answer within this time gets none: the process has nothing else to live for. */
const ANSWER_LIMITS = { timeoutMs: 60_000 };

type PlanRequest = Extract<WorkerRequest, { op: 'plan' }>;
const CHANGES = [
  'start',
  'cancel',
  'withdraw',
  'begin',
  'run-state',
  'forget',
  'instance',
  'take-over',
] as const;
type ChangeRequest = Extract<WorkerRequest, { op: (typeof CHANGES)[number] }>;
const HOST_QUESTIONS = ['services', 'service-state', 'roots-file', 'port-holder'] as const;
type HostQuestion = Extract<WorkerRequest, { op: (typeof HOST_QUESTIONS)[number] }>;
type ReadingRequest = Exclude<
  WorkerRequest,
  { op: 'faults' | 'take-job-key' } | HostQuestion | PlanRequest | ChangeRequest
>;

/**
 * Which requests a process answers. `without_network`: it has none, so nothing that asks the sources of packages;
 * `only_refresh`: that alone.
 */
export type Serves = 'everything' | 'without_network' | 'only_refresh';

/** The host that is asked about. */
export interface AskedHost {
  readonly root: string;
  /** `config.yaml` */
  readonly configFile: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly commands: Commands;
  readonly logger: Logger;
  /** `jobs.storage_path`, as it is now. */
  readonly jobsFolder: () => Promise<string>;
}

export interface ServeRequestOptions {
  readonly channel: RequestChannel;
  readonly host: AskedHost;
  readonly serves: Serves;
  /**
   * Called when there is a request that needs it.
   * @param clockFault why the clock cannot be believed, which the policy of the host may ask
   */
  readonly openPackages: (clockFault?: string) => Promise<PackageManager>;
  /** Of plans that are made. */
  readonly planned: Pick<PlannedSteps, 'remember'>;
  readonly admission: HostAdmission;
  readonly pinKeeper: PinKeeper;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Reads one request, answers it, and is done. Never rejects. */
export async function serveRequest(options: ServeRequestOptions): Promise<void> {
  const { channel, host } = options;
  let text: string;
  try {
    const asked = parseRequest(await channel.receive(REQUEST_LIMITS, bodyBytesOf));
    requireServed(asked.request, options.serves);
    text = answerText(await answerTo(asked, options));
  } catch (error) {
    host.logger.warn('a request was not answered as it was asked', { error });
    text = failureText(error);
  }
  await channel.answer(text, ANSWER_LIMITS);
}

/** Each of the two services of a host does what the other may not. @throws PatchError `FORBIDDEN` */
function requireServed({ op }: WorkerRequest, serves: Serves): void {
  if (serves === 'only_refresh' && op !== 'refresh')
    throw new PatchError('FORBIDDEN', 'This worker refreshes the package lists, and does nothing else.');
  if (serves === 'without_network' && op === 'refresh')
    throw new PatchError(
      'FORBIDDEN',
      'This worker has no network; the package lists are refreshed by whoever is asked at linux-patch-refresh.socket. ' +
        'An agent that asks here is of another release than its units: systemctl restart linux-patch-api',
    );
}

/** What is wrong with a request is said before any package manager is looked for. */
async function answerTo({ request, body }: AskedRequest, options: ServeRequestOptions): Promise<unknown> {
  if (request.op === 'plan') return planFor(request, parseQuestion(body), options);
  if (request.op === 'take-job-key') return wordOn(body, options);
  if (request.op === 'faults') return readFaults(options.openPackages, options.signal);
  if (isHostQuestion(request)) return hostAnswer(request, options);
  if (isChange(request)) return verdictOn(request, body, options);
  return readingOf(request, options);
}

function isHostQuestion(request: ReadingRequest | HostQuestion | ChangeRequest): request is HostQuestion {
  return HOST_QUESTIONS.some((op) => op === request.op);
}

/** What needs no package manager. */
async function hostAnswer(request: HostQuestion, { host, signal }: ServeRequestOptions): Promise<unknown> {
  switch (request.op) {
    case 'services':
      return listServices(host, signal);
    case 'service-state':
      return readServiceState(host, request.name, signal);
    case 'roots-file':
      return readRootsFile(host, request.path);
    case 'port-holder':
      return (await findPortHolder(request.port, host)) ?? null;
  }
}

function isChange(request: ReadingRequest | ChangeRequest): request is ChangeRequest {
  return CHANGES.some((op) => op === request.op);
}

async function verdictOn(
  request: ChangeRequest,
  body: Uint8Array,
  { admission, host, channel: { isStarters } }: ServeRequestOptions,
): Promise<unknown> {
  switch (request.op) {
    case 'start':
      return startChange(request, { change: request.change, body, isStarters }, admission);
    case 'cancel':
      return admission.cancel({ change: request.change, body, isStarters });
    case 'withdraw':
      return { withdrawn: await admission.withdraw(request.job) } satisfies z.output<typeof WithdrawAnswer>;
    case 'begin':
      return (await admission.begin(request.job, request.clockFault)) satisfies BeginAnswer;
    case 'run-state':
      return { running: await admission.isRunning(request.job) } satisfies z.output<typeof RunStateAnswer>;
    case 'forget':
      await admission.forget(request.job);
      return { forgotten: true } satisfies z.output<typeof ForgetAnswer>;
    case 'instance':
      return (await admission.instance()) satisfies InstanceAnswer;
    case 'take-over':
      if (!isStarters) throw notTakenOver();
      return { jobs: await admission.takeOver(await host.jobsFolder()) } satisfies z.output<
        typeof TakeOverAnswer
      >;
  }
}

/** What lies in a folder of the agent is believed before the agent has it, and by whom root has started. */
function notTakenOver(): PatchError {
  return new PatchError(
    'FORBIDDEN',
    'Jobs of an earlier release are taken over before the agent starts, by root: systemctl restart linux-patch-api',
  );
}

/** What root's own command asks for is begun at once: nobody else does it, and that command may be gone by then. */
async function startChange(
  { earlier, clockFault }: Extract<ChangeRequest, { op: 'start' }>,
  passed: PassedOn,
  admission: HostAdmission,
): Promise<StartAnswer> {
  const answer = await admission.start(passed, earlier);
  if (passed.change.caller !== 'root' || answer.kind !== 'accepted') return answer;
  await admission.begin(answer.job, clockFault).catch(async (error: unknown) => {
    await admission.withdraw(answer.job);
    throw error;
  });
  return answer;
}

/** Who has started this process may do what it may; who asks over a socket of the service manager is the agent's user. */
async function wordOn(body: Uint8Array, { pinKeeper, channel }: ServeRequestOptions): Promise<JobKeyAnswer> {
  const word = parsePart(Buffer.from(body).toString('utf8'), JobKeyWord, 'what is said about the job key');
  return pinKeeper.take(word, channel.isStarters);
}

async function planFor(
  { clockFault, limitMs }: PlanRequest,
  question: PlanQuestion,
  { openPackages, planned, host, signal }: ServeRequestOptions,
): Promise<PlanAnswer> {
  const { inventory } = await openPackages(clockFault);
  const plan = await answerPlan(inventory.plans, question, { signal, limitMs });
  await planned.remember(plan).catch((error: unknown) => {
    host.logger.warn('a plan cannot be kept, so a job that it approves cannot say what is different', {
      error,
    });
  });
  return plan;
}

async function readingOf(request: ReadingRequest, options: ServeRequestOptions): Promise<unknown> {
  const { host, signal } = options;
  const packages = await options.openPackages();
  switch (request.op) {
    case 'snapshot':
      if (request.unlessBusy && (await packages.lockHolder())) return null;
      return readListing(packages, host, request);
    case 'detail': {
      const found = await packages.inventory.findPackage(request.name, request.listed);
      return (found ?? null) satisfies z.output<typeof DetailAnswer>;
    }
    case 'state':
      return readState(packages, host.files, signal);
    case 'sources':
      return sourcesAnswer(await packages.inventory.sources());
    case 'refresh':
      return refreshAnswer(await packages.refreshQuietly(signal), packages.inventory, host.logger);
  }
}
