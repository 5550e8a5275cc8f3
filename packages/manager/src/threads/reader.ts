import { parentPort, workerData } from 'node:worker_threads';
import { openAnswering } from '../database/reader-threads/answering.ts';
import type { ReaderData } from '../database/reader-threads/messages.ts';

const answer = openAnswering(workerData as ReaderData);
parentPort?.on('message', (question) => parentPort?.postMessage(answer(question)));
