import { isPatchError, messageOf } from '@linux-patch/contract';
import { createServiceNotifier } from '@linux-patch/runtime';
import type { AgentDoors } from './agent-context.ts';

/** A start that fails less than this after it began counts as one of the failures after which a service manager gives up. */
const PATIENCE_MS = 60_000;
const TRY_EVERY_MS = 1_000;

/** Faults that somebody mends beside the agent: the configuration, or another agent that still runs. */
const MENDED_BESIDE = ['CONFIG_INVALID', 'INSTANCE_RUNNING'] as const;

/** How long a start may be tried again. */
export interface StartPatience {
  /** `Clock.monotonicMs` until when; undefined where the fault is seen at once. */
  readonly deadlineMs: number | undefined;
  /** Resolves when it is worth another try, or the program was told to stop. @throws the error when it is not */
  waitOut(error: unknown): Promise<void>;
}

/**
 * Under a service manager a fault that keeps the agent from starting is waited out for a minute, with the fault in
 * `STATUS=`: whoever mends it meanwhile has a running agent, and five quick failures, after which systemd refuses every
 * start, never come together. On a terminal it ends the agent at once.
 */
export function createStartPatience(doors: AgentDoors, mode: string): StartPatience {
  const { clock, program } = doors;
  const isService = mode === 'service' && program.supervised;
  const deadlineMs = isService ? clock.monotonicMs() + PATIENCE_MS : undefined;
  let said: string | undefined;
  const say = async (message: string): Promise<void> => {
    if (message === said) return;
    said = message;
    program.stderr(`linux-patch-api: ${message}\nThe agent waits up to a minute for this to be mended.\n`);
    const notifier = createServiceNotifier({
      commands: program.commands,
      notifySocket: program.environment.NOTIFY_SOCKET,
      logger: doors.createLogger({ level: 'warn', journal: true, syslogServer: undefined }),
    });
    await notifier.status(`Not started: ${message.split('\n', 1)[0]}`);
  };
  return {
    deadlineMs,
    async waitOut(error) {
      const mayPass = MENDED_BESIDE.some((code) => isPatchError(error, code));
      if (!mayPass || deadlineMs === undefined || clock.monotonicMs() >= deadlineMs) throw error;
      await say(messageOf(error));
      await clock.sleep(TRY_EVERY_MS, program.stopped).catch(() => {});
    },
  };
}
