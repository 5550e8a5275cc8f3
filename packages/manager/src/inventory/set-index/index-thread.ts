import { PatchError } from '@linux-patch/contract';
import type { Logger, Threads } from '@linux-patch/runtime';
import { INDEX_THREAD } from '../../threads/names.ts';
import type { NumberedAnswer, SetAnswer, SetMessage, SetQuestion } from './messages.ts';

/** Questions that wait beyond these are refused; each holds a request. */
const MAX_WAITING = 1_000;

/** The thread with the sets. */
export interface IndexThread {
  readonly isAlive: () => boolean;
  readonly tell: (message: Extract<SetMessage, { readonly kind: 'put' | 'forget' }>) => void;
  /** @throws PatchError `SERVICE_UNHEALTHY` when the thread ends before it answers, or when a thousand wait already */
  readonly ask: (question: SetQuestion) => Promise<SetAnswer>;
  readonly close: () => Promise<void>;
}

export function startIndexThread({
  threads,
  logger,
}: {
  readonly threads: Threads;
  readonly logger: Logger;
}): IndexThread {
  const waiting = new Map<number, PromiseWithResolvers<SetAnswer>>();
  let asked = 0;
  let isAlive = true;
  let isClosing = false;
  const thread = threads.start(INDEX_THREAD, undefined, (message) => {
    const { number, answer } = message as NumberedAnswer;
    waiting.get(number)?.resolve(answer);
    waiting.delete(number);
  });
  const gone = thread.ended.then((error) => {
    isAlive = false;
    if (!isClosing)
      logger.error(
        'The thread that knows what hosts have installed ended; the next question starts another one',
        {
          error,
        },
      );
    for (const question of waiting.values()) question.reject(ended(error));
    waiting.clear();
  });
  const post = (message: SetMessage): void => {
    if (isAlive) thread.post(message);
  };
  return {
    isAlive: () => isAlive,
    tell: post,
    ask(question) {
      const answer = Promise.withResolvers<SetAnswer>();
      if (!isAlive) answer.reject(ended(undefined));
      else if (waiting.size >= MAX_WAITING) answer.reject(tooMany());
      else {
        asked += 1;
        waiting.set(asked, answer);
        post({ ...question, number: asked });
      }
      return answer.promise;
    },
    async close() {
      isClosing = true;
      await thread.end();
      await gone;
    },
  };
}

function ended(cause: unknown): PatchError {
  return new PatchError(
    'SERVICE_UNHEALTHY',
    'The thread that knows what hosts have installed ended before it had answered. Nothing was changed, and another one takes its place: ask again. The log says why.',
    { cause },
  );
}

function tooMany(): PatchError {
  return new PatchError(
    'SERVICE_UNHEALTHY',
    `More than ${MAX_WAITING} questions about packages wait. Nothing was changed; ask again later, and look at who asks so much: the log names each request.`,
  );
}
