import { parentPort } from 'node:worker_threads';
import { createSetAnswering } from '../inventory/set-index/answering.ts';
import type { SetMessage } from '../inventory/set-index/messages.ts';

const answer = createSetAnswering();
parentPort?.on('message', (message) => {
  const answered = answer(message as SetMessage);
  if (answered) parentPort?.postMessage(answered);
});
